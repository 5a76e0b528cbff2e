# SPDX-License-Identifier: Apache-2.0
"""Turn changes of containers, services and links into config items, as they happen.

One per server. It follows the news, keeps its directory of names current, and writes only items that differ. So a
change reaches exactly the hosts whose containers see it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from orca.hoststate.plan.items import DNS, NAMES
from orca.network.config import ConfigItems
from orca.orchestration.discovery import facts as name_facts
from orca.orchestration.discovery.directory import Directory, Items
from orca.orchestration.discovery.graph import Facts
from orca.orchestration.news import News
from orca.resources import rows
from orca.store import Database, ReadTx

BATCH = 50
"""Most items of one unit."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """A directory of everything, and the items that differ from it."""

    directory: Directory
    items: Items


class Discovery:
    """Keeps the items of all hosts current."""

    roots = name_facts.ROOTS

    def __init__(self, db: Database, items: ConfigItems) -> None:
        self._db = db
        self._items = items
        self._directory = Directory()

    def sees_all(self, project_id: int) -> bool:
        """True if the containers of a project see all of it."""
        return self._directory.sees_all(project_id)

    def look(self, tx: ReadTx, news: News) -> Beginning | Facts:
        """The present facts about the changes."""
        if not news.whole:
            return name_facts.of(tx, news)
        directory = Directory()
        directory.learn(name_facts.everything(tx))
        items: Items = {}
        for host in tx.find(rows.Host):
            items |= _differences(host.id, _present(tx, host.id), directory.items(host.id))
        return Beginning(directory, items)

    async def act(self, seen: Beginning | Facts) -> None:
        """Write what differs."""
        if isinstance(seen, Beginning):
            self._directory, items = seen.directory, seen.items
        else:
            items = self._directory.learn(seen)
        keys = list(items)
        for start in range(0, len(keys), BATCH):
            await self._db.write(
                partial(self._items.follow, items={key: items[key] for key in keys[start : start + BATCH]})
            )


def _present(tx: ReadTx, host_id: int) -> dict[str, dict[str, Any]]:
    """The items of a host that an earlier run of the server wanted."""
    found = tx.find(rows.ConfigItemStatus, hostId=host_id)
    ours = (row for row in found if DNS.holds(row.name) or NAMES.holds(row.name))
    return {row.name: row.description for row in ours if row.description}


def _differences(host_id: int, present: dict[str, dict[str, Any]], wanted: dict[str, dict[str, Any]]) -> Items:
    items: Items = {(host_id, name): each for name, each in wanted.items() if present.get(name) != each}
    return items | {(host_id, name): None for name in present.keys() - wanted.keys()}
