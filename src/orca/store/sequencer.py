# SPDX-License-Identifier: Apache-2.0
"""Numbers events after COMMIT if several units and servers write.

One server at a time moves the rows of committed units into the event table, under the next numbers. No lower number can
appear later, because the next server to number waits for this one's COMMIT. Every server gives its own subscribers the
new rows of the table, whichever server moved them.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

import sqlalchemy as sa

from orca.store.backends import backend_of
from orca.store.bus import Change
from orca.store.events import Newer
from orca.store.queue import Job
from orca.store.schema import Schema
from orca.store.writer import Group

log = logging.getLogger(__name__)

LOOK = 0.5
"""Seconds between checks for events of other servers while nothing is written here."""
BATCH = 1000


class Sequencer:
    """A thread that numbers events, then hands over the jobs that waited for it with the changes to publish."""

    def __init__(self, engine: sa.Engine, schema: Schema, hand_over: Callable[[Group], None]) -> None:
        self._engine = engine
        self._backend = backend_of(engine)
        self._pending = schema.metadata.tables["event_pending"]
        self._events = schema.metadata.tables["event"]
        self._newer = Newer(schema)
        self._hand_over = hand_over
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        with engine.connect() as connection:
            self._last = self._newest(connection)
        self._thread = threading.Thread(target=self._run, name="orca-sequencer", daemon=True)
        self._thread.start()

    def number(self, job: Job) -> None:
        """Number the events of the job's unit, then answer its caller."""
        self._queue.put(job)

    def close(self) -> None:
        """Finish what is queued, then end the thread."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        more = True
        while more:
            group = Group()
            more = self._collect(group)
            try:
                group.changes = self._advance()
            except Exception:
                # The units are durable; their events are numbered when the database is back.
                log.exception("events could not be numbered")
            if group.jobs or group.changes:
                self._hand_over(group)

    def _collect(self, group: Group) -> bool:
        """Wait for a job or the next check, then take all other waiting jobs; return False once the queue is closed."""
        try:
            job = self._queue.get(timeout=LOOK)
            while job is not None:
                group.jobs.append(job)
                job = self._queue.get_nowait()
        except queue.Empty:
            return True
        return False

    def _advance(self) -> list[Change]:
        with self._engine.connect() as connection:
            while connection.execute(sa.select(self._pending.c.id).limit(1)).first() is not None:
                with self._backend.locked(connection, "events"):
                    self._move(connection)
            changes, self._last = self._newer(connection, self._last)
        return changes

    def _move(self, connection: sa.Connection) -> None:
        pending = self._pending
        rows = connection.execute(sa.select(pending).order_by(pending.c.id).limit(BATCH)).mappings().all()
        if not rows:
            return
        first = self._newest(connection) + 1
        numbered = [{**row, "id": first + offset} for offset, row in enumerate(rows)]
        connection.execute(sa.insert(self._events), numbered)
        connection.execute(sa.delete(pending).where(pending.c.id.in_([row["id"] for row in rows])))

    def _newest(self, connection: sa.Connection) -> int:
        newest: int | None = connection.execute(sa.select(sa.func.max(self._events.c.id))).scalar()
        return newest or 0
