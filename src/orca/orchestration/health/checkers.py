# SPDX-License-Identifier: Apache-2.0
"""Hosts as checkers: one whose agent is away counts for nothing, and one that stays away is replaced by another."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import sqlalchemy as sa

from orca.engine import Core
from orca.orchestration.health import checks, verdicts
from orca.orchestration.news import News
from orca.provision.hosts.lifecycle import CONNECTED
from orca.resources import rows
from orca.store import Prepared, ReadTx, Tx

SILENT_MS = 10_000
"""How long an agent may be away before what it said counts for nothing: it is away at each restart of the server."""
REPLACED_MS = 60_000
"""How long an agent may be away before other hosts check what its host checked."""
PART = 50
"""Most checks that one unit changes."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Hosts whose agents went away, and those that can check again, with their projects."""

    away: frozenset[int]
    back: dict[int, int | None]


class Checkers:
    """Follows the hosts."""

    roots = frozenset({"host"})

    def __init__(self, core: Core, *, silent_ms: int = SILENT_MS, replaced_ms: int = REPLACED_MS) -> None:
        self._core = core
        self._pauses = (silent_ms, replaced_ms)
        self._hosts: dict[int, tuple[bool, bool]] = {}
        """Host id -> whether its agent was there, and whether it could check, when last seen. For ``look`` alone."""
        self._due: dict[int, tuple[int, int]] = {}
        """Host id -> (when to act on its absence in UTC milliseconds, which step comes then)."""
        self._wake = asyncio.Event()

    def look(self, tx: ReadTx, news: News) -> Seen | None:
        """The hosts whose agents came or went."""
        hosts = tx.find(rows.Host) if news.whole else news.rows(rows.Host)
        away: set[int] = set()
        back: dict[int, int | None] = {}
        for host in hosts:
            there, fit = self._hosts.pop(host.id, (True, False))
            if host.removed is not None:
                continue
            connected = host.agentState == CONNECTED
            self._hosts[host.id] = now = (connected, connected and host.state == "active")
            if now[1] and not fit:
                back[host.id] = host.accountId
            if there and not connected:
                away.add(host.id)
        return Seen(frozenset(away), back) if away or back else None

    async def act(self, seen: Seen) -> None:
        """Remember who went away; complete checks that lack a host where one has come."""
        now = await self._core.db.read(lambda tx: tx.now)
        for id in seen.back:
            self._due.pop(id, None)
        for id in seen.away:
            self._due.setdefault(id, (now + self._pauses[0], 0))
        self._wake.set()
        for project_id in set(seen.back.values()):
            lacking = await self._core.db.read(partial(_lacking, project_id=project_id))
            for start in range(0, len(lacking), PART):
                await self._core.db.write(partial(_complete, check_ids=lacking[start : start + PART]))

    async def run(self) -> None:
        """Act on absences until cancelled."""
        while True:
            self._wake.clear()
            now = await self._core.db.read(lambda tx: tx.now)
            for id in [id for id, (at, _) in self._due.items() if at <= now]:
                at, step = self._due.pop(id)
                if step == 0:
                    self._due[id] = (at - self._pauses[0] + self._pauses[1], 1)
                await self._absent(id, silence=step == 0)
            left = (min(at for at, _ in self._due.values()) - now) / 1000 if self._due else None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if left is None else max(left, 0)):
                    await self._wake.wait()

    async def _absent(self, host_id: int, *, silence: bool) -> None:
        """What a host said counts for nothing (``silence``), or its checks go to others."""
        ids = await self._core.db.read(partial(_checked_by, host_id=host_id))
        unit = _silence if silence else _hand_over
        for start in range(0, len(ids), PART):
            part = ids[start : start + PART]
            await self._core.db.write(partial(unit, core=self._core, host_id=host_id, row_ids=part))


def _is_away(tx: ReadTx, host_id: int) -> bool:
    host = tx.get(rows.Host, host_id)
    return host is not None and host.removed is None and host.agentState != CONNECTED


def _checked_by(tx: ReadTx, host_id: int) -> list[int]:
    return [id for (id,) in tx.values(rows.HealthcheckInstanceHostMap, "id", hostId=host_id)]


def _silence(tx: Tx, core: Core, host_id: int, row_ids: list[int]) -> None:
    if not _is_away(tx, host_id):
        return
    for row in tx.find(rows.HealthcheckInstanceHostMap, id=row_ids):
        if row.said is None:
            continue
        tx.update(row, said=None, pathFault=None, since=tx.now, reason="the agent of this host is away")
        instance = tx.get(rows.Instance, row.instanceId)
        if instance is not None and instance.state == "running":
            verdicts.evaluate(tx, core, instance)


def _hand_over(tx: Tx, core: Core, host_id: int, row_ids: list[int]) -> None:
    if _is_away(tx, host_id):
        checks.hand_over(tx, core, row_ids)


def _complete(tx: Tx, check_ids: list[int]) -> None:
    for id in check_ids:
        checks.complete(tx, id)


def _lacking(tx: ReadTx, project_id: int | None) -> list[int]:
    """The checks of a project that another host could take part in."""
    most = min(checks.CHECKERS, len(checks.fit_hosts(tx, project_id)))
    found = tx.ask(_numbers(tx.table(rows.HealthcheckInstanceHostMap)), {"project": project_id})
    return [id for id, number in found if number < most]


@cache
def _numbers(maps: sa.Table) -> Prepared:
    columns = maps.c
    here: list[sa.ColumnElement[Any]] = [columns.accountId == sa.bindparam("project"), columns.removed.is_(None)]
    return Prepared(
        sa.select(columns.healthcheckInstanceId, sa.func.count()).where(*here).group_by(columns.healthcheckInstanceId)
    )
