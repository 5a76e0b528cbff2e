# SPDX-License-Identifier: Apache-2.0
"""A sample of the host, from /proc and /sys (proc(5), sysfs(5)).

The agent shares the host's network namespace, and the rest of these files is not namespaced.
"""

import os
import time
from datetime import UTC, datetime
from pathlib import Path

from .sample import Cpu, CpuUsage, Disk, DiskIo, Interface, Look, Memory, Network, Sample, Transferred

SECTOR = 512  # bytes, whatever the device's own sectors are (iostats.rst of the kernel)
TICK = 1_000_000_000 // os.sysconf("SC_CLK_TCK")  # nanoseconds
SKIPPED_INTERFACES = ("lo", "veth")  # veth: the traffic of containers, which counts again where it leaves the host
SKIPPED_DISKS = ("loop", "ram", "zram")


def host_look(root: Path = Path("/")) -> Look:
    """Sample the host whose file system is at ``root``."""
    memory = _memory((root / "proc/meminfo").read_text())
    route = (root / "proc/net/route").read_text()
    sample = Sample(
        timestamp=_now(),
        cpu=Cpu(_cpu((root / "proc/stat").read_text())),
        memory=Memory(memory["MemTotal"] - memory["MemAvailable"]),
        network=Network.of(_interfaces((root / "proc/net/dev").read_text(), _uplink(route))),
        diskio=DiskIo(_disks((root / "proc/diskstats").read_text(), {path.name for path in root.glob("sys/block/*")})),
    )
    return Look(sample, memory["MemTotal"])


def _now() -> str:
    nanoseconds = time.time_ns()
    second = datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC)
    return f"{second:%Y-%m-%dT%H:%M:%S}.{nanoseconds % 1_000_000_000:09d}Z"


def _cpu(stat: str) -> CpuUsage:
    """/proc/stat: user, nice, system, idle, iowait, irq, softirq, steal, ... in ticks; the first line is the sum."""
    found = []
    for line in stat.splitlines():
        if line.startswith("cpu"):
            user, nice, system, _idle, _iowait, irq, softirq, *_ = (int(word) * TICK for word in line.split()[1:])
            found.append((user + nice, system + irq + softirq))
    (user, system), *each = found
    return CpuUsage(user + system, [sum(pair) for pair in each], user, system)


def _memory(meminfo: str) -> dict[str, int]:
    """/proc/meminfo in bytes."""
    rows = (line.split() for line in meminfo.splitlines())
    return {row[0].rstrip(":"): int(row[1]) * 1024 for row in rows if len(row) == 3}


def _uplink(route: str) -> str:
    """/proc/net/route: the interface of the default route."""
    rows = (line.split() for line in route.splitlines()[1:])
    return next((row[0] for row in rows if row[1] == "00000000" and row[7] == "00000000"), "")


def _interfaces(dev: str, uplink: str) -> list[Interface]:
    """/proc/net/dev: eight counters in, eight out; the uplink first."""
    found = []
    for line in dev.splitlines()[2:]:
        name, _, counters = line.partition(":")
        name = name.strip()
        if not name.startswith(SKIPPED_INTERFACES):
            values = [int(word) for word in counters.split()]
            found.append(Interface(*values[0:4], *values[8:12], name=name))
    return sorted(found, key=lambda interface: (interface.name != uplink, interface.name))


def _disks(diskstats: str, whole: set[str]) -> list[Disk]:
    """/proc/diskstats: sectors read are the sixth column, sectors written the tenth; partitions are left out."""
    found = []
    for line in diskstats.splitlines():
        words = line.split()
        if words[2] in whole and not words[2].startswith(SKIPPED_DISKS):
            read, written = int(words[5]) * SECTOR, int(words[9]) * SECTOR
            found.append(Disk(int(words[0]), int(words[1]), Transferred(read, written, total=read + written)))
    return found
