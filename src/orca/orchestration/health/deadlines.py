# SPDX-License-Identifier: Apache-2.0
"""Containers that are to become healthy in time."""

from __future__ import annotations

import asyncio
from functools import partial

from orca.engine import Core
from orca.orchestration.health.states import INITIALIZING, REINITIALIZING, UNHEALTHY
from orca.resources import rows
from orca.store import ReadTx, Tx

WAITING = (INITIALIZING, REINITIALIZING)
"""States of a container that nobody has found healthy since it started."""


class Deadlines:
    """Watches that containers become healthy in time; one that does not is unhealthy."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._due: dict[int, int] = {}
        """Instance id -> its deadline (UTC milliseconds)."""
        self._wake = asyncio.Event()

    def add(self, instance_id: int, deadline: int) -> None:
        """Watch a container."""
        self._due[instance_id] = deadline
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled."""
        self._due |= await self._db.read(_deadlines)
        while True:
            self._wake.clear()
            now = await self._db.read(lambda tx: tx.now)
            late = [id for id, deadline in self._due.items() if deadline <= now]
            for id in late:
                if self._due[id] > now:
                    continue  # it has started again while others were handled
                del self._due[id]
                await self._db.write(partial(_late, instance_id=id))
            left = (min(self._due.values()) - now) / 1000 if self._due else None
            try:
                async with asyncio.timeout(left):
                    await self._wake.wait()
            except TimeoutError:
                continue


def _deadlines(tx: ReadTx) -> dict[int, int]:
    found = tx.find(rows.Instance, healthState=WAITING)
    return {row.id: row.healthDeadline for row in found if row.healthDeadline}


def _late(tx: Tx, instance_id: int) -> None:
    instance = tx.get(rows.Instance, instance_id)
    if instance is None or instance.healthState not in WAITING or instance.state != "running":
        return
    if (instance.healthDeadline or tx.now + 1) <= tx.now:
        tx.update(instance, healthState=UNHEALTHY, healthDeadline=None)
