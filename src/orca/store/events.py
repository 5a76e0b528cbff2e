# SPDX-License-Identifier: Apache-2.0
"""The event table: which resource changed, written in the same unit as the change itself.

The number of a row is the cursor with which clients resume, so a lower number must never appear after a higher one was
seen. SQLite has one writer at a time, which numbers rows as it writes. With several writers, a number taken inside a
unit says nothing about the order of COMMITs. So units leave their rows in ``event_pending``, and the sequencer moves
them here.
"""

from __future__ import annotations

import sqlalchemy as sa

from orca.store.bus import Change
from orca.store.prepared import Prepared
from orca.store.schema import Schema

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""Room for more events than four bytes can count; SQLite's integers are always large."""


def _columns() -> tuple[sa.Column[int] | sa.Column[str], ...]:
    return (
        sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("resource_type", sa.String(64), nullable=False),
        sa.Column("resource_id", sa.Integer, nullable=False),
        sa.Column("account_id", sa.Integer),
        sa.Column("created", sa.BigInteger, nullable=False),
    )


def event_table(metadata: sa.MetaData) -> sa.Table:
    """Add the event tables to ``metadata``. Rows are deleted after the retention time; numbers are never reused."""
    sa.Table("event_pending", metadata, *_columns(), sqlite_autoincrement=True)
    return sa.Table("event", metadata, *_columns(), sa.Index("ix_event_created", "created"), sqlite_autoincrement=True)


class Newer:
    """Reads the events after a number."""

    def __init__(self, schema: Schema) -> None:
        events = schema.metadata.tables["event"]
        self._types = schema.types
        self._select = Prepared(
            sa.select(events).where(events.c.id > sa.bindparam("last", type_=NUMBER)).order_by(events.c.id)
        )

    def __call__(self, connection: sa.Connection, last: int) -> tuple[list[Change], int]:
        """The changes after ``last``, in order, and the last row's number. Events of unknown types are skipped."""
        changes = []
        for id, type, resource_id, account_id, _created in self._select.rows(connection, {"last": last}):
            last = id
            if type in self._types:
                changes.append(Change(id, type, self._types[type].root, resource_id, account_id))
        return changes, last
