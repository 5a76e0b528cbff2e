# SPDX-License-Identifier: Apache-2.0
"""The containers and images of a simulated host: what Docker holds on a real one."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Mapping

import msgspec

from orca import wire
from orca.simulator.host.changes import Change
from orca.wire import names

MANAGED, BRIDGE = "managed", "bridge"
"""The network modes that give a container an address: the server's choice, or one of Docker's bridge."""
CONTAINER = "container"
"""The network mode ``container:<external id>``: the container shares that one's network."""
KILLED = 137
BY_HAND = "by/hand"
"""The image of containers that somebody runs by hand."""

_STATUSES: dict[str, wire.ContainerStatus] = {"create": "create", "start": "start", "stop": "die", "remove": "destroy"}


class Container(msgspec.Struct):
    """One container; times are UTC milliseconds. ``uuid`` is the instance's; None if it was made by hand."""

    external_id: str
    name: str
    uuid: str | None = None
    image: str = ""
    state: wire.ContainerState = "created"
    exit_code: int | None = None
    started_at: int | None = None
    address: str | None = None
    fixed: bool = True
    network_mode: str = ""
    labels: dict[str, str] = {}
    system: str = ""
    policy: wire.RestartPolicy | None = None
    restarts: int = 0
    """The restarts by its policy since a command started it."""
    started_by: str = ""
    """The key of that command."""
    check: wire.EngineCheck | None = None
    """The engine's own check, which that command asked for."""

    @property
    def key(self) -> str:
        """The name of the container in changes."""
        return self.uuid or self.external_id

    @property
    def again(self) -> bool:
        """True if its policy starts it again after an end without a command."""
        return self.policy is not None and self.policy.again(self.exit_code or 0, self.restarts)

    def report(self, status: wire.ContainerStatus | None = None) -> wire.Container:
        """The container as an agent reports it."""
        placed = self.state == "running" or (self.fixed and self.state != "removed")
        return wire.Container(
            external_id=self.external_id,
            name=self.name,
            state=self.state,
            image=self.image,
            uuid=self.uuid,
            status=status,
            exit_code=self.exit_code,
            started_at=self.started_at,
            address=self.address if placed else None,
            labels=self.labels,
            system=self.system,
            network_mode=self.network_mode,
        )

    def changes(self) -> list[Change]:
        """The changes that lead to its present state; they hold its labels and policy, but not its restarts."""
        policy = self.policy or wire.RestartPolicy(name="")
        created = Change(
            do="create",
            uuid=self.key,
            at=self.started_at or 0,
            external_id=self.external_id,
            name=self.name,
            image=self.image,
            address=self.address,
            fixed=self.fixed,
            network_mode=self.network_mode,
            policy=policy.name,
            retries=policy.maximum_retry_count,
            labels=self.labels,
        )
        found = [created]
        if self.started_at is not None:
            found.append(Change(do="start", uuid=self.key, at=self.started_at))
        if self.state == "stopped":
            found.append(Change(do="stop", uuid=self.key, at=self.started_at or 0, exit_code=self.exit_code or 0))
        return found


Journal = Callable[[Change], None]
Watcher = Callable[[Container, wire.ContainerStatus], None]


class Room:
    """Containers by their external ids. ``journal`` gets each change before it happens, ``watcher`` after it."""

    def __init__(self, journal: Journal | None = None) -> None:
        self.containers: dict[str, Container] = {}
        self.images: set[str] = set()
        self.watcher: Watcher | None = None
        self._journal = journal
        self._ids: dict[str, str] = {}
        self._made = 0

    def find(self, uuid: str, external_id: str | None = None) -> Container | None:
        """Return the container of an instance; ``external_id`` names one that the platform did not make."""
        return self.containers.get(self._ids.get(uuid, "") if external_id is None else external_id)

    def create(self, wanted: wire.Instance, now: int) -> Container:
        """Make the container of an instance."""
        address = wanted.address if wanted.network_mode == MANAGED else None
        if wanted.network_mode == BRIDGE:
            address = f"172.17.{(self._made + 2) >> 8 & 255}.{(self._made + 2) & 255}"
        policy = wanted.restart_policy or wire.RestartPolicy(name="")
        change = Change(
            do="create",
            uuid=wanted.uuid,
            at=now,
            external_id=uuid.uuid4().hex,
            name=names.container_name(wanted.name, wanted.uuid),
            image=wanted.image,
            address=address,
            fixed=wanted.network_mode != BRIDGE,
            network_mode=wanted.network_mode,
            policy=policy.name,
            retries=policy.maximum_retry_count,
            labels=wanted.labels,
        )
        self._happen(change)
        return self.containers[change.external_id]

    def run_by_hand(self, name: str, now: int, external_id: str, labels: Mapping[str, str]) -> Container:
        """Run a container, as somebody does who types ``docker run``."""
        change = Change(do="create", uuid=external_id, at=now, external_id=external_id, name=name)
        change.image, change.labels, change.network_mode = BY_HAND, dict(labels), BRIDGE
        self._happen(change)
        self.start(self.containers[external_id], now)
        return self.containers[external_id]

    def start(self, container: Container, now: int) -> None:
        """Start a container, unless it runs already."""
        if container.state != "running":
            self._happen(Change(do="start", uuid=container.key, at=now))

    def stop(self, container: Container, now: int, exit_code: int = 0) -> None:
        """End a container, for whatever reason, unless it has ended already."""
        if container.state == "running":
            self._happen(Change(do="stop", uuid=container.key, at=now, exit_code=exit_code))

    def remove(self, container: Container, now: int) -> None:
        """Remove a container, which ends first."""
        self.stop(container, now, KILLED)
        self._happen(Change(do="remove", uuid=container.key, at=now))

    def put(self, container: Container) -> None:
        """Add a container that was made elsewhere, or earlier."""
        self.containers[container.external_id] = container
        if container.uuid is not None:
            self._ids[container.uuid] = container.external_id

    def apply(self, change: Change) -> Container | None:
        """Apply a change and return its container; None if there is no such container."""
        if change.do == "create":
            self._made += 1
            self.images.add(change.image)
            self.put(_made(change))
        container = self.find(change.uuid) or self.containers.get(change.uuid)
        if container is None or change.do == "create":
            return container
        if change.do == "start":
            container.state, container.started_at, container.exit_code = "running", change.at, None
        elif change.do == "stop":
            container.state, container.exit_code = "stopped", change.exit_code
        else:
            container.state = "removed"
            del self.containers[container.external_id]
            self._ids.pop(container.uuid or "", None)
        return container

    def _happen(self, change: Change) -> None:
        if self._journal is not None:
            self._journal(change)
        container = self.apply(change)
        if container is not None and self.watcher is not None:
            self.watcher(container, _STATUSES[change.do])


def _made(change: Change) -> Container:
    ours = change.uuid != change.external_id
    return Container(
        external_id=change.external_id,
        name=change.name,
        uuid=change.uuid if ours else None,
        image=sys.intern(change.image),
        address=change.address,
        fixed=change.fixed,
        network_mode=change.network_mode,
        labels={**change.labels, names.LABEL_INSTANCE_UUID: change.uuid} if ours else change.labels,
        system="" if ours else change.labels.get(names.LABEL_SYSTEM, ""),
        policy=wire.RestartPolicy(change.policy, change.retries) if change.policy else None,
    )
