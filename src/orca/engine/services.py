# SPDX-License-Identifier: Apache-2.0
"""What the parts of one server share. ``orca.api.server`` makes it and gives it to each package's ``install``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from orca.engine.agents import AgentConnections
from orca.engine.behaviour import Behaviour
from orca.engine.engine import Engine
from orca.store import Database, Tx, Vault

Background: TypeAlias = Callable[[], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Server:
    """Facts about this server.

    ``url``: where agents and people reach it; ``ca_sha256``: of its CA certificate (DER, hex).
    """

    id: str
    data_dir: Path
    url: str
    ca_sha256: str
    ca_pem: str
    version: str


@dataclass(kw_only=True)
class Services:
    """Handles to everything. ``install(services)`` of a package adds its behaviour, first-start units and tasks."""

    db: Database
    vault: Vault
    server: Server
    agents: AgentConnections = field(default_factory=AgentConnections)
    behaviour: Behaviour = field(default_factory=Behaviour)
    first_start: list[Callable[[Tx], object]] = field(default_factory=list)
    tasks: list[tuple[str, Background]] = field(default_factory=list)
    engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        self.engine = Engine(self, self.server.id)

    def add(self, behaviour: Behaviour) -> None:
        """Take over a package's behaviour."""
        self.behaviour.add(behaviour)

    def at_first_start(self, unit: Callable[[Tx], object]) -> None:
        """Run a unit in the transaction that sets up a new database (accounts exist by then), in order of adding."""
        self.first_start.append(unit)

    def background(self, name: str, run: Background) -> None:
        """Keep a coroutine running while the server does; it is started anew (with a pause) if it raises."""
        self.tasks.append((name, run))
