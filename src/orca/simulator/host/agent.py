# SPDX-License-Identifier: Apache-2.0
"""The agent of a simulated host: what the server asks of it, and what it tells the server."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from orca import wire
from orca.hoststate.plan.items import TARGETS
from orca.simulator.faults import NONE, Faults
from orca.simulator.host.checks import Checks, is_checked
from orca.simulator.host.commands import Cannot, Commands, Work
from orca.simulator.host.host import Host
from orca.simulator.host.items import adopt
from orca.simulator.host.room import CONTAINER, Container
from orca.wire import names

Answer = wire.Message | None
FAILING = "connection refused"
"""Why a container fails its checks."""

PROBES, PROBE_MS = 3, 1_000
"""Probes to a peer in doubt that must fail, and the milliseconds between them."""


class Said(NamedTuple):
    """One event for the server. ``asked``: it answers a command, or reports what a command did."""

    event: wire.Event
    asked: bool


class Agent:
    """One run of the agent's program: it forgets its commands when it stops, while the host goes on.

    ``receive`` and ``pass_time`` let something happen; ``take`` returns the events for the server that follow from it.
    """

    def __init__(self, host: Host, *, delay: int = 0) -> None:
        """Args: the host; the milliseconds before each answer."""
        self.host = host
        self.silent = False
        """True if a fault has made the agent fall silent."""
        self._delay = delay
        self._said: list[Said] = []
        self._commands = Commands(host.clock, lambda event: self._say(event, asked=True))
        self._checks = None if host.wellness is None else Checks(host.clock, host.wellness)
        host.room.watcher = self.report

    def receive(self, event: wire.Event, now: int, faults: Faults = NONE) -> None:
        """Take one event from the server. ``now``: UTC milliseconds; ``faults``: what goes wrong with it."""
        self.host.clock.set(now)
        try:
            self._begin(event, faults)
        except wire.WireError as error:
            if event.reply_to:
                self._say(event.reply_error(str(error)), asked=True)

    def pass_time(self, now: int) -> None:
        """Set the time to ``now`` (UTC milliseconds), and do what is due."""
        self.host.clock.set(now)
        self.host.clock.run()

    def take(self) -> list[Said]:
        """Return the events for the server since the last call."""
        health = None if self._checks is None else self._checks.take()
        if health is not None:
            self.tell(names.HEALTH_CHANGE, health)
        said, self._said = self._said, []
        return said

    def say_hello(self, *, digest: bool = True) -> None:
        """Report everything, as an agent does when it connects."""
        self.tell(names.HELLO, self.host.hello(digest=digest))

    def tell(self, name: str, report: wire.Message) -> None:
        """Send the server a report."""
        self._say(wire.Event.report(name, report), asked=self._commands.acting)

    def report(self, container: Container, status: wire.ContainerStatus) -> None:
        """Report a container's change; one that its policy starts again counts as running meanwhile."""
        report = container.report(status)
        again = status == "die" and not self._commands.acting and container.again
        if again:
            report.state, report.exit_code = "running", None
        self.tell(names.CONTAINER_CHANGE, report)
        self._follow_health(container, status)
        if again:
            container.restarts += 1
            self.host.start(container)

    def stop(self) -> None:
        """End the program: from now on it answers and reports nothing."""
        self._commands.forget()
        self._said.clear()
        if self._checks is not None:
            self._checks.stop()
        if self.host.room.watcher == self.report:
            self.host.room.watcher = None

    # -- commands -----------------------------------------------------------------------------------------------------

    def _begin(self, event: wire.Event, faults: Faults) -> None:
        """Begin what the event asks for. Raises ``WireError``: an unknown command, or one of another form."""
        match event.name:
            case names.CANCEL:
                self._commands.cancel(event.read(wire.Cancel).previous_ids)
            case names.PING:
                self._run(event, f"ping/{event.id}", faults, lambda: None)
            case names.CONFIG_UPDATE:
                update = event.read(wire.ConfigUpdate)
                self._run(event, f"config/{event.id}", faults, lambda: self._adopted(update))
            case names.ACTIVATE:
                self._activate(event, event.read(wire.Activate), faults)
            case names.DEACTIVATE:
                stop = event.read(wire.Deactivate)
                self._commands.overtake(stop.uuid)
                self._run(event, stop.key, faults, lambda: self._deactivated(stop), uuid=stop.uuid)
            case names.REMOVE:
                gone = event.read(wire.Remove)
                self._commands.overtake(gone.uuid)
                self._run(event, gone.key, faults, lambda: self._removed(gone), uuid=gone.uuid)
            case names.VOLUME_REMOVE:
                self._run(event, event.read(wire.RemoveVolume).key, faults, wire.VolumeRemoved)
            case names.INSPECT:
                uuid = event.read(wire.Inspect).uuid
                self._run(event, f"inspect/{event.id}", faults, lambda: self._inspected(uuid))
            case names.PULL:
                self._pull(event, event.read(wire.Pull), faults)
            case names.MEASURE:
                asked = event.read(wire.Measure).containers
                self._run(event, f"measure/{event.id}", faults, lambda: self._measured(asked))
            case names.DRAIN:
                event.read(wire.Drain)
                self._run(event, f"drain/{event.id}", faults, wire.Drained)
            case names.BALANCER_STATS:
                instance = event.read(wire.LookAtBalancer).instance
                self._run(event, f"stats/{event.id}", faults, lambda: self._figures(instance))
            case names.METADATA_UPDATE:
                self._run(event, f"metadata/{event.id}", faults, lambda: None)
            case names.PROBE:
                self._probe(event, event.read(wire.Probe).peer)
            case names.EPOCH:
                self._run(event, f"epoch/{event.id}", faults, partial(self._learn, event.read(wire.Epoch)))
            case names.OPEN_STREAM:
                event.read(wire.OpenStream)
                self._run(event, f"stream/{event.id}", faults, _no_streams)
            case _:
                raise wire.WireError(f"this agent does not know the event {event.name!r}")

    def _adopted(self, update: wire.ConfigUpdate) -> Answer:
        if self._checks is not None:
            self._checks.update(update)
        return adopt(self.host.items, update)

    def _activate(self, event: wire.Event, order: wire.Activate, faults: Faults) -> None:
        wanted, host = order.instance, self.host

        def image() -> str | None:
            return None if host.room.find(wanted.uuid) or wanted.image in host.room.images else wanted.image

        def act() -> Answer:
            container = host.room.find(wanted.uuid)
            self._check_joined(wanted)
            if container is None:
                container = host.room.create(wanted, host.clock.now)
            elif container.started_by == order.key and container.state == "stopped":
                return _activated(container)  # it has ended; a repeated command does not start it a second time
            container.policy, container.restarts, container.started_by = wanted.restart_policy, 0, order.key
            container.check = wanted.engine_check
            host.start(container)
            self._let_go_wrong(container, faults)
            return _activated(container)

        self._run(event, order.key, faults, act, image=image, uuid=wanted.uuid, yields=True)

    def _pull(self, event: wire.Event, order: wire.Pull, faults: Faults) -> None:
        images = self.host.room.images

        def image() -> str | None:
            return None if order.cached and order.image not in images else order.image

        self._run(event, order.key, faults, lambda: wire.Pulled(pulled=order.image in images), image=image)

    def _probe(self, event: wire.Event, peer: str) -> None:
        """Answer at once where the path to a peer is open, and else after the time of three probes."""

        def work() -> Work:
            for _ in range(PROBES):
                if self.host.path.reaches(self.host.uuid, peer):
                    return wire.Probed(answered=True)
                yield PROBE_MS
            return wire.Probed(answered=False)

        self._commands.run(event, f"probe/{peer}", work())

    def _learn(self, epoch: wire.Epoch) -> Answer:
        self.host.epoch = epoch
        return None

    def _deactivated(self, order: wire.Deactivate) -> Answer:
        container = self._meant(order)
        if container is None:
            return wire.Deactivated(state="removed")
        self.host.end(container)
        return wire.Deactivated(state="stopped")

    def _removed(self, order: wire.Remove) -> Answer:
        container = self._meant(order)
        if container is not None:
            self.host.remove(container)
        return None

    def _inspected(self, uuid: str) -> Answer:
        container = self.host.room.find(uuid)
        if container is None:
            raise Cannot(f"There is no container of instance {uuid} on this host")
        return wire.Inspected(inspect=_document(container))

    def _measured(self, asked: list[str]) -> Answer:
        """Every container that runs uses a hundredth of a processor, and the host all of it together."""
        running = [id for id in asked if (found := self.host.room.containers.get(id)) and found.state == "running"]
        each = wire.Usage(cpu=self.host.clock.now * 10_000, memory=1 << 24, memory_limit=1 << 30)
        host = wire.Usage(cpu=each.cpu * len(running), memory=each.memory * len(running), memory_limit=1 << 32)
        return wire.Measured(host, dict.fromkeys(running, each))

    def _figures(self, instance: str) -> Answer:
        """A model of a balancer: it has served nobody, and its targets are well."""
        backends: dict[str, dict[str, wire.TargetFigures]] = {}
        for key, item in TARGETS.of(self.host.items).items():
            uuid, _, backend = key.partition("/")
            if uuid == instance:
                targets = item.description.get("targets", {})
                backends[backend] = {
                    name: wire.TargetFigures(state="drain" if each["state"] == "drain" else "up")
                    for name, each in targets.items()
                }
        return wire.BalancerFigures(backends=backends)

    # -- steps --------------------------------------------------------------------------------------------------------

    def _run(
        self,
        event: wire.Event,
        key: str,
        faults: Faults,
        act: Callable[[], Answer],
        *,
        image: Callable[[], str | None] = lambda: None,
        uuid: str | None = None,
        yields: bool = False,
    ) -> None:
        """Begin a command: when it runs, it pulls the image that ``image`` names, if any, and then acts."""

        def work() -> Work:
            if self._delay:
                yield self._delay
            if faults.refused:
                raise Cannot(f"Failing [{event.name}]")
            wanted = image()
            if wanted is not None:
                yield from self._get(key, wanted, faults)
            return act()

        self._commands.run(event, key, work(), uuid=uuid, yields=yields)

    def _get(self, key: str, image: str, faults: Faults) -> Work:
        """Pull an image."""
        self._commands.progress(key, f"Pulling {image}", None)
        if faults.hangs:
            self._commands.progress(key, f"Pulling {image}", 10)
            yield None
        if faults.pull:
            yield faults.pull
        if faults.missing and image not in self.host.room.images:
            raise Cannot(f"Image {image} cannot be pulled: there is none")
        self.host.room.images.add(image)
        return None

    def _meant(self, order: wire.Deactivate | wire.Remove) -> Container | None:
        container = self.host.room.find(order.uuid, order.external_id)
        if container is not None and container.system and order.external_id is not None:
            raise Cannot(f"{container.name} is a part of the platform on this host")
        return container

    def _check_joined(self, wanted: wire.Instance) -> None:
        """Refuse what an engine refuses: a network of a container that does not run, volumes of one that is not there.

        Raises:
            Cannot: see above.
        """
        containers = self.host.room.containers
        mode, _, owner = wanted.network_mode.partition(":")
        if mode == CONTAINER and (owner not in containers or containers[owner].state != "running"):
            raise Cannot(f"cannot join network of a non running container: {owner}")
        for source in wanted.volumes_from:
            if source not in containers:
                raise Cannot(f"No such container: {source}")

    def _let_go_wrong(self, container: Container, faults: Faults) -> None:
        """Plan the faults that follow a container's start."""
        host, another = self.host, faults.another
        if another is not None:
            host.clock.after(0, partial(host.run_by_hand, another, external_id=another))
        if faults.vanishes:
            host.clock.after(0, partial(host.remove, container))
        elif faults.ends_after is not None:
            host.clock.after(faults.ends_after, partial(host.end, container, faults.exit_code))
        if faults.fails_after is not None and host.wellness is not None:
            host.clock.after(faults.fails_after, partial(self._fail, container, container.started_at))
        if faults.silences:
            self.silent = True

    def _fail(self, container: Container, started: int | None) -> None:
        """Let a container fail its checks, unless it has started again since."""
        if self.host.wellness is not None and container.state == "running" and container.started_at == started:
            self.host.wellness.set(container.key, FAILING, self.host.clock.now)

    def _follow_health(self, container: Container, status: wire.ContainerStatus) -> None:
        """A container that starts is well; the engine begins or ends its own check."""
        wellness, checks = self.host.wellness, self._checks
        if wellness is None or checks is None or status == "create":
            return
        checks.ended(container)
        wellness.set(container.key, None, self.host.clock.now)
        if status == "start":
            checks.started(container)

    def _say(self, event: wire.Event, *, asked: bool) -> None:
        if not self.silent:
            self._said.append(Said(event, asked))


def _no_streams() -> Answer:
    raise Cannot("a simulated host has no streams")


def _activated(container: Container) -> wire.Activated:
    assert container.started_at is not None, "the container was started"
    return wire.Activated(
        external_id=container.external_id,
        state=container.state,
        started=container.started_at,
        address=container.report().address,
        checked=is_checked(container.check),
    )


def _document(container: Container) -> dict[str, object]:
    """Docker's inspect document of a container, with the keys that the model knows."""
    return {
        "Id": container.external_id,
        "Name": f"/{container.name}",
        "State": {"Running": container.state == "running", "ExitCode": container.exit_code or 0},
        "Config": {"Image": container.image, "Labels": container.labels},
    }
