# SPDX-License-Identifier: Apache-2.0
"""What the server does at intervals, and when a user requests it: rows of type ``task``, action ``execute``.

A run that was requested, did something or failed leaves a ``taskInstance``; one with nothing to do leaves none.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from orca.engine.behaviour import Behaviour
from orca.engine.call import Call
from orca.engine.core import Core
from orca.resources import rows
from orca.store import WORK, Tx, Work

log = logging.getLogger(__name__)
behaviour = Behaviour()


@dataclass(frozen=True, kw_only=True)
class Task:
    """Something to do. ``run`` returns how many things it dealt with. ``every``: seconds; None means only on
    request.
    """

    name: str
    run: Callable[[Core], Awaitable[int]]
    every: float | None = None


class Tasks:
    """The tasks of this server."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._tasks: dict[str, Task] = {}
        self._asked: dict[str, asyncio.Event] = {}

    def add(self, task: Task) -> None:
        """Add a task; call this before ``run``."""
        self._tasks[task.name] = task
        self._asked[task.name] = asyncio.Event()

    def execute(self, name: str) -> None:
        """Run a task now, whatever its time."""
        if name in self._asked:
            self._asked[name].set()

    async def run(self) -> None:
        """Run all tasks at their times until cancelled."""
        await self._core.db.write(self._declare)
        async with asyncio.TaskGroup() as group:
            for task in self._tasks.values():
                group.create_task(self._keep(task), name=task.name)

    def _declare(self, tx: Tx) -> None:
        known = {row.name for row in tx.find(rows.Task)}
        for name in self._tasks.keys() - known:
            tx.insert(rows.Task, name=name)

    async def _keep(self, task: Task) -> None:
        asked = self._asked[task.name]
        WORK.set(Work(owner=task.name, name=f"task {task.name}"))
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asked.wait(), task.every)
            by_hand = asked.is_set()
            asked.clear()
            await self._once(task, by_hand)

    async def _once(self, task: Task, by_hand: bool) -> None:
        core = self._core
        started = await core.db.read(lambda tx: tx.now)
        problem = None
        try:
            done = await task.run(core)
        except Exception as error:
            log.exception("%s failed", task.name)
            done, problem = 0, str(error) or type(error).__name__

        def unit(tx: Tx) -> None:
            row = tx.first(rows.Task, name=task.name)
            assert row is not None
            tx.insert(
                rows.TaskInstance,
                taskId=row.id,
                name=task.name,
                startTime=started,
                endTime=tx.now,
                exception=problem,
                serverId=core.server.id,
            )

        if by_hand or done or problem:
            await core.db.write(unit)


@behaviour.action("task.execute")
def execute(tx: Tx, call: Call, row: rows.Task, given: dict[str, Any]) -> rows.Task:
    """Run it now."""
    tx.after_commit(lambda: call.core.part(Tasks).execute(str(row.name)))
    return row
