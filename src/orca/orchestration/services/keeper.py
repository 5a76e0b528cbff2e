# SPDX-License-Identifier: Apache-2.0
"""Maintain active services: notice lost containers, and retry what could not start.

The process ``service.update`` does the work; the keeper only decides when to request it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from orca.engine import Core
from orca.orchestration.news import News
from orca.orchestration.placement import constraints
from orca.orchestration.units import units
from orca.resources import rows
from orca.store import ReadTx, Tx

CALM_MS = 60_000
"""After this long without an update a service begins again with short pauses."""
PAUSE_MS = (0, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000)
"""Pauses before the first, second ... update in a row, so that a container that dies at once does not keep the host
busy.
"""


LOST = frozenset({"stopped", "removed"})
TOLD = frozenset({"healthy", "unhealthy"})
"""The facts of a container that may make its service act."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Active services that may need an update, with the time of their next retry if they have one; and failed ones."""

    concerned: dict[int, int | None]
    failing: frozenset[int] = frozenset()


class Keeper:
    """Maintains all services of the server."""

    roots = frozenset({"instance", "host", "service"})

    def __init__(self, core: Core) -> None:
        self._core = core
        self._global: dict[int, int | None] = {}
        """Active services with a unit on each host, and their projects. This and the next are for ``look`` alone."""
        self._failing: dict[int, int | None] = {}
        """Services that wait for another try, and their projects."""
        self._under_way: dict[int, int | None] = {}
        """Services that are not active now, most of them because their process runs, and their projects."""
        self._missed: set[int] = set()
        """Those under way whose hosts changed meanwhile; their process may have read them before."""
        self._hosts: dict[int, tuple[Any, ...]] = {}
        """Host id -> the facts that decide whether it accepts containers, as seen last."""
        self._due: dict[int, int] = {}
        """Service id -> when to check it (UTC milliseconds)."""
        self._cared: dict[int, tuple[int, int]] = {}
        """Service id -> (time of its last update, updates in a row)."""
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Update services that are due, until cancelled."""
        while True:
            self._wake.clear()
            await self._care()
            pause = min(self._due.values()) - await self._now() if self._due else None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if pause is None else max(pause, 0) / 1000):
                    await self._wake.wait()

    def look(self, tx: ReadTx, news: News) -> Seen | None:
        """Find the services that may need an update: after a change of the service, of a container, or of a host.

        What each has is read when its update is due. A service that loses a hundred containers is read once then.
        """
        services = tx.find(rows.Service, state="active") if news.whole else news.rows(rows.Service)
        if news.whole:
            self._global, self._failing, self._under_way = {}, {}, {}
        for service in services:
            self._note(service)
        projects = {host.accountId for host in news.rows(rows.Host)}
        concerned = {service.id for service in services}
        concerned |= {id for id, project in self._global.items() if project in projects}
        concerned |= {
            row.serviceId
            for row in news.rows(rows.Instance)
            if row.serviceId is not None and (row.state in LOST or row.healthState in TOLD)
        }
        # What could not start may start now.
        failing = {id for id, project in self._failing.items() if project in projects} | self._overtaken(services)
        changed = {host.accountId for host in news.rows(rows.Host) if self._differs(host)}
        self._missed |= {id for id, project in self._under_way.items() if project in changed}
        active = {service.id: service.retryAt for service in _active(tx, concerned)}
        return Seen(active, frozenset(failing)) if active or failing else None

    def _overtaken(self, services: list[rows.Service]) -> set[int]:
        """The services among these that failed while one of their hosts changed."""
        ended = {service.id for service in services if service.id not in self._under_way}
        overtaken = self._missed & ended
        self._missed -= ended
        return overtaken & self._failing.keys()

    def _differs(self, host: rows.Host) -> bool:
        """True if the host could accept other containers than when it was last seen."""
        now = (host.state, host.agentState, host.labels)
        known = self._hosts.pop(host.id, None)
        if host.removed is None:
            self._hosts[host.id] = now
        return now != known

    def _note(self, service: rows.Service) -> None:
        active = service.state == "active" and service.removed is None
        spread = constraints.is_global((service.launchConfig or {}).get("labels") or {})
        for known, belongs in (
            (self._global, active and spread),
            (self._failing, active and bool(service.retryAt)),
            (self._under_way, not active and service.removed is None),
        ):
            if belongs:
                known[service.id] = service.accountId
            else:
                known.pop(service.id, None)

    async def act(self, seen: Seen) -> None:
        """Schedule the updates."""
        for id, retry_at in seen.concerned.items():
            if retry_at is None:
                last, times = self._cared.get(id, (0, 0))
                retry_at = last + PAUSE_MS[min(times, len(PAUSE_MS) - 1)]
            self._due[id] = retry_at
        self._due |= dict.fromkeys(seen.failing, 0)
        self._wake.set()

    async def _care(self) -> None:
        now = await self._now()
        due = {id for id, at in self._due.items() if at <= now}
        for id in due:
            del self._due[id]
        for id, later in (await self._core.db.read(partial(_needy, service_ids=due))).items():
            if later is not None:
                self._due.setdefault(id, later)
                continue
            last, times = self._cared.get(id, (0, 0))
            self._cared[id] = (now, 1 if now - last > CALM_MS else times + 1)
            await self._core.db.write(partial(self._ask, service_id=id))

    def _ask(self, tx: Tx, service_id: int) -> None:
        for service in _active(tx, {service_id}):
            self._core.engine.request(tx, service, "update", _keep_error=True)

    async def _now(self) -> int:
        return await self._core.db.read(lambda tx: tx.now)


def _active(tx: ReadTx, service_ids: set[int]) -> Iterator[rows.Service]:
    """The active ones of these services."""
    for service in (tx.get(rows.Service, id) for id in sorted(service_ids)):
        if service is not None and service.removed is None and service.state == "active":
            yield service


def _needy(tx: ReadTx, service_ids: set[int]) -> dict[int, int | None]:
    """The active ones of these services that are not as they should be, each with None.

    Also those whose unhealthy containers are replaced later, each with that time (UTC milliseconds).
    """
    found: dict[int, int | None] = {}
    for service in _active(tx, service_ids):
        if units.plan(tx, service).acts:
            found[service.id] = None
        elif (later := units.look_again(tx, service)) is not None:
            found[service.id] = later
    return found
