# SPDX-License-Identifier: Apache-2.0
"""What an agent reports to the server (docs/architecture/wire.md).

Times are UTC milliseconds, ages seconds.
"""

from typing import Literal

import msgspec

from .commands import Message

ContainerState = Literal["created", "running", "stopped", "removed"]
ContainerStatus = Literal["start", "die", "destroy", "create"]
EdgeState = Literal["up", "down"]
Encryption = Literal["kernel", "userspace"]


class Container(Message):
    """Data of ``container.change``, and one entry of a hello's ``containers`` (there without ``status``).

    ``system`` is the value of the label ``io.orca.system`` (agent, net, dns), empty for all other containers.
    ``network_mode`` is that of ``Instance``, or the name of another network of the engine; agents of 0.1.0 do not tell.
    """

    external_id: str
    name: str
    state: ContainerState
    image: str = ""
    uuid: str | None = None
    status: ContainerStatus | None = None
    exit_code: int | None = None
    started_at: int | None = None
    address: str | None = None
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    system: str = ""
    network_mode: str = ""


class HostFacts(Message):
    """Facts about a host; data of ``host.change`` holds those that changed (the others are None).

    ``encryption`` says who encrypts what hosts send each other, as the running network agent has it.
    """

    hostname: str | None = None
    addresses: list[str] | None = None
    docker_version: str | None = None
    kernel: str | None = None
    os: str | None = None
    cpu_count: int | None = None
    memory_bytes: int | None = None
    agent_version: str | None = None
    encryption: Encryption | None = None


class Hello(HostFacts, kw_only=True):
    """Data of ``agent.hello``, the first frame of every connection.

    ``addresses`` are the host's outer IPv4 addresses, the one that reaches the server first; ``mesh_csr`` is the PEM
    request for the key in ``/var/lib/orca/mesh/private``; ``applied`` maps config items to the versions in effect, and
    ``digest`` is one number for them (``orca.wire.digest``): if it is as the server expects, the server reads no item.
    ``families`` are the families of config items that the agent understands. Agents of 0.1.0 send neither digest nor
    families.
    """

    uuid: str
    mesh_csr: str = ""
    families: list[str] = msgspec.field(default_factory=list)
    applied: dict[str, int] = msgspec.field(default_factory=dict)
    digest: str = ""
    containers: list[Container] = msgspec.field(default_factory=list)


class MeshEdge(Message):
    """Data of ``mesh.edge``: the tunnel to ``peer`` (a host uuid) changed its state at ``at``.

    ``age`` is the age of the IKE_SA in seconds, 0 if there is none.
    """

    peer: str
    state: EdgeState
    at: int
    age: float = 0.0
    rtt_ms: float | None = None
    reason: str | None = None


class PeerSilent(Message):
    """Data of ``peer.silent``: ``peer`` (a host uuid) has answered no probe of the last second. It is told once."""

    peer: str


class PeerState(Message):
    """One tunnel in ``mesh.summary``."""

    peer: str
    state: EdgeState
    rtt_ms: float | None = None
    age: float = 0.0
    last_probe: int = 0
    bytes_in: int = 0
    bytes_out: int = 0


class MeshSummary(Message):
    """Data of ``mesh.summary``."""

    peers: list[PeerState] = msgspec.field(default_factory=list)
