# SPDX-License-Identifier: Apache-2.0
"""SELECTs that are run over and over.

SQLAlchemy's execution of a small SELECT takes five times as long as SQLite does. Its compiler is needed once; from then
on the driver gets the text and the parameters itself. Other databases are asked through SQLAlchemy as ever.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class _Text:
    """What the driver takes. ``fixed``: parameters that the statement brings itself; ``booleans``: kept as 0 and 1."""

    sql: str
    names: tuple[str, ...]
    fixed: Mapping[str, Any]
    booleans: tuple[int, ...]


class Prepared:
    """One SELECT. ``plain``: every parameter is one value, so that its text is always the same."""

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
    # What the statement brings itself may be a list, whose length is known now.
    text = compiled.construct_expanded_state(given)
    return _Text(text.statement, tuple(text.positiontup or ()), text.parameters, tuple(booleans))


def _with_booleans(row: tuple[Any, ...], booleans: tuple[int, ...]) -> tuple[Any, ...]:
    values = list(row)
    for index in booleans:
        if values[index] is not None:
            values[index] = bool(values[index])
    return tuple(values)
