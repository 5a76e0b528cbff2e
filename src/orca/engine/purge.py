# SPDX-License-Identifier: Apache-2.0
"""Removed resources are purged when their time has come: the last process, which leaves only the row."""

from __future__ import annotations

from orca.engine.core import Core
from orca.resources import TYPES, machine
from orca.store import ANY, ReadTx, Record, Tx

BATCH = 100
"""Most rows of one type in a unit, so that no request waits noticeably behind it."""


async def purge(core: Core) -> int:
    """Begin to purge what may be purged; return how many."""
    total = 0
    for name in ROOTS:
        while found := await core.db.read(lambda tx, name=name: [row.id for row in _due(tx, name)]):  # type: ignore[misc]
            total += len(found)
            await core.db.write(lambda tx, name=name: _begin(tx, core, name))  # type: ignore[misc]
    return total


def _due(tx: ReadTx, root: str) -> list[Record]:
    columns = tx.table(root).c
    statement = tx.query(root, removed=ANY, state="removed").where(columns.removeTime <= tx.now).limit(BATCH)
    return tx.rows(root, statement)


def _begin(tx: Tx, core: Core, root: str) -> None:
    for row in _due(tx, root):
        core.engine.request(tx, row, "purge")


def _can_be_purged(name: str) -> bool:
    kinds = [kind for kind in TYPES if kind == name or TYPES[kind].parent == name]
    return all("purge" in machine(kind) for kind in kinds)


ROOTS = tuple(name for name, type in TYPES.items() if type.table and type.parent is None and _can_be_purged(name))
"""Root types whose rows have a purge process, whatever their kind."""
