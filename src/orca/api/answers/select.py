# SPDX-License-Identifier: Apache-2.0
"""Rows as a caller sees them: by id, and at the end of a link."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from orca.api.callers.caller import Caller
from orca.resources.types import Link
from orca.resources.views import LinkView
from orca.store import ANY, ReadTx, Record


def rows_of(tx: ReadTx, type: str, statement: sa.Select[Any]) -> list[Record]:
    """The rows of a SELECT on a type."""
    return tx.rows(type, with_view(tx, type, statement))


def with_view(tx: ReadTx, type: str, statement: sa.Select[Any]) -> sa.Select[Any]:
    """The SELECT, on the type's view where it has one instead of rows."""
    view = tx.schema[type].view
    if view is None:
        return statement
    tx.flush()
    return statement.add_cte(view)


def linked(tx: ReadTx, caller: Caller, link: LinkView, row: Record) -> list[Record]:
    """The live rows of a collection link."""
    assert link.link is not None
    statement = tx.query(link.type).where(at_the_end(tx, link.link, row))
    return rows_of(tx, link.type, caller.scope(tx, link.type, statement))


def at_the_end(tx: ReadTx, link: Link, record: Record) -> Any:
    """The SQL condition for the rows at the end of a resource's link."""
    columns = tx.table(link.type).c
    if link.through is None:
        source = record.get(link.source)
        return sa.false() if source is None else columns[link.target] == source
    between = tx.table(link.through).c
    reached = sa.select(between[link.target]).where(between[link.near] == record.id, between.removed.is_(None))
    return columns.id.in_(with_view(tx, link.through, reached))


def visible(tx: ReadTx, caller: Caller, type: str, id: int | None) -> Record | None:
    """A row by id if the caller may see it, removed or not."""
    if id is None:
        return None
    stored = tx.schema[type]
    query = tx.query(type, removed=ANY) if "removed" in stored.table.c else tx.query(type)
    found = rows_of(tx, type, caller.scope(tx, type, query.where(stored.table.c.id == id)))
    return found[0] if found else None


def existing(tx: ReadTx, caller: Caller, type: str, ids: Collection[int]) -> set[int]:
    """The ids whose rows are live and visible to the caller."""
    column = tx.schema[type].table.c.id
    statement = caller.scope(tx, type, tx.query(type).where(column.in_(ids))).with_only_columns(column)
    return {id for (id,) in tx.execute(with_view(tx, type, statement))}
