# SPDX-License-Identifier: Apache-2.0
"""The form of statistics: that of the v1 API, which is cAdvisor's ``ContainerStats`` of 2015.

Times are nanoseconds, sizes bytes; everything but ``memory`` counts upwards since the host or container began.
"""

import msgspec


class CpuUsage(msgspec.Struct):
    """Time on the processors; ``per_cpu_usage`` is empty if the engine does not report it (cgroup v2)."""

    total: int = 0
    per_cpu_usage: list[int] = msgspec.field(default_factory=list)
    user: int = 0
    system: int = 0


class Cpu(msgspec.Struct):
    """Processors."""

    usage: CpuUsage = msgspec.field(default_factory=CpuUsage)


class Memory(msgspec.Struct):
    """Memory in use now."""

    usage: int = 0


class Traffic(msgspec.Struct):
    """What a network interface received and sent."""

    rx_bytes: int = 0
    rx_packets: int = 0
    rx_errors: int = 0
    rx_dropped: int = 0
    tx_bytes: int = 0
    tx_packets: int = 0
    tx_errors: int = 0
    tx_dropped: int = 0


class Interface(Traffic, kw_only=True):
    """Traffic of one network interface."""

    name: str = ""


class Network(Interface):
    """The first interface, and all of them."""

    interfaces: list[Interface] = msgspec.field(default_factory=list)

    @classmethod
    def of(cls, interfaces: list[Interface]) -> "Network":
        """The network of these interfaces, the most telling one first."""
        first = msgspec.structs.asdict(interfaces[0]) if interfaces else {}
        return cls(**first, interfaces=interfaces)


class Transferred(msgspec.Struct, rename="pascal"):
    """Bytes to and from a disk; ``sync`` and ``async_`` are 0 if the kernel does not report them."""

    read: int = 0
    write: int = 0
    sync: int = 0
    async_: int = msgspec.field(default=0, name="Async")
    total: int = 0


class Disk(msgspec.Struct):
    """One block device."""

    major: int
    minor: int
    stats: Transferred = msgspec.field(default_factory=Transferred)


class DiskIo(msgspec.Struct):
    """Block devices."""

    io_service_bytes: list[Disk] = msgspec.field(default_factory=list)


class Sample(msgspec.Struct, kw_only=True):
    """One sample of a host or container; ``timestamp`` is RFC 3339."""

    timestamp: str
    cpu: Cpu
    memory: Memory
    network: Network
    diskio: DiskIo


class Element(Sample, rename={"resource_type": "resourceType", "mem_limit": "memLimit"}):
    """A sample with the id of its resource: an element of a frame. ``mem_limit`` is in bytes."""

    id: str
    resource_type: str
    mem_limit: int


class Look(msgspec.Struct, frozen=True):
    """What a collector found."""

    sample: Sample
    mem_limit: int

    def element(self, id: str, resource_type: str) -> Element:
        """The element of a frame about resource ``id``."""
        return Element(
            id=id, resource_type=resource_type, mem_limit=self.mem_limit, **msgspec.structs.asdict(self.sample)
        )
