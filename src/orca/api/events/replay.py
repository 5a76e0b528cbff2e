# SPDX-License-Identifier: Apache-2.0
"""The events that a client missed while it was away: the event table from its cursor on."""

from __future__ import annotations

import sqlalchemy as sa

from orca.resources.errors import Refused
from orca.store import Change, ReadTx

CHUNK = 1000
"""Rows of the event table that are read at once."""
DIGITS = 18
"""Most digits of a number that every database can store."""


class Expired(Exception):
    """The events after the cursor are gone: the client must list again."""


def parse(text: str) -> int:
    """A cursor as it came. Raises ``Refused``."""
    if not (text.isascii() and text.isdecimal() and len(text) <= DIGITS):
        raise Refused("InvalidFormat", "resume is the cursor of the last event that was received", field="resume")
    return int(text)


def newest(tx: ReadTx) -> int:
    """The number of the last event."""
    events = tx.table("event")
    found = tx.connection.execute(sa.select(sa.func.coalesce(sa.func.max(events.c.id), 0))).scalar_one()
    return int(found)


def since(tx: ReadTx, cursor: int, until: int | None = None) -> list[Change]:
    """The next ``CHUNK`` events after the cursor. Raises ``Expired`` if some may be missing."""
    events = tx.table("event")
    oldest = tx.connection.execute(sa.select(sa.func.min(events.c.id))).scalar_one() or 1
    if cursor < oldest - 1 or cursor > newest(tx):
        raise Expired
    query = sa.select(events).where(events.c.id > cursor).order_by(events.c.id).limit(CHUNK)
    if until is not None:
        query = query.where(events.c.id <= until)
    return [
        Change(row.id, row.resource_type, tx.schema[row.resource_type].root, row.resource_id, row.account_id)
        for row in tx.connection.execute(query)
        if row.resource_type in tx.schema.types
    ]
