# SPDX-License-Identifier: Apache-2.0
"""The event table: which resource changed, written in the same unit as the change itself.

The number of a row is the cursor with which clients resume, so a lower number must never appear after a higher one was
seen. One writer at a time is let in (``orca.store.writer``), and it numbers rows as it writes.
"""

from __future__ import annotations

import sqlalchemy as sa

from orca.store.bus import Change
from orca.store.prepared import Prepared
from orca.store.schema import Schema

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""Room for more events than four bytes can count; SQLite's integers are always large."""
BATCH = 1000
"""Events that are read at once."""


def event_table(metadata: sa.MetaData) -> sa.Table:
    """Add the table to ``metadata``. Rows are deleted after the retention time; numbers are never reused."""
    return sa.Table(
        "event",
        metadata,
        sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("resource_type", sa.String(64), nullable=False),
        sa.Column("resource_id", sa.Integer, nullable=False),
        sa.Column("account_id", sa.Integer),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Index("ix_event_created", "created"),
        sqlite_autoincrement=True,
    )


class Newer:
    """Reads the events after a number."""

    def __init__(self, schema: Schema) -> None:
        events = schema.metadata.tables["event"]
        self._types = schema.types
        newer = sa.select(events).where(events.c.id > sa.bindparam("last", type_=NUMBER)).order_by(events.c.id)
        # Without a limit a planner that knows nothing of the table may read all of it.
        self._select = Prepared(newer.limit(BATCH))

    def __call__(self, connection: sa.Connection, last: int) -> tuple[list[Change], int]:
        """The changes after ``last``, in order, and the last row's number. Events of unknown types are skipped."""
        changes = []
        while True:
            found = self._select.rows(connection, {"last": last})
            for id, type, resource_id, account_id, _created in found:
                last = id
                if type in self._types:
                    changes.append(Change(id, type, self._types[type].root, resource_id, account_id))
            if len(found) < BATCH:
                return changes, last
