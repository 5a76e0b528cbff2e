# SPDX-License-Identifier: Apache-2.0
"""The one writer: a thread that runs many units per COMMIT, each in a SAVEPOINT of its own.

A durable COMMIT costs a flush of the disk. Units that share it cost the same, however many wait. The SAVEPOINT keeps
one bad unit from rolling back its neighbours. Answers, events and callbacks leave only after the COMMIT.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from orca.store import sqlite
from orca.store.bus import Bus, Change
from orca.store.events import Newer
from orca.store.prepared import adding
from orca.store.queue import Job, WriteQueue
from orca.store.schema import Schema
from orca.store.space import Space
from orca.store.tx import Tx

GROUP_LIMIT = 128
GROUP_SECONDS = 0.025
"""Most units in one COMMIT, and the time after which no unit is added: both bound how long the first one waits."""


@dataclass(slots=True)
class Group:
    """The units and changes of one COMMIT."""

    jobs: list[Job] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


class Writer:
    """Runs units in its thread; ``submit`` is called from the event loop."""

    def __init__(self, engine: sa.Engine, schema: Schema, events: sa.Table, bus: Bus) -> None:
        self._engine = engine
        self._schema = schema
        self._add_events = adding(events)
        self._newer = Newer(schema)
        self._bus = bus
        self._loop = asyncio.get_running_loop()
        self.queue = WriteQueue()
        self.space = Space(sqlite.full)
        self.commits = 0
        with engine.connect() as connection:
            self._seq: int = connection.execute(sa.select(sa.func.coalesce(sa.func.max(events.c.id), 0))).scalar_one()
        self._thread = threading.Thread(target=self._run, name="orca-writer", daemon=True)
        self._thread.start()

    def submit(self, unit: Callable[[Tx], Any]) -> asyncio.Future[Any]:
        """Queue a unit. The future ends after COMMIT, with the unit's result or its exception."""
        return self.queue.submit(unit, self._loop)

    def close(self) -> None:
        """Finish what is queued, then end the thread. Blocks; call it outside the event loop."""
        self.queue.close()
        self._thread.join()

    def _run(self) -> None:
        with self._engine.connect() as connection:
            while (job := self.queue.get()) is not None:
                self._write(connection, job)

    def _write(self, connection: sa.Connection, first: Job) -> None:
        """Run a unit and those that come up meanwhile; one COMMIT makes all of them durable."""
        group = Group([first])
        control = sqlite.control(connection)
        try:
            control("BEGIN IMMEDIATE")
            try:
                self._attempt(connection, control, first)
                end = time.monotonic() + GROUP_SECONDS
                while len(group.jobs) < GROUP_LIMIT and time.monotonic() < end:
                    job = self.queue.get(wait=False)
                    if job is None:
                        break
                    group.jobs.append(job)
                    self._attempt(connection, control, job)
                group.changes = self._record_events(connection, group.jobs)
                control("COMMIT")
                self.commits += 1
                if group.changes:
                    self._seq = group.changes[-1].seq
            except BaseException:
                sqlite.roll_back(connection)
                raise
            for job in group.jobs:
                self.space.written(job.tx)
        except Exception as error:
            # The disk is full or gone: nothing of the group is durable, and each caller gets the error.
            told = self.space.told(error)
            for job in group.jobs:
                job.error, job.tx = job.error or told, None
            group.changes = []
        self._loop.call_soon_threadsafe(self._answer, group)

    def _attempt(self, connection: sa.Connection, control: sqlite.Control, job: Job) -> None:
        tx = Tx(connection, self._schema)
        control("SAVEPOINT unit")
        try:
            self.queue.run(job, tx)
            job.tx = tx
        except Exception as error:
            if self.space.ran_out(error):
                raise
            control("ROLLBACK TO unit")
            job.error = error
        control("RELEASE unit")

    def _record_events(self, connection: sa.Connection, jobs: list[Job]) -> list[Change]:
        """Number the events of the group and write their rows; nobody else writes meanwhile.

        Another command may have written since; its events come first.
        """
        written = [job.tx for job in jobs if job.tx is not None and job.tx.touched]
        if not written:
            return []
        changes, last = self._newer(connection, self._seq)
        rows = []
        for tx in written:
            for (root, id), record in tx.touched.items():
                last += 1
                account = record.get("accountId")
                changes.append(Change(last, record.type, root, id, account))
                rows.append(
                    {
                        "id": last,
                        "resource_type": record.type,
                        "resource_id": id,
                        "account_id": account,
                        "created": tx.now,
                    }
                )
        self._add_events.run_many(connection, rows)
        return changes

    def _answer(self, group: Group) -> None:
        answer(self._bus, group)


def answer(bus: Bus, group: Group) -> None:
    """In the event loop: wake subscribers, run callbacks, answer the callers."""
    if group.changes:
        bus.publish(group.changes)
    for job in group.jobs:
        if job.tx is not None:
            for callback in job.tx.callbacks:
                callback()
        if job.future.cancelled():
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)
