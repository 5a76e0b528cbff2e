# SPDX-License-Identifier: Apache-2.0
"""Statements that are run many times.

For a small statement SQLAlchemy takes longer than the database itself. So its compiler runs once, and from then on the
driver gets the text and the parameters directly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa

from orca.store import driver
from orca.store.driver import Written

LONG = 1024
"""The longest list that a text is kept for."""


SIZES = (64, 16, 4, 1)
"""How many rows one INSERT may add: few sizes, so that few texts are kept."""


@dataclass(frozen=True, slots=True)
class _Text:
    """A statement for the driver.

    ``places``: for each parameter its name and, if that is a list's, the index. ``fixed``: parameters of the
    statement's own; ``booleans``: columns stored as 0 and 1.
    """

    sql: str
    places: tuple[tuple[str, int | None], ...]
    fixed: Mapping[str, Any]
    booleans: tuple[int, ...]

    def read(self, found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Rows as the driver gave them, with truth values."""
        return [_with_booleans(row, self.booleans) for row in found] if self.booleans else found


class Prepared:
    """One SELECT. ``lists``: the parameters that are lists, for IN."""

    def __init__(self, select: sa.Select[Any], *, lists: Sequence[str] = ()) -> None:
        self.select = select
        self._lists = lists
        self._texts: dict[tuple[str, tuple[int, ...]], _Text] = {}
        """By dialect, and by how many values the lists have room for."""

    def rows(self, connection: sa.Connection, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Run it."""
        if any(len(parameters[name]) > LONG for name in self._lists):
            return [tuple(row) for row in connection.execute(self.select, dict(parameters))]
        text, values = self._ready(connection, parameters)
        return text.read(driver.rows(connection, text.sql, values))

    def _ready(self, connection: sa.Connection, parameters: Mapping[str, Any]) -> tuple[_Text, list[Any]]:
        """The text and its values, in order."""
        if self._lists:
            parameters = {**parameters, **{name: _filled(parameters[name]) for name in self._lists}}
        sizes = tuple(len(parameters[name]) for name in self._lists)
        text = self._texts.get((connection.dialect.name, sizes))
        if text is None:
            rooms = dict(zip(self._lists, sizes, strict=True))
            text = _compile(self.select, driver.dialect(connection), rooms)
            self._texts[connection.dialect.name, sizes] = text
        values: list[Any] = []
        for name, index in text.places:
            value = parameters[name] if name in parameters else text.fixed[name]
            values.append(value if index is None else value[index])
        return text, values


def rows_of(
    connection: sa.Connection, selects: Sequence[tuple[Prepared, Mapping[str, Any]]]
) -> list[list[tuple[Any, ...]]]:
    """Run several SELECTs without lists in one go."""
    ready = [select._ready(connection, parameters) for select, parameters in selects]
    found = driver.many(connection, [(text.sql, values) for text, values in ready])
    return [text.read(rows) for (text, _), rows in zip(ready, found, strict=True)]


def _filled(values: Sequence[Any]) -> Sequence[Any]:
    """A list with its last value repeated up to a power of two: it means the same, and there are few such lengths."""
    missing = (1 << (len(values) - 1).bit_length()) - len(values) if values else 0
    return [*values, *[values[-1]] * missing] if missing else values


def _compile(select: sa.Select[Any], dialect: sa.Dialect, sizes: Mapping[str, int]) -> _Text:
    compiled = select.compile(dialect=dialect)
    booleans = []
    if not dialect.supports_native_boolean:
        columns = enumerate(select.selected_columns)
        booleans = [index for index, column in columns if isinstance(column.type, sa.Boolean)]
    given: dict[str, Any] = {name: None for name, parameter in compiled.binds.items() if parameter.required}
    given |= {name: [None] * size for name, size in sizes.items()}
    # A parameter of the statement's own may be a list, whose length is known now.
    text = compiled.construct_expanded_state(given)
    places = {part: (name, index) for name in sizes for index, part in enumerate(text.parameter_expansion[name])}
    named = [places.get(part, (part, None)) for part in text.positiontup or ()]
    return _Text(text.statement, tuple(named), text.parameters, tuple(booleans))


def _with_booleans(row: tuple[Any, ...], booleans: tuple[int, ...]) -> tuple[Any, ...]:
    values = list(row)
    for index in booleans:
        if values[index] is not None:
            values[index] = bool(values[index])
    return tuple(values)


class PreparedWrite:
    """One INSERT, UPDATE or DELETE. The parameters are the columns that it sets, and those of its WHERE."""

    def __init__(self, statement: sa.Insert | sa.Update | sa.Delete) -> None:
        self._statement = statement
        self._texts: dict[tuple[str, frozenset[str]], tuple[str, tuple[str, ...]]] = {}
        self._several: dict[tuple[str, int, tuple[str, ...]], tuple[str, Sequence[tuple[int, str]]]] = {}

    def run(self, connection: sa.Connection, parameters: Mapping[str, Any]) -> Written:
        """Run it once. Raises SQLAlchemy's errors on every database."""
        text, names = self._text(connection, parameters)
        return driver.run(connection, text, [parameters[name] for name in names])

    def send(self, connection: sa.Connection, parameters: Mapping[str, Any]) -> None:
        """Run it, at the latest with the next statement, for a caller who does not need its result."""
        text, names = self._text(connection, parameters)
        driver.later(connection, text, [parameters[name] for name in names])

    def send_many(self, connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run an INSERT for rows that name the same columns, several per statement."""
        dialect, done = driver.dialect(connection), 0
        while done < len(rows):
            size = next(size for size in SIZES if size <= len(rows) - done)
            text, names = self._many(dialect, size, tuple(rows[0]))
            part = rows[done : done + size]
            driver.later(connection, text, [part[number][name] for number, name in names])
            done += size

    def _many(self, dialect: sa.Dialect, size: int, columns: tuple[str, ...]) -> tuple[str, Sequence[tuple[int, str]]]:
        """The text for so many rows; for each parameter the row and its column."""
        found = self._several.get((dialect.name, size, columns))
        if found is None:
            assert isinstance(self._statement, sa.Insert)
            places = {f"r{number}_{name}": (number, name) for number in range(size) for name in columns}
            values: list[dict[str, Any]] = [
                {name: sa.bindparam(f"r{number}_{name}") for name in columns} for number in range(size)
            ]
            compiled = self._statement.values(values).compile(dialect=dialect)
            names = [places[name] for name in compiled.positiontup or ()]
            found = self._several[dialect.name, size, columns] = str(compiled), names
        return found

    def _text(self, connection: sa.Connection, parameters: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
        """The text for the driver, and the order of its parameters."""
        shape = connection.dialect.name, frozenset(parameters)
        found = self._texts.get(shape)
        if found is None:
            compiled = self._statement.compile(dialect=driver.dialect(connection), column_keys=sorted(parameters))
            found = self._texts[shape] = str(compiled), tuple(compiled.positiontup or ())
        return found


@cache
def adding(table: sa.Table) -> PreparedWrite:
    """The INSERT of a table."""
    return PreparedWrite(sa.insert(table))
