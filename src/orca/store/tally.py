# SPDX-License-Identifier: Apache-2.0
"""How many live rows of a type have each value of one of its fields.

Counting costs time for each row; a tally only for each change. The store updates it with every insert, update and
delete. In one unit each number is written once.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

import sqlalchemy as sa

from orca.store.prepared import Prepared, PreparedWrite
from orca.store.record import Record

TABLE = "tally"

Key = tuple[str, int]
"""The root type of the counted rows, and their value."""


def tally_table(metadata: sa.MetaData) -> sa.Table:
    """Add the table to ``metadata``."""
    return sa.Table(
        TABLE,
        metadata,
        sa.Column("root", sa.String(64), primary_key=True),
        sa.Column("value", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, nullable=False),
    )


def key_of(record: Record) -> Key | None:
    """The key that counts a row; None if it is removed, has no value, or is of a type that nobody counts."""
    field = record._stored.tally
    if field is None or record._values.get("removed") is not None or record._values[field] is None:
        return None
    return record.root, record._values[field]


class Tally:
    """What one unit adds and takes away."""

    def __init__(self) -> None:
        self._changes: Counter[Key] = Counter()

    def move(self, before: Key | None, after: Key | None) -> None:
        """A row that was counted under one key is counted under another."""
        if before == after:
            return
        if before is not None:
            self._changes[before] -= 1
        if after is not None:
            self._changes[after] += 1

    def write(self, connection: sa.Connection, table: sa.Table) -> None:
        """Add it to the stored numbers."""
        for (root, value), number in self._changes.items():
            if number:
                statement = _adding(table, connection.dialect.name)
                statement.send(connection, {"root": root, "value": value, "number": number})
        self._changes.clear()


def numbers(connection: sa.Connection, table: sa.Table, root: str) -> dict[int, int]:
    """The numbers of live rows of a root type by their value."""
    return dict(_reading(table).rows(connection, {"of": root}))


@cache
def _reading(table: sa.Table) -> Prepared:
    return Prepared(sa.select(table.c.value, table.c.number).where(table.c.root == sa.bindparam("of")))


@cache
def _adding(table: sa.Table, dialect: str) -> PreparedWrite:
    """The INSERT that adds to an existing row. Only the dialect of the own database is imported."""
    if dialect in ("mysql", "mariadb"):
        from sqlalchemy.dialects import mysql

        add = mysql.insert(table)
        return PreparedWrite(add.on_duplicate_key_update(number=table.c.number + add.inserted.number))
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
    upsert = insert(table)
    number = table.c.number + upsert.excluded.number
    return PreparedWrite(upsert.on_conflict_do_update(index_elements=["root", "value"], set_={"number": number}))
