# SPDX-License-Identifier: Apache-2.0
"""A row as units see it: attribute access by API field name, columns and JSON fields alike."""

from __future__ import annotations

from typing import Any

from orca.store.schema import StoredType


class Record:
    """One row of a resource table.

    ``record.hostId`` gives the field of that name (None when it was never set), ``AttributeError`` when the type has
    none. References are integers, dates UTC milliseconds. A record is a view inside its unit: change it with
    ``tx.update`` only; after the unit it is a plain snapshot that may be kept and read.
    """

    __slots__ = ("_blob", "_stored", "_values")
    _stored: StoredType
    _values: dict[str, Any]
    _blob: dict[str, Any]

    def __init__(self, stored: StoredType, values: dict[str, Any], blob: dict[str, Any]) -> None:
        self._stored = stored
        self._values = values
        self._blob = blob

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
        """All columns and JSON fields by name, at once; what was never set may be missing."""
        return {**self._blob.get("fields", {}), **self._values}

    def get(self, name: str, default: Any = None) -> Any:
        """Like attribute access, with a default for a field that is unset or that the type does not have."""
        value = getattr(self, name, None)
        return default if value is None else value

    def __repr__(self) -> str:
        return f"<{self.type} {self._values.get('id')} {self._values.get('name')!r} {self._values.get('state')}>"
