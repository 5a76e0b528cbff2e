# SPDX-License-Identifier: Apache-2.0
"""Tell a failing path from failing containers.

When one checker finds at least half of what it checks on a host failing within two intervals, while that host's own
checker finds it well, the way between the two is to blame, not the containers. Such a verdict counts for nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from orca.orchestration.health.states import DOWN, UP
from orca.resources import rows
from orca.store import Prepared, ReadTx, Tx

MOST = 5000
"""Failures of one pair that are remembered."""


class Pair(NamedTuple):
    """The host of a checker, and the host whose containers it checks."""

    checker: int
    host: int


class Failure(NamedTuple):
    """A checker's row whose verdict became ``down``, and the milliseconds between two of its checks."""

    pair: Pair
    row_id: int
    interval: int


class Paths:
    """Remembers the failures of the last two intervals, by pair of hosts. A restart of the server forgets them."""

    def __init__(self) -> None:
        self._recent: dict[Pair, deque[tuple[int, int]]] = {}
        """(UTC milliseconds until when it counts, row id)."""

    def note(self, failures: Iterable[Failure], now: int) -> dict[Pair, set[int]]:
        """Remember failures; return all recent ones of the same pairs. ``now``: UTC milliseconds."""
        pairs = set()
        for pair, row_id, interval in failures:
            self._recent.setdefault(pair, deque(maxlen=MOST)).append((now + 2 * interval, row_id))
            pairs.add(pair)
        self._recent = {pair: left for pair, known in self._recent.items() if (left := _still(known, now))}
        return {pair: {row_id for _, row_id in self._recent[pair]} for pair in pairs if pair in self._recent}


def _still(known: deque[tuple[int, int]], now: int) -> deque[tuple[int, int]]:
    while known and known[0][0] <= now:
        known.popleft()
    return known


def blame(tx: Tx, pair: Pair, failing: Collection[int]) -> list[int]:
    """Mark the failures that are the path's fault; return the ids of their containers."""
    found = [row for row in tx.find(rows.HealthcheckInstanceHostMap, id=failing) if row.said == DOWN]
    blamed = [row for row in found if _own_says_up(tx, row, pair.host)]
    if not blamed or _checked(tx, pair, 2 * len(blamed) + 1) > 2 * len(blamed):
        return []
    for row in blamed:
        tx.update(row, pathFault=True)
    return [row.instanceId for row in blamed]


def _own_says_up(tx: ReadTx, row: rows.HealthcheckInstanceHostMap, host_id: int) -> bool:
    own = tx.first(rows.HealthcheckInstanceHostMap, instanceId=row.instanceId, hostId=host_id)
    return own is not None and own.said == UP


def _checked(tx: ReadTx, pair: Pair, most: int) -> int:
    """How many containers one host checks on another, as far as ``most``."""
    statement = _between(tx.table(rows.HealthcheckInstanceHostMap), tx.table(rows.Instance))
    return len(tx.ask(statement, {"checker": pair.checker, "host": pair.host, "most": most}))


@cache
def _between(maps: sa.Table, instances: sa.Table) -> Prepared:
    here: list[sa.ColumnElement[Any]] = [
        maps.c.hostId == sa.bindparam("checker"),
        maps.c.removed.is_(None),
        instances.c.hostId == sa.bindparam("host"),
        instances.c.state == "running",
    ]
    both = maps.join(instances, instances.c.id == maps.c.instanceId)
    return Prepared(sa.select(maps.c.id).select_from(both).where(*here).limit(sa.bindparam("most")))
