# SPDX-License-Identifier: Apache-2.0
"""Prepared statements: building a SELECT costs more than running it, so each shape is built once per type.

The shape of a search: which columns it names and how it compares each (equal, one of, or null).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from orca.store.prepared import Prepared, PreparedWrite, adding

ANY: Final[Any] = object()
"""``tx.find(type, removed=ANY)``: removed rows too."""

ROW_ID = "row_id"
"""The parameter that names the row in ``by_id`` and ``change``; columns never have underscores here."""


Shape: TypeAlias = tuple[tuple[str, str], ...]
"""Column names, and how each is compared."""


class Statements:
    """The statements of one type, whose rows are those of the table with one of these kinds (none: all)."""

    def __init__(self, type: str, table: sa.Table, kinds: frozenset[str]) -> None:
        self._type = type
        self._table = table
        self._kinds = kinds
        self._searches: dict[tuple[Shape, bool], Prepared] = {}
        self._values: dict[tuple[Shape, tuple[str, ...]], Prepared] = {}
        self.by_id = Prepared(sa.select(table).where(table.c.id == sa.bindparam(ROW_ID)))
        self.add = adding(table)
        self.change = PreparedWrite(sa.update(table).where(table.c.id == sa.bindparam(ROW_ID)))

    def search(self, equals: Mapping[str, Any], *, one: bool = False) -> tuple[Prepared, dict[str, Any]]:
        """The SELECT of ``tx.find(**equals)`` (``one``: of ``first``) and its parameters.

        Raises ``TypeError`` for a name that is not a column.
        """
        shape, parameters = _shape(equals)
        found = self._searches.get((shape, one))
        if found is None:
            select = self._build(shape)
            found = Prepared(select.limit(1) if one else select, lists=_lists(shape))
            self._searches[shape, one] = found
        return found, parameters

    def values(self, names: tuple[str, ...], equals: Mapping[str, Any]) -> tuple[Prepared, dict[str, Any]]:
        """The SELECT of some columns of the rows that ``search`` finds, and its parameters. Without columns it
        counts them.
        """
        shape, parameters = _shape(equals)
        found = self._values.get((shape, names))
        if found is None:
            columns = self._table.c
            select = self._build(shape)
            if names:
                select = select.with_only_columns(*(columns[name] for name in names))
            else:
                select = select.order_by(None).with_only_columns(sa.func.count(), maintain_column_froms=True)
            found = self._values[shape, names] = Prepared(select, lists=_lists(shape))
        return found, parameters

    def _build(self, shape: Shape) -> sa.Select[Any]:
        columns = self._table.c
        statement = sa.select(self._table).order_by(columns.id)
        if self._kinds:
            statement = statement.where(columns.kind.in_(sorted(self._kinds)))
        if "removed" in columns and "removed" not in dict(shape):
            statement = statement.where(columns.removed.is_(None))
        for name, comparison in shape:
            if name not in columns:
                raise TypeError(f"{self._type}.{name} is not a column; it cannot be searched by")
            column = columns[name]
            if comparison == "null":
                statement = statement.where(column.is_(None))
            elif comparison == "in":
                statement = statement.where(column.in_(sa.bindparam(f"p_{name}", expanding=True)))
            elif comparison == "eq":
                statement = statement.where(column == sa.bindparam(f"p_{name}"))
        return statement


def _lists(shape: Shape) -> tuple[str, ...]:
    """The parameters that are lists."""
    return tuple(f"p_{name}" for name, comparison in shape if comparison == "in")


def _shape(equals: Mapping[str, Any]) -> tuple[Shape, dict[str, Any]]:
    """The shape of a search, and its parameters."""
    shape: list[tuple[str, str]] = []
    parameters: dict[str, Any] = {}
    for name, value in equals.items():
        if value is ANY:
            shape.append((name, "any"))
        elif value is None:
            shape.append((name, "null"))
        elif isinstance(value, list | tuple | set | frozenset):
            shape.append((name, "in"))
            parameters[f"p_{name}"] = list(value)
        else:
            shape.append((name, "eq"))
            parameters[f"p_{name}"] = value
    return tuple(shape), parameters
