# SPDX-License-Identifier: Apache-2.0
"""What can go wrong when writing; anything else from the database is passed on as SQLAlchemy raised it."""


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


class NotFound(StoreError):
    """There is no row of that type and id."""

    def __init__(self, type: str, id: int) -> None:
        super().__init__(f"there is no {type} with id {id}")
        self.type = type
        self.id = id


class Closed(StoreError):
    """The database was closed while the unit waited for its turn; nothing was written."""


class Conflict(StoreError):
    """Another unit changed a row between this one's look and its write; the unit is run again."""


class CannotOpen(StoreError):
    """The database cannot be used; the message says why and what to do."""
