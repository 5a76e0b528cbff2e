# SPDX-License-Identifier: Apache-2.0
"""What the parts of one server share. ``orca.api.server`` makes it and gives it to each package's ``install``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from orca.engine import retention, tasks
from orca.engine.agents import AgentConnections
from orca.engine.behaviour import Behaviour
from orca.engine.engine import Engine
from orca.engine.purge import purge
from orca.engine.reading import Readings
from orca.engine.tasks import Task, Tasks
from orca.store import Database, Tx, Vault

Background: TypeAlias = Callable[[], Awaitable[None]]
P = TypeVar("P")

PURGE_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Server:
    """Facts about this server.

    ``url``: where agents and people reach it; ``found``: whether that is known, or a guess because the server listens
    on every address and nobody said how it is reached; ``ca_sha256``: of its CA certificate (DER, hex); ``open``: there
    is no access control; ``simulates``: every project may have simulated agents.
    """

    id: str
    data_dir: Path
    url: str
    ca_sha256: str
    ca_pem: str
    version: str
    found: bool = True
    open: bool = False
    simulates: bool = False


@dataclass(kw_only=True)
class Services:
    """Handles to everything. ``install(services)`` of a package adds its behaviour, first-start units and tasks."""

    db: Database
    vault: Vault
    server: Server
    readings: Readings = field(default_factory=Readings)
    agents: AgentConnections = field(default_factory=AgentConnections)
    behaviour: Behaviour = field(default_factory=Behaviour)
    first_start: list[Callable[[Tx], object]] = field(default_factory=list)
    starts: list[Background] = field(default_factory=list)
    tasks: list[tuple[str, Background]] = field(default_factory=list)
    parts: dict[type, object] = field(default_factory=dict)
    engine: Engine = field(init=False)
    schedule: Tasks = field(init=False)
    _spawned: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.engine = Engine(self, self.server.id)
        self.schedule = Tasks(self)
        self.add(tasks.behaviour)
        self.background("tasks", self.schedule.run)
        self.schedule.add(Task(name="process.replay", run=lambda services: services.engine.replay()))
        self.schedule.add(Task(name="purge.resources", run=purge, every=PURGE_SECONDS))
        self.schedule.add(Task(name="table.cleanup", run=retention.clean, every=retention.INTERVAL))

    def add(self, behaviour: Behaviour) -> None:
        """Take over a package's behaviour."""
        self.behaviour.add(behaviour)

    def at_first_start(self, unit: Callable[[Tx], object]) -> None:
        """Run a unit in the transaction that sets up a new database (accounts exist by then), in order of adding."""
        self.first_start.append(unit)

    def at_start(self, run: Background) -> None:
        """Await this at each start of the server, before anything else goes on."""
        self.starts.append(run)

    def background(self, name: str, run: Background) -> None:
        """Keep a coroutine running while the server does; it is started anew (with a pause) if it raises."""
        self.tasks.append((name, run))

    def provide(self, part: object) -> None:
        """Offer an object of this package to the packages above it, which find it by its class."""
        self.parts[type(part)] = part

    def part(self, kind: type[P]) -> P:
        """The object of that class that a package below provided."""
        found = self.parts[kind]
        assert isinstance(found, kind)
        return found

    @property
    def spawned(self) -> int:
        """How many pieces of work run in the background."""
        return len(self._spawned)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something in the background to its end; nobody waits for it, but it is kept alive."""
        task = asyncio.create_task(work)
        self._spawned.add(task)
        task.add_done_callback(self._spawned.discard)
