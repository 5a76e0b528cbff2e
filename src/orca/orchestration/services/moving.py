# SPDX-License-Identifier: Apache-2.0
"""What becomes of the containers of a dead host: some are replaced elsewhere, the others wait and say why.

A container moves once: it is marked in the unit that asks for its removal, and the plan of its service then lacks it.
A fenced container must not run twice. It moves when its host's lease has run out (``orca.agent.lease``: the host stops
it after 20 s, and needs 10 s for it), or when an operator says that the host is off.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from orca.engine import Behaviour, Call, Core
from orca.orchestration.containers import fences, lost
from orca.orchestration.news import News
from orca.orchestration.placement import marks
from orca.orchestration.units import units
from orca.orchestration.units.plan import GONE
from orca.provision.hosts.lifecycle import CONNECTED
from orca.provision.hosts.verdict import DEAD, Crowd
from orca.resources import rows
from orca.resources.errors import ActionNotAvailable
from orca.storage.bindings import bindings
from orca.store import ReadTx, Tx

AT_ONCE = 50
"""Most containers that one unit marks."""
LEASE_MS = 40_000
"""So long after its host fell silent a fenced container moves."""

behaviour = Behaviour()


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a container: it moves if there is no ``reason`` to wait."""

    id: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Look:
    """The containers of a dead host. ``again``: when to look again, as some wait for the lease (UTC milliseconds)."""

    fates: list[Fate]
    again: int | None


class Moving:
    """Follows the hosts, and moves what dead ones ran."""

    roots = frozenset({"host"})

    def __init__(self, core: Core) -> None:
        self._core = core
        self._due: dict[int, int] = {}
        """Host id -> when to look again (UTC milliseconds)."""
        self._wake = asyncio.Event()

    def look(self, tx: ReadTx, news: News) -> list[int] | None:
        """The dead hosts among those that changed."""
        hosts = tx.find(rows.Host) if news.whole else news.rows(rows.Host)
        return [host.id for host in hosts if _is_dead(host)] or None

    async def act(self, seen: list[int]) -> None:
        """Move what may move."""
        for host_id in seen:
            await self._move(host_id)

    async def run(self) -> None:
        """Look again at hosts whose lease runs out, until cancelled."""
        while True:
            self._wake.clear()
            now = await self._core.db.read(lambda tx: tx.now)
            for host_id in [id for id, at in self._due.items() if at <= now]:
                del self._due[host_id]
                await self._move(host_id)
            left = (min(self._due.values()) - now) / 1000 if self._due else None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if left is None else max(left, 0)):
                    await self._wake.wait()

    async def _move(self, host_id: int) -> None:
        found = await self._core.db.read(partial(_fates, host_id=host_id))
        for first in range(0, len(found.fates), AT_ONCE):
            part = found.fates[first : first + AT_ONCE]
            await self._core.db.write(partial(_mark, core=self._core, host_id=host_id, part=part))
        for service_id in await self._core.db.read(partial(_lacking, host_id=host_id)):
            await self._core.db.write(partial(_complete, core=self._core, service_id=service_id))
        if found.again is not None:
            self._due[host_id] = found.again
            self._wake.set()


@behaviour.action("host.fence")
def fence(tx: Tx, call: Call, row: rows.Host, data: dict[str, Any]) -> rows.Host:
    """An operator says that a dead host is off: what is fenced moves now."""
    if row.liveness != DEAD:
        raise ActionNotAvailable("host", "fence", row.liveness or row.state)
    return tx.update(row, fenced=True)


@behaviour.offered("host.fence")
def is_dead(tx: ReadTx, call: Call, row: rows.Host) -> bool:
    """True if the host was found dead."""
    return row.liveness == DEAD


def _is_dead(host: rows.Host | None) -> bool:
    return host is not None and host.removed is None and host.state == "active" and host.liveness == DEAD


def _fates(tx: ReadTx, host_id: int) -> Look:
    """Decide for each container of a dead host; those of one deployment unit share their fate."""
    host = tx.get(rows.Host, host_id)
    if host is None or not _is_dead(host):
        return Look([], None)
    found = [row for row in tx.find(rows.Instance, hostId=host_id) if _counts(row)]
    services = {row.id: row for row in tx.find(rows.Service, id={row.serviceId for row in found if row.serviceId})}
    together: defaultdict[tuple[int | None, int], list[rows.Instance]] = defaultdict(list)
    for row in found:
        together[row.serviceId, marks.number(row) if row.serviceId else row.id].append(row)
    held = _held(tx, host)
    fates, again = [], None
    for (service_id, _), unit in together.items():
        service = services.get(service_id or 0)
        if service is not None and not _moves_with(service, unit):
            continue
        reason = bound(tx, host, service, unit)
        fenced = None if reason else next((why for why in (fences.why(tx, row) for row in unit) if why), None)
        if fenced and held is not None:
            reason, again = f"{fenced}; {held[0]}", held[1]
        shown = f"waits for host {host.name}, which is dead: {reason}" if reason else None
        fates += [Fate(row.id, shown) for row in unit]
    return Look(fates, again)


def _counts(row: rows.Instance) -> bool:
    """True for a container of ours that the host should have, and that nobody removes yet."""
    return not row.nativeContainer and not row.leaving and not row.kept and row.state not in GONE


def _moves_with(service: rows.Service, unit: Iterable[rows.Instance]) -> bool:
    """False for what a service stopped, or has completed: it does not run, so nobody misses it."""
    runs = any(row.state != "stopped" for row in unit)
    return runs or (service.state == "active" and not all(units.runs_once(row.labels) for row in unit))


def bound(tx: ReadTx, host: rows.Host, service: rows.Service | None, unit: list[rows.Instance]) -> str | None:
    """Why a unit can run on its host only; None if another will do."""
    if service is None:
        return "it belongs to no service"
    if units.is_global(service):
        return "its service has one container on each host"
    if any(row.requestedHostId == host.id for row in unit):
        return "it was requested on this host"
    data = [name for found in bindings(tx, unit).values() for name in found.local]
    return f"its volume {data[0]} lies on {host.name}" if data else None


def _held(tx: ReadTx, host: rows.Host) -> tuple[str, int] | None:
    """Until when what is fenced stays (UTC milliseconds), and why; None: it may move.

    A host keeps its lease while it sees more than half of all hosts, so at most half may be silent.
    """
    if host.fenced:
        return None
    cure = f"it moves when the host has confirmed, or after: orca host fence {host.name}"
    until = (host.livenessSince or tx.now) + LEASE_MS
    if tx.now < until:
        return f"{cure}, or once its lease has run out", until
    others = tx.values(rows.Host, "agentState", accountId=host.accountId, state="active")
    silent = sum(state != CONNECTED for (state,) in others)
    if Crowd(silent, len(others)).is_too_much:
        return f"{cure}; its lease may last, as {silent} of {len(others)} hosts are silent", tx.now + LEASE_MS
    return None


def _mark(tx: Tx, core: Core, host_id: int, part: list[Fate]) -> None:
    """Let some containers move, or wait, unless their host is back."""
    if not _is_dead(tx.get(rows.Host, host_id)):
        return
    for fate in part:
        row = tx.get(rows.Instance, fate.id)
        if row is None or row.removed is not None or row.hostId != host_id or not _counts(row):
            continue
        if fate.reason is None:
            lost.give_up(tx, core.engine, row)
        else:
            lost.keep_waiting(tx, row, fate.reason)


def _lacking(tx: ReadTx, host_id: int) -> list[int]:
    """The active services that lost containers with a dead host and have no successors for them yet."""
    if not _is_dead(tx.get(rows.Host, host_id)):
        return []
    found = {row.serviceId for row in tx.find(rows.Instance, hostId=host_id) if row.lost and row.leaving}
    services = tx.find(rows.Service, id={id for id in found if id is not None}, state="active")
    return sorted(service.id for service in services if units.plan(tx, service).acts)


def _complete(tx: Tx, core: Core, service_id: int) -> None:
    for service in tx.find(rows.Service, id=service_id, state="active"):
        core.engine.request(tx, service, "update", _keep_error=True)
