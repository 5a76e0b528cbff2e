# SPDX-License-Identifier: Apache-2.0
"""The engine: gives each process to one worker, and to another when the first is gone.

This server claims a process that is requested here in the same unit. At its start it also claims its own processes
from before. At the start, and from time to time, it claims processes whose lease has run out. A process whose server
died goes on from its last stored step.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from orca.engine import requests
from orca.engine.behaviour import Behaviour, ProcessHandler, lookup
from orca.engine.core import Core
from orca.engine.errors import Failed, Superseded
from orca.engine.requests import LEASE
from orca.engine.run import Run
from orca.resources import rows
from orca.store import WORK, Closed, NoSpace, ReadTx, Tx, Work

log = logging.getLogger(__name__)

BACKOFF = (0.5, 60.0)
"""Seconds before the first retry (doubled each time) and at most."""
STUCK = 10
"""Failures for the same reason in a row after which the resource shows the error and the process is tried rarely."""
STUCK_PAUSE = 600.0
"""Seconds between the tries of a process that is stuck."""


class Engine:
    """Runs processes of this server, as ``behaviour`` says. ``server`` is the server's lasting identity."""

    def __init__(self, core: Core, behaviour: Behaviour, server: str) -> None:
        self.core = core
        self._behaviour = behaviour
        self.server = server
        self.before: list[ProcessHandler] = []
        self.after: list[ProcessHandler] = []
        """What the engine does around the handler of every process."""
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._lanes: dict[tuple[str, str, str], asyncio.Task[None]] = {}
        self._stopping = False

    def request(
        self, tx: Tx, record: rows.Resource, action: str, *, _delay: int = 0, _keep_error: bool = False, **data: Any
    ) -> rows.ProcessInstance:
        """Start a process on a resource, in this unit; returns the process row.

        Writes the transitioning state, supersedes what runs on that state field, and claims the process for this
        server. ``data`` is JSON for the handler (``run.data``); ``_delay`` in milliseconds. Raises
        ``ActionNotAvailable``.
        """
        row, old, new = requests.request(
            tx, record, action, data, server=self.server, delay=_delay, keep_error=_keep_error
        )
        if new:
            tx.after_commit(lambda: self._start(row, old.id if old is not None else None, type=record.type))
        return row

    def supersede(self, tx: Tx, record: rows.Resource, field: str = "state") -> None:
        """End the process that works on that state field without starting another one."""
        old = requests.running(tx, record, field)
        if old is not None:
            requests.supersede(tx, old)
            tx.after_commit(lambda: self._cancel(old.id))

    async def start(self) -> None:
        """Resume the processes that ran here before a restart, then keep looking for those whose server is gone."""
        await self._claim(own=True)

    async def watch(self) -> None:
        """Renew the leases of processes that run here, and claim abandoned ones. Runs until cancelled."""
        while True:
            await asyncio.sleep(LEASE / 3000)
            await self._renew()
            await self._claim(own=False)

    async def replay(self) -> int:
        """Claim abandoned processes at once; return how many run here then."""
        await self._claim(own=False)
        return len(self._tasks)

    async def stop(self) -> None:
        """End all work at its present step. Rows stay as they are; the next start resumes from them."""
        self._stopping = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def idle(self) -> None:
        """Wait until nothing runs in this engine; a process that waits for something counts as running."""
        while self._tasks:
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    # -- claiming ----------------------------------------------------------------------------------------------------

    async def _claim(self, *, own: bool) -> None:
        def wanted(tx: ReadTx) -> sa.Select[Any]:
            columns = tx.schema[rows.ProcessInstance].table.c
            lost = columns.leaseUntil < tx.now
            if own:
                lost = lost | (columns.runningProcessServerId == self.server)
            return tx.query(rows.ProcessInstance, endTime=None).where(lost)

        def claim(tx: Tx) -> list[rows.ProcessInstance]:
            # A row that another server is just picking is that server's.
            found = tx.rows(rows.ProcessInstance, wanted(tx).with_for_update(skip_locked=True))
            taken = [row for row in found if row.id not in self._tasks]
            for row in taken:
                tx.update(row, runningProcessServerId=self.server, epoch=row.epoch + 1, leaseUntil=tx.now + LEASE)
            return taken

        if await self.core.db.read(lambda tx: bool(tx.rows(rows.ProcessInstance, wanted(tx).limit(1)))):
            for row in await self.core.db.write(claim):
                self._start(row, None, resumed=True)

    async def _renew(self) -> None:
        mine = list(self._tasks)
        if not mine:
            return

        def unit(tx: Tx) -> None:
            table = tx.table(rows.ProcessInstance)
            for part in _chunks(mine, 500):
                tx.execute(
                    sa.update(table)
                    .where(table.c.id.in_(part), table.c.runningProcessServerId == self.server)
                    .values(leaseUntil=tx.now + LEASE)
                )

        await self.core.db.write(unit)

    # -- working -----------------------------------------------------------------------------------------------------

    def _start(
        self, row: rows.ProcessInstance, superseded: int | None, *, type: str | None = None, resumed: bool = False
    ) -> None:
        if self._stopping:
            return
        if superseded is not None:
            self._cancel(superseded)
        lane = (row.resourceType, row.resourceId, row.stateField)
        task = asyncio.create_task(
            self._work(row, type, self._lanes.get(lane), resumed), name=f"{row.processName} {row.resourceId}"
        )
        self._tasks[row.id] = self._lanes[lane] = task

        def ended(_task: asyncio.Task[None]) -> None:
            self._tasks.pop(row.id, None)
            if self._lanes.get(lane) is task:
                del self._lanes[lane]

        task.add_done_callback(ended)

    def _cancel(self, process_id: int) -> None:
        task = self._tasks.get(process_id)
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    async def _work(
        self, row: rows.ProcessInstance, type: str | None, before: asyncio.Task[None] | None, resumed: bool
    ) -> None:
        """Run one process from claim to end, once the process before it on the same resource has stopped."""
        WORK.set(Work(owner=row.accountId, name=f"{row.processName} {row.resourceId}"))
        if before is not None:
            await asyncio.wait([before])
        run = Run(self.core, row, type)
        try:
            if resumed:
                await run.load_steps()
                run.log("taken up again")
            if row.runAfter is not None:
                await asyncio.sleep(max(0, row.runAfter - await self.core.db.read(lambda tx: tx.now)) / 1000)
            await self._end(run)
        except (Superseded, Closed):
            log.debug("%s %s: superseded", row.processName, row.resourceId)
        finally:
            run.close()

    async def _end(self, run: Run) -> None:
        """Bring a process to its end, however long it takes: on a full disk not even a failure can be written."""
        while True:
            try:
                while not await self._attempt(run):
                    pass
                return
            except (Superseded, Closed):
                raise
            except NoSpace:
                await asyncio.sleep(BACKOFF[1] / 10)
            except Exception:
                log.exception("%s %s: its end could not be written", run.name, run.resource_id)
                await asyncio.sleep(BACKOFF[1] / 10)

    async def _attempt(self, run: Run) -> bool:
        """Run the handler once; False when it must be tried again (after the pause that was made here)."""
        try:
            if run.in_doubt:
                await run.load_steps()
            resource_type = await run.find_type()
            if resource_type is None:
                await run.abandon()
                return True
            handler = lookup(self._behaviour.processes, resource_type, f".{run.action}")
            for each in (*self.before, *([] if handler is None else [handler]), *self.after):
                await each(run)
            await run.succeed()
        except Failed as failure:
            await run.fail(failure)
        except (Superseded, Closed, NoSpace):
            raise
        except Exception as error:
            run.in_doubt = True
            reason = str(error) or type(error).__name__
            stuck = run.same_failures(reason) >= STUCK
            pause = STUCK_PAUSE if stuck else min(BACKOFF[1], BACKOFF[0] * 2 ** min(run.attempts, 10))
            delay = pause * random.uniform(0.8, 1.2)  # noqa: S311
            log.warning("%s %s: again in %.1f s", run.name, run.resource_id, delay, exc_info=error)
            await run.retry(reason, int(delay * 1000), stuck=stuck)
            await asyncio.sleep(delay)
            return False
        return True


def _chunks(items: list[int], size: int) -> Iterable[list[int]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
