# SPDX-License-Identifier: Apache-2.0
"""The objects that all parts of one server share. Packages add to them through the ``Assembly``, which is built
on top.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from orca.engine.agents import AgentConnections
from orca.engine.reading import Readings
from orca.resources import rows
from orca.store import Database, Tx, Vault

P = TypeVar("P")


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


class Processes(Protocol):
    """The methods of the engine that handlers call; see ``Engine``."""

    def request(
        self, tx: Tx, record: rows.Resource, action: str, *, _delay: int = 0, _keep_error: bool = False, **data: Any
    ) -> rows.ProcessInstance:
        """Start a process on a resource, in this unit. Raises ``ActionNotAvailable``."""

    def supersede(self, tx: Tx, record: rows.Resource, field: str = "state") -> None:
        """End the process that works on that state field, if there is one."""


@dataclass(kw_only=True)
class Core:
    """Handles to the database, the vault, the agents and the engine, and to the parts that packages provide."""

    db: Database
    vault: Vault
    server: Server
    readings: Readings = field(default_factory=Readings)
    agents: AgentConnections = field(default_factory=AgentConnections)
    engine: Processes = field(init=False)
    _parts: dict[type, object] = field(default_factory=dict, init=False)
    _spawned: set[asyncio.Task[None]] = field(default_factory=set, init=False)

    def provide(self, part: object) -> None:
        """Offer an object to the packages above; they find it by its class."""
        self._parts[type(part)] = part

    def part(self, type: type[P]) -> P:
        """The object of that class that a package below provided."""
        found = self._parts[type]
        assert isinstance(found, type)
        return found

    @property
    def spawned(self) -> int:
        """How many pieces of work run in the background."""
        return len(self._spawned)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something in the background to its end. Nobody waits for it, but it is kept alive."""
        task = asyncio.create_task(work)
        self._spawned.add(task)
        task.add_done_callback(self._spawned.discard)
