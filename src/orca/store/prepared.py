# SPDX-License-Identifier: Apache-2.0
"""Statements that are run many times.

For a small statement SQLAlchemy takes five times as long as SQLite itself. So its compiler runs once, and from then on
the driver gets the text and the parameters directly. Other databases are used through SQLAlchemy.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class _Text:
    """A statement for the driver. ``fixed``: parameters of the statement's own; ``booleans``: stored as 0 and 1."""

    sql: str
    names: tuple[str, ...]
    fixed: Mapping[str, Any]
    booleans: tuple[int, ...]


class Prepared:
    """One SELECT. ``plain``: every parameter is one value, so the text is always the same."""

    def __init__(self, select: sa.Select[Any], *, plain: bool = True) -> None:
        self.select = select
        self._plain = plain
        self._text: _Text | None = None

    def rows(self, connection: sa.Connection, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Run it."""
        driver = connection.connection.driver_connection
        if not self._plain or not isinstance(driver, sqlite3.Connection):
            return [tuple(row) for row in connection.execute(self.select, dict(parameters))]
        text = self._text
        if text is None:
            text = self._text = _compile(self.select, connection.dialect)
        values = [parameters[name] if name in parameters else text.fixed[name] for name in text.names]
        found: list[tuple[Any, ...]] = driver.execute(text.sql, values).fetchall()
        return [_with_booleans(row, text.booleans) for row in found] if text.booleans else found


def _compile(select: sa.Select[Any], dialect: sa.Dialect) -> _Text:
    compiled = select.compile(dialect=dialect)
    booleans = [index for index, column in enumerate(select.selected_columns) if isinstance(column.type, sa.Boolean)]
    given = {name: None for name, parameter in compiled.binds.items() if parameter.required}
    # A parameter of the statement's own may be a list, whose length is known now.
    text = compiled.construct_expanded_state(given)
    return _Text(text.statement, tuple(text.positiontup or ()), text.parameters, tuple(booleans))


def _with_booleans(row: tuple[Any, ...], booleans: tuple[int, ...]) -> tuple[Any, ...]:
    values = list(row)
    for index in booleans:
        if values[index] is not None:
            values[index] = bool(values[index])
    return tuple(values)


@dataclass(frozen=True, slots=True)
class Written:
    """The result of a write: how many rows it matched, and the ``id`` of an INSERT."""

    rows: int
    id: int | None


class PreparedWrite:
    """One INSERT, UPDATE or DELETE. The parameters are the columns that it sets, and those of its WHERE."""

    def __init__(self, statement: sa.Insert | sa.Update | sa.Delete) -> None:
        self._statement = statement
        self._texts: dict[frozenset[str], tuple[str, tuple[str, ...]]] = {}

    def run(self, connection: sa.Connection, parameters: Mapping[str, Any]) -> Written:
        """Run it once. Raises SQLAlchemy's errors on every database."""
        driver = connection.connection.driver_connection
        if not isinstance(driver, sqlite3.Connection):
            result = connection.execute(self._statement, dict(parameters))
            key = result.inserted_primary_key if isinstance(self._statement, sa.Insert) else None
            return Written(result.rowcount, key[0] if key else None)
        text, names = self._text(connection, parameters)
        values = [parameters[name] for name in names]
        with _errors_of(connection, text, values):
            cursor = driver.execute(text, values)
        return Written(cursor.rowcount, cursor.lastrowid)

    def run_many(self, connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run it for each row; all rows name the same columns."""
        driver = connection.connection.driver_connection
        if not isinstance(driver, sqlite3.Connection):
            connection.execute(self._statement, [dict(row) for row in rows])
            return
        text, names = self._text(connection, rows[0])
        values = [[row[name] for name in names] for row in rows]
        with _errors_of(connection, text, values):
            driver.executemany(text, values)

    def _text(self, connection: sa.Connection, parameters: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
        """The text for the driver, and the order of its parameters."""
        shape = frozenset(parameters)
        found = self._texts.get(shape)
        if found is None:
            compiled = self._statement.compile(dialect=connection.dialect, column_keys=sorted(shape))
            found = self._texts[shape] = str(compiled), tuple(compiled.positiontup or ())
        return found


@cache
def adding(table: sa.Table) -> PreparedWrite:
    """The INSERT of a table."""
    return PreparedWrite(sa.insert(table))


@contextlib.contextmanager
def _errors_of(connection: sa.Connection, text: str, values: Sequence[Any]) -> Iterator[None]:
    """Raise the driver's errors as SQLAlchemy's."""
    try:
        yield
    except sqlite3.Error as error:
        raise sa.exc.DBAPIError.instance(text, values, error, sqlite3.Error, dialect=connection.dialect) from error
