# SPDX-License-Identifier: Apache-2.0
"""What each host knows about itself and its own containers, as config items ``metadata/<address>``.

A container's item holds the container, its service, its stack, and the linked services, without what changes while it
runs. So the start of another container changes no item of this one.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

from orca.hoststate.plan.items import METADATA, canonical
from orca.hoststate.plan.metadata import HOST
from orca.network.config import ConfigItems
from orca.orchestration.discovery.facts import ASKING
from orca.orchestration.metadata import objects
from orca.orchestration.metadata.objects import PASSING_OF_SERVICES, Object, lasting
from orca.orchestration.news import News
from orca.resources import rows
from orca.store import Database, ReadTx

BATCH = 50
"""Most items of one unit."""

Items = dict[tuple[int, str], dict[str, Any] | None]
"""Host id and name of an item -> its description; None: it is not wanted."""


class _Told(NamedTuple):
    """An item that a container has: host id, name, and the hash of the description."""

    host_id: int
    name: str
    hash: int


class MetadataItems:
    """Keeps the items of all hosts current."""

    roots = frozenset({"instance", "service", "environment", "serviceConsumeMap", "host"})

    def __init__(self, db: Database, items: ConfigItems) -> None:
        self._db = db
        self._items = items
        self._understands: dict[int, bool] = {}
        self._told: dict[int, _Told] = {}
        """By container."""
        self._seen: dict[str, int] = {}
        """Hashes of services and stacks by key: most changes of their rows are none of what containers see."""

    def look(self, tx: ReadTx, news: News) -> Items | None:
        """The items that differ from what the hosts have."""
        if news.whole:
            self._told.clear()
        changed = tx.find(rows.Host) if news.whole else news.rows(rows.Host)
        new = {host.id for host in changed if self._understands.get(host.id, False) is not understands(host)}
        self._understands |= {host.id: understands(host) for host in changed}
        gone: Items = {}
        wanted: Items = {(host.id, METADATA.item(HOST)): _about(host) for host in changed if understands(host)}
        around: dict[int, dict[str, Object]] = {}
        for instance in self._concerned(tx, news, new):
            before, now = self._told.pop(instance.id, None), self._description(tx, instance, around)
            if now is not None:
                told = _Told(now[0], now[1], hash(canonical(now[2])))
                self._told[instance.id] = told
                if told != before:
                    wanted[told[:2]] = now[2]
            if before is not None and (now is None or before[:2] != now[:2]):
                gone[before[:2]] = None
        if news.whole:
            gone = _left_over(tx, wanted)
            wanted = {key: each for key, each in wanted.items() if self._items.wanted(tx, *key) != each}
        return gone | wanted or None

    async def act(self, seen: Items) -> None:
        """Write what differs."""
        keys = list(seen)
        for start in range(0, len(keys), BATCH):
            await self._db.write(
                partial(self._items.follow, items={key: seen[key] for key in keys[start : start + BATCH]})
            )

    def _concerned(self, tx: ReadTx, news: News, hosts: set[int]) -> Iterable[rows.Instance]:
        """The containers whose items may differ."""
        services = self._changed(tx, news)
        if news.whole:
            return tx.find(rows.Instance, state=sorted(ASKING))
        found = {row.id: row for row in news.rows(rows.Instance)}
        for wanted in ({"serviceId": services}, {"hostId": hosts}):
            if all(wanted.values()):
                found |= {row.id: row for row in tx.find(rows.Instance, state=sorted(ASKING), **wanted)}
        return found.values()

    def _changed(self, tx: ReadTx, news: News) -> set[int]:
        """The services whose containers see something else now."""
        services = tx.find(rows.Service) if news.whole else news.rows(rows.Service)
        stacks = tx.find(rows.Environment) if news.whole else news.rows(rows.Environment)
        changed = {row.id for row in services if self._is_new(objects.service_key(row), _service(tx, row))}
        renamed = {row.id for row in stacks if self._is_new(objects.stack_key(row), _stack(tx, row))}
        if news.whole:
            return set()
        if renamed:
            changed |= {id for (id,) in tx.values(rows.Service, "id", environmentId=renamed)}
        if changed:
            links = tx.values(rows.ServiceConsumeMap, "serviceId", consumedServiceId=changed)
            changed |= {id for (id,) in links}
        return changed | {row.serviceId for row in news.rows(rows.ServiceConsumeMap)}

    def _is_new(self, key: str, found: dict[str, Object] | None) -> bool:
        """Note what is seen; return whether that differs from before."""
        if found is None:
            return self._seen.pop(key, None) is not None
        now = hash(canonical(found))
        before, self._seen[key] = self._seen.get(key), now
        return before != now

    def _description(
        self, tx: ReadTx, row: rows.Instance, around: dict[int, dict[str, Object]]
    ) -> tuple[int, str, dict[str, Any]] | None:
        """Host id, name and description of a container's item; None: it has none."""
        if row.removed is not None or row.state not in ASKING or row.hostId is None or not row.primaryIpAddress:
            return None
        if not self._understands.get(row.hostId):
            return None
        found = {objects.container_key(row): lasting(objects.container(tx, row))}
        if row.serviceId is not None:
            if row.serviceId not in around:
                around[row.serviceId] = _around(tx, row.serviceId)
            found |= around[row.serviceId]
        return row.hostId, METADATA.item(row.primaryIpAddress), {"self": row.uuid, "objects": found}


def understands(host: rows.Host) -> bool:
    """True if the agent of a live host accepts these items. Simulated ones accept everything."""
    return host.removed is None and (host.kind == "sim" or METADATA.name in (host.families or ()))


def _about(host: rows.Host) -> dict[str, Any]:
    return {"self": host.uuid, "objects": {objects.host_key(host): lasting(objects.host(host))}}


def _service(tx: ReadTx, row: rows.Service) -> dict[str, Object] | None:
    if row.removed is not None:
        return None
    return {key: lasting(each, PASSING_OF_SERVICES) for key, each in objects.services(tx, row).items()}


def _stack(tx: ReadTx, row: rows.Environment) -> dict[str, Object] | None:
    return None if row.removed is not None else {objects.stack_key(row): objects.stack(tx, row)}


def _around(tx: ReadTx, service_id: int) -> dict[str, Object]:
    """The service of a container, the services linked to it, and the stacks of all."""
    linked = {id for (id,) in tx.values(rows.ServiceConsumeMap, "consumedServiceId", serviceId=service_id)}
    services = [row for id in sorted({service_id} | linked) if (row := tx.get(rows.Service, id)) is not None]
    found: dict[str, Object] = {}
    for service in services:
        found |= _service(tx, service) or {}
    for id in {row.environmentId for row in services}:
        stack = tx.get(rows.Environment, id)
        found |= (stack and _stack(tx, stack)) or {}
    return found


def _left_over(tx: ReadTx, wanted: Items) -> Items:
    """The items of containers that are gone, from an earlier run of the server."""
    present = tx.values(rows.ConfigItemStatus, "hostId", "name")
    return {(host, name): None for host, name in present if METADATA.holds(name) and (host, name) not in wanted}
