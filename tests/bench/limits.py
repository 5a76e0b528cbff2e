# SPDX-License-Identifier: Apache-2.0
"""A systemd service of a machine in a memory cgroup of its own, as the kernel accounts for it (cgroup v1 and v2)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from lab import Lab
from machine import Machine


@dataclass(frozen=True)
class Cgroup:
    """A memory cgroup of a machine, by its folder there."""

    machine: Machine
    folder: str
    unified: bool  # cgroup v2

    @classmethod
    def of(cls, machine: Machine, pid: str) -> Cgroup:
        """The one that a process is accounted to."""
        lines = machine.run("cat", f"/proc/{pid}/cgroup").split()
        v1 = [line for line in lines if "memory" in line.split(":")[1].split(",")]
        path = (v1 or lines)[0].split(":", 2)[2]
        return cls(machine, f"/sys/fs/cgroup{'/memory' if v1 else ''}{path}", not v1)

    def read(self, name: str) -> str:
        return self.machine.run("cat", f"{self.folder}/{name}").strip()

    def limit(self) -> str:
        """Bytes, or `max` where there is none (v1 says so with a very large number)."""
        return self.read("memory.max" if self.unified else "memory.limit_in_bytes")

    def peak(self) -> float:
        """The most it held, in MB, page cache included."""
        return int(self.read("memory.peak" if self.unified else "memory.max_usage_in_bytes")) / 1e6

    def kills(self) -> int:
        """Processes the kernel killed in it for want of memory."""
        lines = self.read("memory.events" if self.unified else "memory.oom_control").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))


@contextlib.contextmanager
def limited(lab: Lab, service: str, mebibytes: int) -> Iterator[Cgroup]:
    """A service of the server's machine, restarted in a cgroup of so much memory; restarted without it afterwards."""
    machine = lab.server
    machine.run("systemctl", "set-property", "--runtime", service, f"MemoryMax={mebibytes}M")
    try:
        machine.run("systemctl", "restart", service)
        pid = machine.run("systemctl", "show", "-P", "MainPID", service).strip()
        cgroup = Cgroup.of(machine, pid)
        # A limit that is not in force would prove nothing.
        assert cgroup.limit() == str(mebibytes * 2**20), f"{cgroup.folder}: {cgroup.limit()}"
        yield cgroup
    finally:
        machine.run("systemctl", "set-property", "--runtime", service, "MemoryMax=infinity")
        machine.run("systemctl", "restart", service)
        lab.wait_for_agents()
