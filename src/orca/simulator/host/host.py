# SPDX-License-Identifier: Apache-2.0
"""A simulated host: what it is, and what it keeps while no agent runs there."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from orca import wire
from orca.hoststate.plan.items import FAMILIES
from orca.simulator.host.clock import Clock
from orca.simulator.host.items import Item, applied
from orca.simulator.host.path import EVERYWHERE, DataPath
from orca.simulator.host.room import Container, Room
from orca.simulator.host.wellness import Wellness

FACTS = wire.HostFacts(
    docker_version="20.10.24",
    kernel="6.1.0",
    os="Debian GNU/Linux 12",
    cpu_count=2,
    memory_bytes=4 << 30,
    agent_version="0.1.0",
)


@dataclass(eq=False)
class Host:
    """One host. ``csr``: the request (PEM) for its mesh certificate; ``address``: its outer address."""

    name: str
    address: str
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    csr: str = ""
    families: list[str] = field(default_factory=lambda: [family.name for family in FAMILIES])
    """The families of items that the agent understands; an agent of 0.1.0 does not name them."""
    room: Room = field(default_factory=Room)
    items: dict[str, Item] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    wellness: Wellness | None = None
    """Which containers fail; None: this host checks nothing."""
    path: DataPath = EVERYWHERE
    epoch: wire.Epoch | None = None
    """What the server told last of what moved."""

    def hello(self, *, digest: bool = True) -> wire.Hello:
        """The first report of a connection; an agent of 0.1.0 sends no digest."""
        versions = applied(self.items)
        return wire.Hello(
            uuid=self.uuid,
            hostname=self.name,
            addresses=[self.address],
            docker_version=FACTS.docker_version,
            kernel=FACTS.kernel,
            os=FACTS.os,
            cpu_count=FACTS.cpu_count,
            memory_bytes=FACTS.memory_bytes,
            agent_version=FACTS.agent_version,
            mesh_csr=self.csr,
            families=self.families,
            applied=versions,
            digest=wire.digest.text(wire.digest.total(versions)) if digest else "",
            containers=[container.report() for container in self.room.containers.values()],
        )

    # -- what happens without the server ------------------------------------------------------------------------------

    def run_by_hand(self, name: str, *, external_id: str = "", labels: Mapping[str, str] | None = None) -> Container:
        """Run a container, as somebody does who types ``docker run``."""
        return self.room.run_by_hand(name, self.clock.now, external_id or uuid.uuid4().hex, labels or {})

    def start(self, container: Container) -> None:
        """Start a container, as somebody does who types ``docker start``."""
        self.room.start(container, self.clock.now)

    def end(self, container: Container, exit_code: int = 0) -> None:
        """End the main process of a container."""
        self.room.stop(container, self.clock.now, exit_code)

    def remove(self, container: Container) -> None:
        """Remove a container, as ``docker rm -f`` does; one that is gone already is no error."""
        if container.external_id in self.room.containers:
            self.room.remove(container, self.clock.now)
