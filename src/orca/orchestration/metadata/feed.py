# SPDX-License-Identifier: Apache-2.0
"""Sends the metadata of a project to hosts on which somebody has asked for it in the last ten minutes.

While nobody asks in a project nothing is read, kept or sent for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from orca import wire
from orca.engine import AgentConnection, AgentGone, Behaviour, CommandFailed, Core
from orca.orchestration.metadata import objects
from orca.orchestration.metadata.journal import Journal
from orca.orchestration.metadata.objects import Object
from orca.orchestration.news import News
from orca.resources import rows
from orca.store import ANY, Closed, ReadTx, Record
from orca.wire import names

LEASE_SECONDS = 600.0
PAUSE_SECONDS = 1.0
"""Between two messages to one host about new changes."""

ROOTS: tuple[type[rows.Resource], ...] = (rows.Instance, rows.Service, rows.Environment, rows.Host)

Changed = set[tuple[type[Record], int]]
"""Tables and ids of rows."""

behaviour = Behaviour()


@behaviour.agent(names.METADATA_ASKED)
async def asked(core: Core, connection: AgentConnection, report: wire.MetadataAsked) -> None:
    """Somebody asks on a host."""
    host = await core.db.read(lambda tx: tx.first(rows.Host, agentId=connection.agent_id))
    if host is not None:
        core.part(Feed).ask(connection, host.accountId, report.reached)


@behaviour.agent("disconnected")
async def disconnected(core: Core, connection: AgentConnection, _report: None) -> None:
    """An agent's connection has ended."""
    core.part(Feed).leave(connection)


@dataclass(eq=False)
class _Reader:
    """A host on which somebody asks. ``until`` in monotonic seconds."""

    connection: AgentConnection
    base: int
    until: float


@dataclass(eq=False)
class _Project:
    """A project of which somebody asks."""

    journal: Journal
    readers: dict[int, _Reader] = field(default_factory=dict)
    """By agent."""
    changed: Changed | None = None
    """Rows to read again; None: all."""
    news: asyncio.Event = field(default_factory=asyncio.Event)
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)


class Feed:
    """Follows the projects that somebody asks about."""

    roots = frozenset({*(root.TYPE for root in ROOTS), "serviceConsumeMap"})

    def __init__(self, core: Core) -> None:
        self._core = core
        self._projects: dict[int, _Project] = {}

    def look(self, tx: ReadTx, news: News) -> dict[int, Changed] | bool | None:
        """The changed rows by project; True: anything may have changed."""
        if not self._projects:
            return None
        if news.whole:
            return True
        found: dict[int, Changed] = {}
        for root in ROOTS:
            for row in news.rows(root):
                if row.accountId in self._projects:
                    found.setdefault(row.accountId, set()).add((root, row.id))
        for link in news.rows(rows.ServiceConsumeMap):
            if link.accountId in self._projects:
                found.setdefault(link.accountId, set()).add((rows.Service, link.serviceId))
        return found or None

    async def act(self, seen: dict[int, Changed] | bool) -> None:
        """Have the rows read before the next messages."""
        for account_id, project in self._projects.items():
            changed = None if isinstance(seen, bool) else seen.get(account_id, set())
            if changed is None or project.changed is None:
                project.changed = None
            else:
                project.changed |= changed
            if changed is None or changed:
                project.news.set()

    def ask(self, connection: AgentConnection, account_id: int, reached: int) -> None:
        """Somebody asks on a host, which has the changes up to a point."""
        project = self._projects.get(account_id)
        if project is None:
            project = self._projects[account_id] = _Project(Journal(time.time_ns() // 1000))
        reader = project.readers.get(connection.agent_id)
        until = time.monotonic() + LEASE_SECONDS
        if reader is not None and reader.connection is connection:
            reader.until = until
            if reached != reader.base:
                reader.base = reached
                project.news.set()
            return
        project.readers[connection.agent_id] = reader = _Reader(connection, reached, until)
        self._core.spawn(self._serve(account_id, project, reader))

    def leave(self, connection: AgentConnection) -> None:
        """A host is away; it asks again when it is back."""
        for project in self._projects.values():
            reader = project.readers.get(connection.agent_id)
            if reader is not None and reader.connection is connection:
                reader.until = 0.0
                project.news.set()

    async def _serve(self, account_id: int, project: _Project, reader: _Reader) -> None:
        """Send one host what changes, until nobody has asked there for a while."""
        agent_id = reader.connection.agent_id
        try:
            with contextlib.suppress(AgentGone, CommandFailed, Closed):  # it asks again when it is back
                while project.readers.get(agent_id) is reader and reader.until > time.monotonic():
                    await self._read(account_id, project)
                    await _send(reader, project.journal)
                    await asyncio.sleep(PAUSE_SECONDS)
                    await _news(project, reader)
        finally:
            if project.readers.get(agent_id) is reader:
                del project.readers[agent_id]
            if not project.readers and self._projects.get(account_id) is project:
                del self._projects[account_id]

    async def _read(self, account_id: int, project: _Project) -> None:
        """Read again what has changed."""
        async with project.reading:
            changed, project.changed = project.changed, set()
            project.news.clear()
            if changed is not None and not changed:
                return
            try:
                found = await self._core.db.read(partial(_objects, account_id=account_id, changed=changed))
            except BaseException:
                project.changed = None
                raise
            if changed is None:
                found = dict.fromkeys(project.journal.keys()) | found
            project.journal.put(found)


async def _send(reader: _Reader, journal: Journal) -> None:
    """Bring a host up to the journal's end."""
    while reader.base != journal.reached:
        for update in journal.since(reader.base):
            base = reader.base
            await reader.connection.request(names.METADATA_UPDATE, wire.to_data(update))
            if reader.base != base:
                break  # the host asked for something else meanwhile
            reader.base = update.reached


async def _news(project: _Project, reader: _Reader) -> None:
    """Return when there may be something to send, or when the lease may have ended."""
    if reader.base == project.journal.reached:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(project.news.wait(), reader.until - time.monotonic())


def _objects(tx: ReadTx, account_id: int, changed: Changed | None) -> dict[str, Object | None]:
    """The present state of some objects of a project, or of all."""
    found: dict[str, Object | None] = {}
    for root in ROOTS:
        ids = None if changed is None else [id for each, id in changed if each is root]
        which: dict[str, Any] = {} if ids is None else {"id": ids, "removed": ANY}
        for row in tx.find(root, accountId=account_id, **which) if ids != [] else ():
            found |= _object(tx, row)
    return found


def _object(tx: ReadTx, row: rows.Resource) -> dict[str, Object | None]:
    there = row.removed is None
    match row:
        case rows.Instance():
            return {objects.container_key(row): objects.container(tx, row) if there else None}
        case rows.Service():
            parts = objects.services(tx, row)
            return {key: each if there else None for key, each in parts.items()}
        case rows.Environment():
            return {objects.stack_key(row): objects.stack(tx, row) if there else None}
        case rows.Host():
            return {objects.host_key(row): objects.host(row) if there else None}
    raise TypeError(type(row))
