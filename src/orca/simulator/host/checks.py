# SPDX-License-Identifier: Apache-2.0
"""The checks of a simulated host: what its checker finds, and the engine's own checks of its containers.

A check takes as long as a real one: so many intervals as its threshold asks for, after the start or after a change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from orca import wire
from orca.hoststate.plan.items import CHECK
from orca.simulator.host.clock import Clock
from orca.simulator.host.room import Container
from orca.simulator.host.wellness import Wellness

ENGINE_INTERVAL, ENGINE_RETRIES = 30_000, 3
"""What the engine does if nobody says otherwise: milliseconds, and failures in a row."""
NO_COMMAND: tuple[list[str] | None, ...] = (None, [], ["NONE"])

Look = Callable[[str | None], None]
"""Gets why a container fails; None: it does not."""


class Takes(NamedTuple):
    """Milliseconds until a check notices that a container is well, or that it fails."""

    well: int
    failing: int


class Watch:
    """One container under one check."""

    def __init__(self, uuid: str, takes: Takes, look: Look, clock: Clock, wellness: Wellness) -> None:
        """Look at the container once the check has had its time; ``uuid`` is the instance's."""
        self._uuid, self._takes, self._look = uuid, takes, look
        self._clock, self._wellness = clock, wellness
        self._looks = 0
        self._found: tuple[str | None] | None = None
        wellness.watch(uuid, self._changed)
        self._changed(clock.now)

    def end(self) -> None:
        """Look no more."""
        self._looks += 1
        self._wellness.leave(self._uuid, self._changed)

    def _changed(self, now: int) -> None:
        self._looks += 1
        self._clock.set(now)
        pause = self._takes.well if self._wellness.reason(self._uuid) is None else self._takes.failing
        self._clock.after(pause, partial(self._due, self._looks))

    def _due(self, number: int) -> None:
        found = (self._wellness.reason(self._uuid),)
        if number == self._looks and found != self._found:
            self._found = found
            self._look(*found)


class Checks:
    """Everything that one agent says about health; ``take`` returns what is new."""

    def __init__(self, clock: Clock, wellness: Wellness) -> None:
        self._clock, self._wellness = clock, wellness
        self._watches: dict[str, Watch] = {}
        """By the name of a config item, or the uuid of the instance that the engine checks."""
        self._edges: list[wire.CheckEdge] = []
        self._engine: list[wire.EngineHealth] = []

    def take(self) -> wire.HealthChange | None:
        """What has changed since the last call; None: nothing."""
        if not self._edges and not self._engine:
            return None
        change = wire.HealthChange(checks=self._edges, containers=self._engine)
        self._edges, self._engine = [], []
        return change

    def update(self, items: wire.ConfigUpdate) -> None:
        """Begin and end checks as an update says."""
        for item in items.items:
            if not CHECK.holds(item.name):
                continue
            if item.description is None:
                self._end(item.name)
            elif isinstance(item.description, Mapping):
                self._check(item.name, item.description)

    def started(self, container: Container) -> None:
        """A container runs: the engine checks it, if it has a command for that."""
        check = container.check
        if not is_checked(check):
            return
        assert check is not None
        interval = check.interval or ENGINE_INTERVAL
        self._say_engine(container, "starting")
        self._begin(
            container.key,
            container.key,
            Takes(interval, interval * (check.retries or ENGINE_RETRIES)),
            lambda reason: self._say_engine(container, "unhealthy" if reason else "healthy", reason),
        )

    def ended(self, container: Container) -> None:
        """A container does not run any more."""
        self._end(container.key)

    def stop(self) -> None:
        """End everything, as the agent's program ends."""
        for name in list(self._watches):
            self._end(name)

    def _check(self, name: str, item: Mapping[str, Any]) -> None:
        (key,) = CHECK.of({name: item})
        takes = Takes(item["interval"] * item["rise"], item["interval"] * item["fall"])
        self._begin(name, item["instance"], takes, partial(self._say, key, item["start"]))

    def _begin(self, name: str, instance: str, takes: Takes, look: Look) -> None:
        self._end(name)
        self._watches[name] = Watch(instance, takes, look, self._clock, self._wellness)

    def _end(self, name: str) -> None:
        watch = self._watches.pop(name, None)
        if watch is not None:
            watch.end()

    def _say(self, check: str, start: int, reason: str | None) -> None:
        state: wire.CheckState = "down" if reason else "up"
        self._edges.append(wire.CheckEdge(check=check, state=state, at=self._clock.now, start=start, reason=reason))

    def _say_engine(self, container: Container, state: wire.EngineState, reason: str | None = None) -> None:
        said = wire.EngineHealth(container.key, state, self._clock.now, container.started_at, reason)
        self._engine.append(said)


def is_checked(check: wire.EngineCheck | None) -> bool:
    """True if the engine runs a command for such a check; images of simulated hosts have none of their own."""
    return check is not None and check.test not in NO_COMMAND
