# SPDX-License-Identifier: Apache-2.0
"""Bring up the platform under test with the playbook that users run, and take it down again."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from api import Api
from lab import Lab
from machine import Machine

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".cache" / "e2e"
INVENTORY = ROOT / "tests" / "e2e" / "inventory"
FOURTH = ROOT / "tests" / "e2e" / "fourth"
NETWORK = "orca-e2e"
SERVER, HOSTS, FOURTH_HOST = "orca-e2e-server", ("orca-e2e-1", "orca-e2e-2", "orca-e2e-3"), "orca-e2e-4"


@dataclass(frozen=True)
class Play:
    """One run of ansible-playbook: how long (s), what it printed, and per host the recap's counters."""

    seconds: float
    output: str
    recap: dict[str, dict[str, int]]

    @property
    def changed(self) -> dict[str, int]:
        """The hosts on which something changed."""
        return {host: counts["changed"] for host, counts in self.recap.items() if counts["changed"]}


def play(name: str, *arguments: str, inventories: tuple[Path, ...] = (INVENTORY,), check: bool = True) -> Play:
    """Run `orca.platform.<name>`; AssertionError with its output when it fails and `check` is set."""
    flags = [flag for inventory in inventories for flag in ("-i", str(inventory))]
    environment = os.environ | {
        "ORCA_HOME": str(HOME),
        "PATH": f"{ROOT}/.venv/bin:{os.environ['PATH']}",
        "ANSIBLE_FORCE_COLOR": "0",
        "LC_ALL": "C.UTF-8",
    }
    began = time.monotonic()
    done = subprocess.run(
        ["ansible-playbook", f"orca.platform.{name}", *flags, *arguments],
        cwd=ROOT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    seconds = time.monotonic() - began
    recap = {
        match[1]: {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", match[2])}
        for match in re.finditer(r"^(\S+)\s+: (ok=.*)$", done.stdout, re.MULTILINE)
    }
    assert done.returncode == 0 or not check, f"{name} failed:\n{done.stdout}"
    return Play(seconds, done.stdout, recap)


def images(server: Machine) -> dict[str, str]:
    """Image references by name: as hosts pull them, and under `control/<name>` as the control node has them."""
    built = json.loads((ROOT / ".cache" / "images.json").read_text())
    registry = f"{server.address}:5000"
    found = {name: f"{registry}/{image['tag']}" for name, image in built.items()}
    return found | {f"control/{name}": image["tag"] for name, image in built.items()}


def connect() -> Lab:
    """The running platform, seen by its administrator."""
    admin = json.loads((HOME / "server" / "admin.json").read_text())
    ca = HOME / "server" / "ca.pem"
    server = Machine(SERVER)

    def api(version: str, scope: str = "") -> Api:
        return Api(admin["url"], admin["accessKey"], admin["secretKey"], ca, version + scope)

    # An administrator sees everything, but containers are made in a project.
    scope = f"/projects/{api('v1').list('projects')[0]['id']}"
    hosts = [Machine(name) for name in HOSTS]
    return Lab(api("v1", scope), api("v2"), server, hosts, images(server), NETWORK)


@contextmanager
def platform(keep: bool = False) -> Iterator[tuple[Lab, Play]]:
    """A fresh platform; taken down afterwards. With `keep` one that is there is used as it is, and left there."""
    if keep and (HOME / "server" / "admin.json").exists():
        yield connect(), play("site", "--list-tasks")
        return
    play("teardown", inventories=(INVENTORY, FOURTH))
    first = play("site")
    try:
        yield connect(), first
    finally:
        if not keep:
            play("teardown", inventories=(INVENTORY, FOURTH))
