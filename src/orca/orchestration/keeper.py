# SPDX-License-Identifier: Apache-2.0
"""Keeps active services as they should be: notices what died or was taken away, retries what could not start.

The work itself is the process `service.update`; the keeper only decides when to ask for it.
"""

from __future__ import annotations

import asyncio
from functools import partial

import sqlalchemy as sa

from orca.engine import Services
from orca.orchestration import units
from orca.store import Change, Overflow, ReadTx, Subscription, Tx

CALM_MS = 60_000
"""A service that needed no care for this long begins anew with short pauses."""
PAUSE_MS = (0, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000)
"""Pauses before the first, second ... time in a row that a service needs care: a container that dies at once must
not keep the host busy."""


class Keeper:
    """Looks after all services of the server."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._due: dict[int, int] = {}
        """Service id -> when to look at it (UTC milliseconds)."""
        self._cared: dict[int, tuple[int, int]] = {}
        """Service id -> (when it was cared for last, how often in a row)."""

    async def run(self) -> None:
        """Work until cancelled."""
        db = self._services.db
        with db.bus.subscribe({"instance", "host", "service"}) as changes:
            await self._look(await db.read(_active))
            while True:
                batch = await self._next(changes)
                if batch is None:
                    await self._look(await db.read(_active))
                elif batch:
                    await self._look(await db.read(partial(_concerned, changes=batch)))
                    if any(change.root == "host" for change in batch):
                        await self._hurry()
                await self._care()

    async def _hurry(self) -> None:
        """A host came or went: what could not start may start now."""
        now = await self._now()
        for id in await self._services.db.read(_failing):
            self._due[id] = now

    async def _next(self, changes: Subscription) -> list[Change] | None:
        """The next changes; none when something became due first; None when changes were lost."""
        now = await self._now()
        pause = min(self._due.values()) - now if self._due else None
        try:
            async with asyncio.timeout(None if pause is None else max(pause, 0) / 1000):
                return await changes.batch()
        except TimeoutError:
            return []
        except Overflow:
            return None

    async def _look(self, service_ids: set[int]) -> None:
        """Find out which of these services need care, and when."""
        if not service_ids:
            return
        for id, retry_at in (await self._services.db.read(lambda tx: _needy(tx, service_ids))).items():
            if retry_at is None:
                last, times = self._cared.get(id, (0, 0))
                retry_at = last + PAUSE_MS[min(times, len(PAUSE_MS) - 1)]
            self._due[id] = retry_at

    async def _care(self) -> None:
        now = await self._now()
        for id in [id for id, due in self._due.items() if due <= now]:
            del self._due[id]
            last, times = self._cared.get(id, (0, 0))
            self._cared[id] = (now, 1 if now - last > CALM_MS else times + 1)
            await self._services.db.write(partial(self._ask, service_id=id))

    def _ask(self, tx: Tx, service_id: int) -> None:
        if service_id in _needy(tx, {service_id}):
            self._services.engine.request(tx, tx.require("service", service_id), "update", _keep_error=True)

    async def _now(self) -> int:
        return await self._services.db.read(lambda tx: tx.now)


def _active(tx: ReadTx) -> set[int]:
    return {row.id for row in tx.find("service", state="active")}


def _failing(tx: ReadTx) -> set[int]:
    return {row.id for row in tx.find("service", state="active") if row.data.get("retryAt")}


def _concerned(tx: ReadTx, changes: list[Change]) -> set[int]:
    """Services to look at after these changes: the service itself, or a container it lost."""
    found = {change.id for change in changes if change.root == "service"}
    instances = [change.id for change in changes if change.root == "instance"]
    if any(change.root == "host" for change in changes):
        found |= {
            service.id for service in tx.find("service", state="active") if units.global_hosts(tx, service) is not None
        }
    if instances:
        columns = tx.table("instance").c
        statement = (
            sa.select(columns.serviceId)
            .where(columns.id.in_(instances), columns.serviceId.is_not(None))
            .where(columns.state.in_(["stopped", "removed"]) | columns.healthState.in_(["healthy", "unhealthy"]))
            .distinct()
        )
        found |= {row[0] for row in tx.execute(statement)}
    return found


def _needy(tx: ReadTx, service_ids: set[int]) -> dict[int, int | None]:
    """Active services that are not as they should be, with the time of their next retry where they have one."""
    result: dict[int, int | None] = {}
    for service in tx.find("service", id=service_ids, state="active"):
        if units.plan(tx, service).acts:
            result[service.id] = service.data.get("retryAt")
    return result
