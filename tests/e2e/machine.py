# SPDX-License-Identifier: Apache-2.0
"""One machine of the test platform, operated as its administrator would: commands in it, its containers, its power."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import Any

from waiting import until


def sh(
    *argv: str, check: bool = True, timeout: float = 120, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command on the control node; its output is in the AssertionError when it fails."""
    done = subprocess.run(argv, capture_output=True, text=True, timeout=timeout, input=stdin, check=False)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(argv)} -> {done.returncode}\n{done.stdout}{done.stderr}")
    return done


@dataclass(frozen=True)
class Machine:
    """A `local` machine: a system container of the control node's Docker engine."""

    name: str

    def run(self, *argv: str, check: bool = True, timeout: float = 120, stdin: str | None = None) -> str:
        """The standard output of `argv` run on this machine."""
        flags = ["-i"] if stdin is not None else []
        return sh("docker", "exec", *flags, self.name, *argv, check=check, timeout=timeout, stdin=stdin).stdout

    def succeeds(self, *argv: str, timeout: float = 30) -> bool:
        """Whether `argv` exits with 0 on this machine."""
        return sh("docker", "exec", self.name, *argv, check=False, timeout=timeout).returncode == 0

    def start(self, *argv: str) -> subprocess.Popen[str]:
        """`argv` running on this machine, with its output to read."""
        return subprocess.Popen(
            ["docker", "exec", self.name, *argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    @property
    def address(self) -> str:
        """The outer IPv4 address."""
        return next(iter(self.networks.values()))["IPAddress"]

    @property
    def networks(self) -> dict[str, dict[str, Any]]:
        """The control node's networks that this machine is on, by name."""
        found: dict[str, dict[str, Any]] = json.loads(
            sh("docker", "inspect", "-f", "{{json .NetworkSettings.Networks}}", self.name).stdout
        )
        return found

    def containers(self, *filters: str) -> list[str]:
        """Names of the running containers of the machine's own engine."""
        flags = [flag for filter_ in filters for flag in ("--filter", filter_)]
        return self.run("docker", "ps", "--format", "{{.Names}}", *flags).split()

    def in_container(self, container: str, *argv: str, check: bool = True, timeout: float = 30) -> str:
        """The standard output of `argv` run in a container of this machine."""
        return self.run("docker", "exec", container, *argv, check=check, timeout=timeout)

    def kill(self, container: str) -> None:
        """SIGKILL the main process of a container of this machine (Docker's restart policy is not told to stop it)."""
        pid = until(
            lambda: int(self.run("docker", "inspect", "-f", "{{.State.Pid}}", container)), 20, f"{container} runs"
        )
        self.run("kill", "-9", str(pid))

    def nat(self, chain: str) -> list[str]:
        """The rules of a chain of the nat table, as `iptables -S` prints them."""
        return [line for line in self.run("iptables", "-t", "nat", "-S", chain).splitlines() if line.startswith("-A")]

    def reboot(self) -> None:
        """Power-cycle the machine."""
        sh("docker", "restart", "-t", "5", self.name)
