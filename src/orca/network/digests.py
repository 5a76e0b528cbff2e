# SPDX-License-Identifier: Apache-2.0
"""The digests of each host: of its wanted items, and of those that it has applied (``orca.wire.digest``).

They change with the rows, in the same unit, by adding. A host without a row has not joined yet, and is compared item by
item.
"""

from __future__ import annotations

from functools import cache

import sqlalchemy as sa

from orca.store import Prepared, PreparedWrite, ReadTx, Tx, adding
from orca.wire import digest

TABLE = "config_digest"


def agrees(tx: ReadTx, host_id: int, said: str) -> bool:
    """True if a host has applied exactly the wanted items, and the rows record it."""
    found = numbers(tx, host_id)
    return found is not None and found[0] == found[1] and digest.text(found[0]) == said


def numbers(tx: ReadTx, host_id: int) -> tuple[int, int] | None:
    """The digests of a host, of wanted and of applied items; None before it has joined."""
    found = tx.ask(_reading(tx.table(TABLE)), {"host": host_id})
    return (found[0][0], found[0][1]) if found else None


def behind(tx: ReadTx) -> list[int]:
    """The hosts that have not applied all that they are to have, as far as the rows know."""
    table = tx.table(TABLE)
    return [row[0] for row in tx.execute(sa.select(table.c.host_id).where(table.c.wanted != table.c.applied))]


def change(tx: Tx, host_id: int, *, wanted: int = 0, applied: int = 0) -> None:
    """Add to the digests of a host; a removal is negative."""
    parameters = {"host": host_id, "more_wanted": wanted % digest.MODULUS, "more_applied": applied % digest.MODULUS}
    if parameters["more_wanted"] or parameters["more_applied"]:
        tx.send(_adding(tx.table(TABLE)), parameters)


def begin(tx: Tx, host_id: int) -> bool:
    """Begin digests for a host; return False if it has them already."""
    if tx.ask(_reading(tx.table(TABLE)), {"host": host_id}):
        return False
    tx.send(adding(tx.table(TABLE)), {"host_id": host_id, "wanted": 0, "applied": 0})
    return True


def put(tx: Tx, host_id: int, wanted: int, applied: int) -> None:
    """Set the digests of a host that has them."""
    tx.send(_setting(tx.table(TABLE)), {"host": host_id, "wanted": wanted, "applied": applied})


def forget(tx: Tx, host_id: int) -> None:
    """Delete the digests of a removed host."""
    tx.send(_forgetting(tx.table(TABLE)), {"host": host_id})


@cache
def _reading(table: sa.Table) -> Prepared:
    return Prepared(sa.select(table.c.wanted, table.c.applied).where(table.c.host_id == sa.bindparam("host")))


@cache
def _adding(table: sa.Table) -> PreparedWrite:
    modulus: sa.ColumnElement[int] = sa.literal_column(str(digest.MODULUS), sa.BigInteger())
    more = {name: sa.bindparam(f"more_{name}", type_=sa.BigInteger()) for name in ("wanted", "applied")}
    sums = {name: (table.c[name] + parameter) % modulus for name, parameter in more.items()}
    return PreparedWrite(sa.update(table).where(table.c.host_id == sa.bindparam("host")).values(sums))


@cache
def _setting(table: sa.Table) -> PreparedWrite:
    return PreparedWrite(sa.update(table).where(table.c.host_id == sa.bindparam("host")))


@cache
def _forgetting(table: sa.Table) -> PreparedWrite:
    return PreparedWrite(sa.delete(table).where(table.c.host_id == sa.bindparam("host")))
