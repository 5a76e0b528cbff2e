# SPDX-License-Identifier: Apache-2.0
"""A row as units see it, and what the store knows about its type: its table, and where each API field is stored.

A field is a column, or a key in ``fields`` inside the JSON text column ``data`` (``{"fields": {...}, ...}``, as v1
shows it to operators). Children of a root type share its table and are told apart by ``kind``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, overload

import sqlalchemy as sa

from orca.store.statements import Statements

T = TypeVar("T")


class Record:
    """One row of a resource table.

    ``record.hostId`` gives the field of that name (None if it was never set), ``AttributeError`` if the type has none.
    References are integers, dates UTC milliseconds. A record is a view inside its unit: change it with ``tx.update``
    only; after the unit it is a plain snapshot that may be kept and read.

    Each declared type has a class below this one (``orca.resources.rows``), which names its fields for mypy; a row
    whose type is known only at run time is read with ``get`` or after ``isinstance``.
    """

    __slots__ = ("_blob", "_stored", "_values")
    TYPE: ClassVar[str]
    """The name of the type; set in each type's class."""
    id: int
    _stored: StoredType
    _values: dict[str, Any]
    _blob: dict[str, Any]

    def __init__(self, stored: StoredType, values: dict[str, Any], blob: dict[str, Any]) -> None:
        self._stored = stored
        self._values = values
        self._blob = blob

    if not TYPE_CHECKING:  # mypy knows fields by the classes of types, and no others

        def __getattr__(self, name: str) -> Any:
            stored = object.__getattribute__(self, "_stored")
            if name in stored.json_fields:
                return self._blob.get("fields", {}).get(name)
            try:
                return self._values[name]
            except KeyError:
                raise AttributeError(f"{stored.name} has no field {name!r}") from None

    @property
    def type(self) -> str:
        """The most specific declared type of this row, for example ``container``."""
        return self._stored.name

    @property
    def root(self) -> str:
        """The root type, which names the table and the id space, for example ``instance``."""
        return self._stored.root

    @property
    def data(self) -> dict[str, Any]:
        """The JSON column: ``fields`` holds the fields that are not columns; other keys are the server's own."""
        return self._blob

    def fields(self) -> dict[str, Any]:
        """All columns and JSON fields by name; fields that were never set may be missing."""
        return {**self._blob.get("fields", {}), **self._values}

    def get(self, name: str, default: Any = None) -> Any:
        """Like attribute access, with a default for a field that is unset or unknown to the type."""
        value = getattr(self, name, None)
        return default if value is None else value

    def __repr__(self) -> str:
        return f"<{self.type} {self._values.get('id')} {self._values.get('name')!r} {self._values.get('state')}>"


@dataclass(frozen=True)
class StoredType:
    """One resource type as the store sees it.

    ``kinds``: values of ``kind`` that rows of this type have; empty means every row of the table.
    ``live_key``: text that must be unique among the live rows of the table, or None if this row needs none.
    ``unique_field``: the API field to blame when it is not.
    ``own``: keys of the JSON column beside the fields, by the names that rows have them under.
    ``always``: fields that every row has. ``row``: the class of its rows.
    ``derived``: columns that follow from the other fields of the row; the store computes them with every change.
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
    derived: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    tally: str | None = None
    view: sa.CTE | None = None

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The table's columns by their API names, in order."""
        return tuple(column.key for column in self.table.columns)

    @cached_property
    def statements(self) -> Statements:
        """Prepared statements on the table."""
        return Statements(self.name, self.table, self.kinds)


class Own(Generic[T]):
    """A key of the JSON column beside the fields, as an attribute of rows; None if it is missing."""

    __slots__ = ("key",)

    def __init__(self, key: str) -> None:
        self.key = key

    @overload
    def __get__(self, row: None, owner: type[Record]) -> Own[T]: ...

    @overload
    def __get__(self, row: Record, owner: type[Record]) -> T | None: ...

    def __get__(self, row: Record | None, owner: type[Record]) -> Own[T] | T | None:
        return self if row is None else row._blob.get(self.key)
