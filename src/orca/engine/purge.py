# SPDX-License-Identifier: Apache-2.0
"""Removed resources are purged when their time has come: the last process, which leaves only the row."""

from __future__ import annotations

from functools import partial

from orca.engine.core import Core
from orca.resources import TYPES, processes_of, rows
from orca.store import ANY, ReadTx, Tx

BATCH = 100
"""Most rows of one type in a unit, so that no request waits noticeably behind it."""


async def purge(core: Core) -> int:
    """Begin to purge what may be purged; return how many."""
    total = 0
    for root in ROOTS:
        while found := await core.db.read(partial(_due, root=root)):
            total += len(found)
            await core.db.write(partial(_begin, core=core, root=root))
    return total


def _due(tx: ReadTx, root: type[rows.Resource]) -> list[rows.Resource]:
    columns = tx.table(root).c
    statement = tx.query(root, removed=ANY, state="removed").where(columns.removeTime <= tx.now).limit(BATCH)
    return tx.rows(root, statement)


def _begin(tx: Tx, core: Core, root: type[rows.Resource]) -> None:
    for row in _due(tx, root):
        core.engine.request(tx, row, "purge")


def _can_be_purged(name: str) -> bool:
    types = [type for type in TYPES if type == name or TYPES[type].parent == name]
    return all("purge" in processes_of(type) for type in types)


ROOTS = tuple(
    row
    for name, row in rows.BY_NAME.items()
    if issubclass(row, rows.Resource) and TYPES[name].parent is None and _can_be_purged(name)
)
"""Root types whose rows have a purge process, whatever their type."""
