# SPDX-License-Identifier: Apache-2.0
"""What each host is to check, as config items: one for each checker of a container that runs.

One per server. It follows the news, and writes only items that differ.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from orca.hoststate.plan.items import CHECK
from orca.network.config import ConfigItems
from orca.orchestration.health import reach
from orca.orchestration.health.terms import BadRequest, terms
from orca.orchestration.news import News
from orca.resources import rows
from orca.store import ANY, Database, ReadTx

BATCH = 50
"""Most items of one unit."""

Items = dict[tuple[int, str], dict[str, Any] | None]
"""Host id and name of an item -> its description; None: it is not wanted."""


class CheckItems:
    """Keeps the items of all checkers current."""

    roots = frozenset({"instance", "healthcheckInstanceHostMap", "host"})

    def __init__(self, db: Database, items: ConfigItems) -> None:
        self._db = db
        self._items = items
        self._understands: dict[int, bool] = {}
        """Whether the agent of a host accepts such items."""

    def look(self, tx: ReadTx, news: News) -> Items | None:
        """The items that differ from what the hosts have."""
        changed = tx.find(rows.Host) if news.whole else news.rows(rows.Host)
        new = {host.id for host in changed if self._understands.get(host.id) is not understands(host)}
        self._understands |= {host.id: understands(host) for host in changed}
        checkers = tx.find(rows.HealthcheckInstanceHostMap) if news.whole else self._concerned(tx, news, new)
        wanted: Items = {(row.hostId, CHECK.item(row.uuid)): self._description(tx, row) for row in checkers}
        if news.whole:
            wanted |= _left_over(tx, wanted)
        differing = {key: each for key, each in wanted.items() if self._items.wanted(tx, *key) != each}
        return differing or None

    async def act(self, seen: Items) -> None:
        """Write what differs."""
        keys = list(seen)
        for start in range(0, len(keys), BATCH):
            await self._db.write(
                partial(self._items.follow, items={key: seen[key] for key in keys[start : start + BATCH]})
            )

    def _concerned(self, tx: ReadTx, news: News, hosts: Iterable[int]) -> Iterable[rows.HealthcheckInstanceHostMap]:
        found = {row.id: row for row in news.rows(rows.HealthcheckInstanceHostMap)}
        for instance in news.rows(rows.Instance):
            if instance.healthCheck:
                checkers = tx.find(rows.HealthcheckInstanceHostMap, instanceId=instance.id, removed=ANY)
                found |= {row.id: row for row in checkers}
        for id in hosts:
            found |= {row.id: row for row in tx.find(rows.HealthcheckInstanceHostMap, hostId=id)}
        return found.values()

    def _description(self, tx: ReadTx, row: rows.HealthcheckInstanceHostMap) -> dict[str, Any] | None:
        if row.removed is not None or not self._understands.get(row.hostId):
            return None
        instance = tx.get(rows.Instance, row.instanceId)
        host = None if instance is None else tx.get(rows.Host, instance.hostId)
        if instance is None or host is None or instance.state != "running" or not instance.healthCheck:
            return None
        address = reach.address_of(tx, instance)
        if address is None and not reach.in_hosts_network(tx, instance):
            return None
        try:
            what = terms(instance.healthCheck)
        except BadRequest:
            return None  # made by a version that did not look; it stays initializing
        where = {"instance": instance.uuid, "host": host.uuid, "start": instance.startCount or 0, "address": address}
        return where | what


def understands(host: rows.Host) -> bool:
    """True if the agent of a live host accepts these items. Simulated ones accept everything."""
    return host.removed is None and (host.kind == "sim" or CHECK.name in (host.families or ()))


def _left_over(tx: ReadTx, wanted: Items) -> Items:
    """The items of checkers that are gone, from an earlier run of the server."""
    present = tx.values(rows.ConfigItemStatus, "hostId", "name")
    return {(host, name): None for host, name in present if CHECK.holds(name) and (host, name) not in wanted}
