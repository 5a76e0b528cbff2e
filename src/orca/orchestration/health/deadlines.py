# SPDX-License-Identifier: Apache-2.0
"""Containers whose health must be looked at when a time comes, although nobody reports anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from orca.engine import Core
from orca.orchestration.health.states import WAITING
from orca.resources import rows
from orca.store import ReadTx, Tx

Late = Callable[[Tx, Core, int], None]
"""What to do with a container, by its id, whose time has come."""


class Deadlines:
    """Wakes at the times of containers: to have become healthy, or the end of a hold."""

    def __init__(self, core: Core, late: Late) -> None:
        self._core = core
        self._late = late
        self._due: dict[int, int] = {}
        """Instance id -> its time (UTC milliseconds)."""
        self._wake = asyncio.Event()

    def add(self, instance_id: int, deadline: int) -> None:
        """Watch a container."""
        self._due[instance_id] = deadline
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled."""
        self._due |= await self._core.db.read(_deadlines)
        while True:
            self._wake.clear()
            now = await self._core.db.read(lambda tx: tx.now)
            late = [id for id, deadline in self._due.items() if deadline <= now]
            for id in late:
                if self._due[id] > now:
                    continue  # it has started again while others were handled
                del self._due[id]
                await self._core.db.write(partial(self._do, id=id))
            left = (min(self._due.values()) - now) / 1000 if self._due else None
            try:
                async with asyncio.timeout(left):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _do(self, tx: Tx, id: int) -> None:
        self._late(tx, self._core, id)


def _deadlines(tx: ReadTx) -> dict[int, int]:
    """The times from before the server's start."""
    found = tx.find(rows.Instance, healthState=[*WAITING, "unhealthy"])
    times = ((row.id, row.healthDeadline or (row.flaps or {}).get("until")) for row in found)
    return {id: at for id, at in times if at}
