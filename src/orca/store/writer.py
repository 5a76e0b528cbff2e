# SPDX-License-Identifier: Apache-2.0
"""The one writer: a thread that runs many units per COMMIT, each in a SAVEPOINT of its own.

A durable COMMIT costs a flush of the disk. Units that share it cost the same, however many wait. The SAVEPOINT keeps
one bad unit from rolling back its neighbours. Answers, events and callbacks leave only after the COMMIT.

Writers of other processes wait meanwhile: a lock of the database lets one group of units in at a time. So a unit sees
all that was written before it and nothing changes under it, and events are numbered in the order of COMMITs.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from orca.store import driver
from orca.store.backends import backend_of
from orca.store.bus import Bus, Change
from orca.store.errors import Overdue, causes
from orca.store.events import Newer
from orca.store.prepared import adding
from orca.store.queue import Job, WriteQueue
from orca.store.schema import Schema
from orca.store.space import Space
from orca.store.tx import Tx

GROUP_LIMIT = 128
GROUP_SECONDS = 0.025
"""Most units in one COMMIT, and the time after which no unit is added: both bound how long the first one waits."""
LOOK = 0.5
"""Seconds between looks for events of other servers while none are written here."""
TRIES = 10
"""Times a group is run that lost its connection or met a foreign transaction, before its callers get the error."""
TOGETHER = 3
"""Times its units share a COMMIT before each has one of its own: one of them may be too large for the database."""
PAUSE = 0.02
"""Most seconds to wait before a group is first run again."""


@dataclass(slots=True)
class Group:
    """The units and changes of one COMMIT."""

    jobs: list[Job] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


class Writer:
    """Runs units in its thread; ``submit`` is called from the event loop."""

    def __init__(self, engine: sa.Engine, schema: Schema, bus: Bus) -> None:
        self._engine = engine
        self._backend = backend_of(engine)
        self._schema = schema
        events = schema.metadata.tables["event"]
        self._add_events = adding(events)
        self._newer = Newer(schema)
        self._bus = bus
        self._loop = asyncio.get_running_loop()
        self.queue = WriteQueue()
        self.space = Space(self._backend.full)
        self.commits = 0
        with engine.connect() as connection:
            self._seq: int = connection.execute(sa.select(sa.func.coalesce(sa.func.max(events.c.id), 0))).scalar_one()
        self._looked = time.monotonic()
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
        patience = LOOK if self._backend.shared else None
        while True:
            job = self.queue.get(patience)
            if job is not None:
                self._write(Group([job]))
            elif self.queue.closing.is_set():
                return
            else:
                self._look()

    def _write(self, group: Group, *, singly: bool = False) -> None:
        """Run a unit and those that come up meanwhile until they are durable, or cannot be."""
        tries = 0
        while True:
            tries += 1
            try:
                self._commit(group, singly)
                break
            except Exception as error:
                singly = True
                again = self._again(error)
                if again and tries == TOGETHER and len(group.jobs) > 1:
                    for job in group.jobs:
                        self._write(Group([job]), singly=True)
                    return
                if again and tries < TRIES:
                    time.sleep(random.uniform(0, PAUSE * tries))  # noqa: S311
                    continue
                # Nothing of the group is durable as far as anybody knows, and each caller gets the error. That includes
                # units with errors of their own: what they met may be gone.
                told = self.space.told(error)
                for job in group.jobs:
                    job.error, job.tx = told, None
                group.changes = []
                break
        self._hand_over(group)

    def _commit(self, group: Group, singly: bool) -> None:
        """One transaction with all units of a group; units that come up meanwhile join it.

        ``singly``: none joins, and what a unit wrote is run before the next one begins, so that errors find the unit to
        blame.
        """
        for job in group.jobs:
            job.result = job.error = job.tx = None
        with self._engine.connect() as connection, self._backend.locked(connection, "write"):
            for job in group.jobs:
                self._attempt(connection, job, singly)
            end = time.monotonic() + GROUP_SECONDS
            while not singly and len(group.jobs) < GROUP_LIMIT and time.monotonic() < end:
                next_job = self.queue.get(0)
                if next_job is None:
                    break
                group.jobs.append(next_job)
                self._attempt(connection, next_job, singly)
            group.changes = self._record_events(connection, group.jobs)
        self.commits += 1
        if group.changes:
            self._seq = group.changes[-1].seq
        for job in group.jobs:
            self.space.written(job.tx)

    def _attempt(self, connection: sa.Connection, job: Job, singly: bool) -> None:
        tx = Tx(connection, self._schema)
        driver.later(connection, "SAVEPOINT unit")
        try:
            self.queue.run(job, tx)
            driver.later(connection, "RELEASE SAVEPOINT unit")
            if singly:
                driver.flush(connection)
            else:
                driver.seal(connection)
            job.tx = tx
        except Exception as error:
            if self.space.ran_out(error) or self._again(error):
                raise
            with contextlib.suppress(sa.exc.DBAPIError):
                driver.flush(connection)  # what the unit had not written yet is undone with the rest
            driver.run(connection, "ROLLBACK TO SAVEPOINT unit")
            driver.later(connection, "RELEASE SAVEPOINT unit")
            job.error = error

    def _again(self, error: BaseException) -> bool:
        """True if the same units may succeed when they are run again."""
        for cause in causes(error):
            if isinstance(cause, Overdue):
                return True
            if isinstance(cause, sa.exc.DBAPIError):
                # After a connection is lost at COMMIT the units may be durable or not: the callers must check.
                lost = cause.connection_invalidated and cause.statement != "COMMIT"
                return lost or self._backend.again(cause)
        return False

    def _record_events(self, connection: sa.Connection, jobs: list[Job]) -> list[Change]:
        """Number the events of the group and write their rows; nobody else writes meanwhile.

        Others may have written since the last group; their events come first.
        """
        written = [job.tx for job in jobs if job.tx is not None and job.tx.touched]
        if not written and time.monotonic() < self._looked + LOOK:
            return []
        changes, last = self._newer(connection, self._seq)
        self._looked = time.monotonic()
        rows: list[dict[str, Any]] = []
        for tx in written:
            for (root, id), record in tx.touched.items():
                last += 1
                account = record.get("accountId")
                changes.append(Change(last, record.type, root, id, account))
                row = {"id": last, "resource_type": record.type, "resource_id": id, "account_id": account}
                rows.append({**row, "created": tx.now})
        self._add_events.send_many(connection, rows)
        return changes

    def _look(self) -> None:
        """Tell what others wrote. Rows that can be read are complete up to the last one."""
        # A database that is away is reported by the lock that the server holds (`orca.store.hold`).
        with contextlib.suppress(sa.exc.SQLAlchemyError), self._engine.connect() as connection:
            changes, self._seq = self._newer(connection, self._seq)
            if changes:
                self._hand_over(Group(changes=changes))

    def _hand_over(self, group: Group) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(self._answer, group)

    def _answer(self, group: Group) -> None:
        """In the event loop: wake subscribers, run callbacks, answer the callers."""
        if group.changes:
            self._bus.publish(group.changes)
        for job in group.jobs:
            if job.tx is not None:
                for callback in job.tx.callbacks:
                    self._call(callback)
            if job.future.cancelled():
                continue
            if job.error is not None:
                job.future.set_exception(job.error)
            else:
                job.future.set_result(job.result)

    def _call(self, callback: Callable[[], None]) -> None:
        """A callback that fails is asyncio's to report; other units of the group wait for their answers."""
        try:
            callback()
        except Exception as error:
            self._loop.call_exception_handler({"message": "a callback after COMMIT failed", "exception": error})
