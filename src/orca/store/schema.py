# SPDX-License-Identifier: Apache-2.0
"""All types that a database holds.

The floor above makes them from its declarations (``orca.resources.tables``); the store itself knows no type by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from orca.store.record import Record, StoredType


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
