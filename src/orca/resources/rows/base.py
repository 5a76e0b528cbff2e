# SPDX-License-Identifier: Apache-2.0
"""What rows of most types have. Written by script/rows.py from the declarations in src/orca/resources."""

from __future__ import annotations

from orca.store import Record


class Row(Record):
    """A row with the base fields."""

    __slots__ = ()
    accountId: int | None
    created: int
    description: str | None
    kind: str
    name: str | None
    removeTime: int | None
    removed: int | None
    uuid: str


class Resource(Row):
    """A row with states and processes."""

    __slots__ = ()
    state: str
    transitioning: str | None
    transitioningMessage: str | None
    transitioningProgress: int | None
