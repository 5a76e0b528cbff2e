# SPDX-License-Identifier: Apache-2.0
"""Several writers: each unit is one READ COMMITTED transaction on a connection of a pool.

A unit that conflicts with another one (a deadlock, a row changed since it was read, a unique value taken meanwhile) is
run again. Its events are numbered after COMMIT (``orca.store.sequencer``). Answers leave after that, so that a caller
with an answer finds the change announced, as with SQLite.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa

from orca.store.backends import Backend, backend_of
from orca.store.bus import Bus
from orca.store.errors import Conflict, NotUnique, causes
from orca.store.queue import Job, WriteQueue
from orca.store.schema import Schema
from orca.store.sequencer import Sequencer
from orca.store.space import Space
from orca.store.tx import Tx
from orca.store.writer import Group, answer

WRITERS = 4
CONFLICTS = 30
"""Times a unit is run again because of conflicts before its caller gets the error."""
TAKEN = 3
"""Times a unit is run that finds a unique value taken: perhaps only by a unit that is about to roll back."""
PAUSE = 0.02
"""Most seconds to wait before a unit is first run again."""


class PoolWriter:
    """Runs units in its threads; ``submit`` is called from the event loop."""

    def __init__(self, engine: sa.Engine, schema: Schema, bus: Bus) -> None:
        self._engine = engine
        self._backend = backend_of(engine)
        self._schema = schema
        self._pending = schema.metadata.tables["event_pending"]
        self._bus = bus
        self._loop = asyncio.get_running_loop()
        self.queue = WriteQueue()
        self.space = Space(self._backend.full)
        self._sequencer = Sequencer(engine, schema, self._hand_over)
        self._threads = [
            threading.Thread(target=self._run, name=f"orca-writer-{number}", daemon=True) for number in range(WRITERS)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, unit: Callable[[Tx], Any]) -> asyncio.Future[Any]:
        """Queue a unit. The future ends after COMMIT, with the unit's result or its exception."""
        return self.queue.submit(unit, self._loop)

    def close(self) -> None:
        """Finish what is queued, then end the threads. Blocks; call it outside the event loop."""
        self.queue.close()
        for thread in self._threads:
            thread.join()
        self._sequencer.close()

    def _run(self) -> None:
        while (job := self.queue.get()) is not None:
            self._finish(job)
            if job.tx is not None and job.tx.touched:
                self._sequencer.number(job)
            else:
                self._hand_over(Group([job]))

    def _finish(self, job: Job) -> None:
        """Run a unit until it is durable, or has failed for its own reasons."""
        tries = 0
        while True:
            tries += 1
            try:
                job.tx = self._attempt(job)
                self.space.written(job.tx)
                return
            except Exception as error:
                if not self._again(error, tries):
                    job.error = self.space.told(error)
                    return
            time.sleep(random.uniform(0, PAUSE * min(tries, 10)))  # noqa: S311

    def _attempt(self, job: Job) -> Tx:
        with self._engine.connect() as connection:
            with transaction(connection, self._backend.begin):
                tx = Tx(connection, self._schema, alone=False)
                self.queue.run(job, tx)
                self._record_events(connection, tx)
            control(connection, "COMMIT")
        return tx

    def _record_events(self, connection: sa.Connection, tx: Tx) -> None:
        rows = [
            {
                "resource_type": record.type,
                "resource_id": id,
                "account_id": record.get("accountId"),
                "created": tx.now,
            }
            for (_, id), record in tx.touched.items()
        ]
        if rows:
            connection.execute(sa.insert(self._pending), rows)

    def _again(self, error: BaseException, tries: int) -> bool:
        """True if the unit may succeed if it is run again."""
        for cause in causes(error):
            if isinstance(cause, Conflict):
                return tries < CONFLICTS
            if isinstance(cause, NotUnique):
                return tries < TAKEN
            if isinstance(cause, sa.exc.DBAPIError):
                # After a connection is lost at COMMIT the unit may be durable or not: the caller must check.
                lost = cause.connection_invalidated and cause.statement != "COMMIT"
                return tries < CONFLICTS and (lost or self._backend.again(cause))
        return False

    def _hand_over(self, group: Group) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(self._answer, group)

    def _answer(self, group: Group) -> None:
        answer(self._bus, group)


def control(connection: sa.Connection, statement: str) -> None:
    """Run a statement that begins or ends a transaction."""
    connection.exec_driver_sql(statement)


@contextlib.contextmanager
def transaction(connection: sa.Connection, begin: tuple[str, ...]) -> Iterator[None]:
    """Begin a transaction; an exception rolls it back. The caller runs COMMIT afterwards."""
    for statement in begin:
        control(connection, statement)
    try:
        yield
    except BaseException:
        try:
            control(connection, "ROLLBACK")
        except sa.exc.DBAPIError:
            connection.invalidate()
        raise


def read(engine: sa.Engine, backend: Backend, query: Callable[[sa.Connection], Any]) -> Any:
    """Run a query on a snapshot; again if the connection is dead."""
    for last in (False, True):
        try:
            with engine.connect() as connection:
                with transaction(connection, backend.snapshot):
                    result = query(connection)
                control(connection, "ROLLBACK")
                return result
        except sa.exc.DBAPIError as error:
            if last or not error.connection_invalidated:
                raise
    raise AssertionError
