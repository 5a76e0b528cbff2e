# SPDX-License-Identifier: Apache-2.0
"""Errors of writing; other errors of the database are passed on as SQLAlchemy raised them."""

from collections.abc import Iterator


class StoreError(Exception):
    """Base of this floor's errors."""


class NotUnique(StoreError):
    """A write met a uniqueness constraint; the unit was rolled back.

    ``type`` is the root resource type (the table), ``field`` the API field that the declaration blames.
    """

    def __init__(self, type: str, field: str) -> None:
        super().__init__(f"{type}.{field} is already in use")
        self.type = type
        self.field = field


class MissingField(StoreError):
    """A write left a row without a field that every row of its type has; the unit was rolled back."""

    def __init__(self, type: str, field: str) -> None:
        super().__init__(f"a row of {type} must have {field}")
        self.type = type
        self.field = field


class NotFound(StoreError):
    """There is no row of that type and id."""

    def __init__(self, type: str, id: int) -> None:
        super().__init__(f"there is no {type} with id {id}")
        self.type = type
        self.id = id


class Closed(StoreError):
    """The database was closed while the unit waited for its turn; nothing was written."""


class Overdue(StoreError):
    """What a former unit left to be run later failed; all units of the transaction are run again, one at a time."""


class NoSpace(StoreError):
    """The disk of the database is full; the unit was rolled back. Reading still works; writing will once there is
    room.
    """

    def __init__(self) -> None:
        super().__init__("the disk of the database is full: free some space; until then nothing can be written")


class CannotOpen(StoreError):
    """The database cannot be used; the message says why and what to do."""


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and its causes."""
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__
