# SPDX-License-Identifier: Apache-2.0
"""What the store knows about a resource type: its table, and where each API field is stored.

The floor above makes these from its declarations (``orca.resources.tables``); the store itself knows no type by name.
A field is a column, or a key in ``fields`` inside the JSON text column ``data`` (``{"fields": {...}, ...}``, as v1
shows it to operators). Children of a root type share its table and are told apart by ``kind``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from orca.store.record import Record
from orca.store.statements import Statements


@dataclass(frozen=True)
class StoredType:
    """One resource type as the store sees it.

    ``kinds``: values of ``kind`` that rows of this type have; empty means every row of the table.
    ``live_key``: text that must be unique among the live rows of the table, or None if this row needs none.
    ``unique_field``: the API field to blame when it is not.
    ``own``: keys of the JSON column beside the fields, by the names that rows have them under.
    ``always``: fields that every row has. ``row``: the class of its rows.
    ``tally``: the field by whose values the live rows of the table are counted (``tx.tally``).
    ``view``: what to read instead of the table, under the table's name, where rows are made from other rows.
    """

    name: str
    root: str
    table: sa.Table
    kinds: frozenset[str]
    columns: frozenset[str]
    json_fields: frozenset[str]
    own: Mapping[str, str] = field(default_factory=dict)
    always: frozenset[str] = frozenset()
    row: type[Record] = Record
    live_key: Callable[[Any], str | None] | None = None
    unique_field: str = "name"
    tally: str | None = None
    view: sa.CTE | None = None

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The table's columns by their API names, in order."""
        return tuple(column.key for column in self.table.columns)

    @cached_property
    def statements(self) -> Statements:
        """Prepared statements on the table."""
        return Statements(self)


@dataclass(frozen=True)
class Schema:
    """Every type by name, and the tables they lie in (``metadata`` also holds the store's own)."""

    metadata: sa.MetaData
    types: Mapping[str, StoredType]

    def __getitem__(self, type: str | type[Record]) -> StoredType:
        """The type of that name or class; KeyError when none is declared."""
        return self.types[type if isinstance(type, str) else type.TYPE]

    def specific(self, root: str, kind: str | None) -> StoredType:
        """The most specific declared type of a row: its kind where that is a type of this table, else the root."""
        found = self.types.get(kind) if kind else None
        return found if found is not None and found.root == root else self.types[root]
