# SPDX-License-Identifier: GPL-3.0-or-later
"""What the control node remembers of machines, below ORCA_HOME (0700), so that host key checking can stay on.

``machines/NAME/id_ed25519`` login key, ``machines/NAME/machine.json`` facts, ``known_hosts`` made of the latter.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator

from .driver import Machine, MachineError

SSH_PORT = 22
SSH_USER = "root"


class Home:
    """The folder ``path``; made when first written to."""

    def __init__(self, path: str) -> None:
        self.path = Path(path).expanduser().absolute()

    @property
    def known_hosts(self) -> Path:
        return self.path / "known_hosts"

    def private_key(self, name: str) -> Path:
        return self._folder(name) / "id_ed25519"

    def has_key(self, name: str) -> bool:
        return self.private_key(name).exists()

    def public_key(self, name: str) -> str:
        """The login key's public half, ``TYPE BASE64``; the pair is made when there is none.

        Raises:
            MachineError: ssh-keygen is missing or refused.
        """
        private = self.private_key(name)
        if not private.exists():
            self._make_folder(private.parent)
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"orca machine {name}", "-f", str(private)]
            try:
                subprocess.run(command, check=True, capture_output=True, text=True)
            except FileNotFoundError as missing:
                raise MachineError("the control node has no ssh-keygen: install openssh-client") from missing
            except subprocess.CalledProcessError as refused:
                raise MachineError(f"ssh-keygen for {private}: {refused.stderr.strip()}") from refused
        return " ".join(private.with_suffix(".pub").read_text().split()[:2])

    def facts(self, name: str) -> Dict[str, Any]:
        """What was remembered of a machine, empty when nothing was."""
        path = self._folder(name) / "machine.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def remember(self, driver: str, machine: Machine) -> None:
        """Write down where a machine is and who it is, and known_hosts with it; writes nothing that stands there."""
        facts = {
            "driver": driver,
            "id": machine.id,
            "address": machine.address,
            "host_key": machine.host_key,
            "docker_cgroup_parent": machine.docker_cgroup_parent,
        }
        with self._locked():
            if facts != self.facts(machine.name):
                self._write(self._folder(machine.name) / "machine.json", json.dumps(facts, indent=2) + "\n")
            self._write_known_hosts()

    def forget(self, name: str) -> None:
        """Remove the key and all else that is remembered of a machine."""
        if not self.path.exists():
            return
        with self._locked():
            folder = self._folder(name)
            if folder.exists():
                shutil.rmtree(folder)
            self._write_known_hosts()

    def remembers(self, name: str) -> bool:
        return self._folder(name).exists()

    def _write_known_hosts(self) -> None:
        lines = []
        for path in sorted(self.path.glob("machines/*/machine.json")):
            facts = json.loads(path.read_text())
            if facts.get("address") and facts.get("host_key"):
                lines.append(f"{path.parent.name},{facts['address']} {facts['host_key']}\n")
        text = "".join(lines)
        if not self.known_hosts.exists() or self.known_hosts.read_text() != text:
            self._write(self.known_hosts, text)

    def _folder(self, name: str) -> Path:
        return self.path / "machines" / name

    @staticmethod
    def _make_folder(path: Path) -> None:
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        for folder in reversed(missing):
            folder.mkdir(mode=0o700, exist_ok=True)

    def _write(self, path: Path, text: str) -> None:
        self._make_folder(path.parent)
        partial = path.with_name(f".{path.name}.partial")
        with os.fdopen(os.open(str(partial), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        os.replace(str(partial), str(path))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._make_folder(self.path)
        with (self.path / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
