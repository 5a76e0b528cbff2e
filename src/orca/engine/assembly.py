# SPDX-License-Identifier: Apache-2.0
"""A server during its assembly. ``orca.api.server`` makes it and passes it to each package's ``install``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from orca.engine import instances, retention, tasks
from orca.engine.behaviour import Behaviour
from orca.engine.core import Core
from orca.engine.engine import Engine
from orca.engine.purge import purge
from orca.engine.tasks import Task, Tasks
from orca.store import Tx

Background: TypeAlias = Callable[[], Awaitable[None]]

PURGE_SECONDS = 60.0


@dataclass(kw_only=True)
class Assembly(Core):
    """The core with what fills it: behaviour, units of the first start, background loops."""

    behaviour: Behaviour = field(default_factory=Behaviour)
    first_start: list[Callable[[Tx], object]] = field(default_factory=list)
    starts: list[Background] = field(default_factory=list)
    loops: list[tuple[str, Background]] = field(default_factory=list)
    engine: Engine = field(init=False)
    schedule: Tasks = field(init=False)

    def __post_init__(self) -> None:
        self.engine = Engine(self, self.behaviour, self.server.id)
        self.schedule = Tasks(self)
        self.provide(self.behaviour)
        self.provide(self.schedule)
        self.add(tasks.behaviour)
        self.add(instances.behaviour)
        self.background("tasks", self.schedule.run)
        self.schedule.add(Task(name="process.replay", run=lambda _: self.engine.replay()))
        self.schedule.add(Task(name="purge.resources", run=purge, every=PURGE_SECONDS))
        self.schedule.add(Task(name="table.cleanup", run=retention.clean, every=retention.INTERVAL))

    def add(self, behaviour: Behaviour) -> None:
        """Add a package's behaviour."""
        self.behaviour.add(behaviour)

    def at_first_start(self, unit: Callable[[Tx], object]) -> None:
        """Run a unit in the transaction that sets up a new database (accounts exist by then), in order of adding."""
        self.first_start.append(unit)

    def at_start(self, run: Background) -> None:
        """Await this at each start of the server, before anything else goes on."""
        self.starts.append(run)

    def background(self, name: str, run: Background) -> None:
        """Keep a coroutine running while the server does; it is started again (with a pause) if it raises."""
        self.loops.append((name, run))
