# SPDX-License-Identifier: Apache-2.0
"""Turn a document of Docker's statistics into a sample.

Source: Docker Engine API 1.41, ``GET /containers/{id}/stats``.
"""

from typing import Any

import msgspec

from .sample import Cpu, CpuUsage, Disk, DiskIo, Interface, Look, Memory, Network, Sample, Traffic, Transferred

_NEVER = "0001-01-01T00:00:00Z"  # Go's zero time: the container does not run


class _CpuUsage(msgspec.Struct):
    total_usage: int = 0
    percpu_usage: list[int] | None = None
    usage_in_usermode: int = 0
    usage_in_kernelmode: int = 0


class _CpuStats(msgspec.Struct):
    cpu_usage: _CpuUsage = msgspec.field(default_factory=_CpuUsage)


class _MemoryStats(msgspec.Struct):
    usage: int = 0
    limit: int = 0


class _Transfer(msgspec.Struct):
    major: int
    minor: int
    op: str
    value: int


class _BlkioStats(msgspec.Struct):
    io_service_bytes_recursive: list[_Transfer] | None = None


class _Document(msgspec.Struct):
    read: str = _NEVER
    cpu_stats: _CpuStats = msgspec.field(default_factory=_CpuStats)
    memory_stats: _MemoryStats = msgspec.field(default_factory=_MemoryStats)
    networks: dict[str, Traffic] = msgspec.field(default_factory=dict)
    blkio_stats: _BlkioStats = msgspec.field(default_factory=_BlkioStats)


_decoder = msgspec.json.Decoder(_Document)


def container_look(line: bytes) -> Look | None:
    """Read a document; None if the container does not run.

    Raises:
        msgspec.DecodeError: it is no document of statistics.
    """
    document = _decoder.decode(line)
    if document.read == _NEVER:
        return None
    cpu = document.cpu_stats.cpu_usage
    usage = CpuUsage(cpu.total_usage, cpu.percpu_usage or [], cpu.usage_in_usermode, cpu.usage_in_kernelmode)
    networks = sorted(document.networks.items())
    sample = Sample(
        timestamp=document.read,
        cpu=Cpu(usage),
        memory=Memory(document.memory_stats.usage),
        network=Network.of([Interface(name=name, **msgspec.structs.asdict(counters)) for name, counters in networks]),
        diskio=DiskIo(_disks(document.blkio_stats.io_service_bytes_recursive or [])),
    )
    return Look(sample, document.memory_stats.limit)


def _disks(transfers: list[_Transfer]) -> list[Disk]:
    """One entry per device; the kernel writes the operations in lower case under cgroup v2, without a total."""
    found: dict[tuple[int, int], dict[str, Any]] = {}
    for transfer in transfers:
        found.setdefault((transfer.major, transfer.minor), {})[transfer.op.capitalize()] = transfer.value
    for counters in found.values():
        counters.setdefault("Total", counters.get("Read", 0) + counters.get("Write", 0))
    return [
        Disk(major, minor, msgspec.convert(counters, Transferred)) for (major, minor), counters in sorted(found.items())
    ]
