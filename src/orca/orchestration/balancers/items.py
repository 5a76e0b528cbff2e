# SPDX-License-Identifier: Apache-2.0
"""What each host with a balancer's container is to do, as config items.

One per server. It follows the news, keeps its board current, and writes only items that differ.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from orca.engine import Core
from orca.hoststate.plan.items import BALANCER, CERTIFICATE, TARGETS
from orca.network.config import ConfigItems
from orca.orchestration.balancers import bindings, facts
from orca.orchestration.balancers.board import Board, Items
from orca.orchestration.balancers.host_names import HostNames
from orca.orchestration.news import News
from orca.resources import rows
from orca.store import ReadTx

BATCH = 50
"""Most items of one unit."""


class Seen(NamedTuple):
    """Items that differ from what the hosts have, and whether there are other host names to look up."""

    items: Items
    new_names: bool


class BalancerItems:
    """Keeps the items of all balancers current."""

    roots = frozenset(
        {
            "certificate",
            "host",
            "instance",
            "loadBalancer",
            "loadBalancerConfig",
            "loadBalancerListener",
            "service",
            "serviceConsumeMap",
            "serviceExposeMap",
        }
    )

    def __init__(self, core: Core, items: ConfigItems) -> None:
        self.host_names = HostNames(core, lambda: dict(self._board.host_names))
        self._db = core.db
        self._items = items
        self._board = Board()

    def look(self, tx: ReadTx, news: News) -> Seen | None:
        """The items that differ from what the hosts have. Without balancers it costs nothing."""
        names = dict(self._board.host_names)
        if news.whole:
            self._board = Board()
        for host in tx.find(rows.Host) if news.whole else news.rows(rows.Host):
            self._board.learn_host(host.id, understands=understands(host))
        for id in sorted(self._affected(tx, news)):
            self._learn_balancer(tx, id)
        if self._board.plans and not news.whole:
            self._learn_containers(tx, news)
        items = self._board.items()
        if news.whole:
            items |= _left_over(tx, items)
        differing = {key: each for key, each in items.items() if self._items.wanted(tx, *key) != each}
        new = self._board.host_names != names
        return Seen(differing, new) if differing or new else None

    async def act(self, seen: Seen) -> None:
        """Write what differs."""
        if seen.new_names:
            self.host_names.wake()
        items, keys = seen.items, list(seen.items)
        for start in range(0, len(keys), BATCH):
            await self._db.write(
                partial(self._items.follow, items={key: items[key] for key in keys[start : start + BATCH]})
            )

    def _affected(self, tx: ReadTx, news: News) -> set[int]:
        """The balancing services whose plans may be others now."""
        if news.whole:
            return {id for (id,) in tx.values(rows.LoadBalancerService, "id")}
        services = news.rows(rows.Service)
        found = {row.id for row in services if isinstance(row, rows.LoadBalancerService)}
        for type in (rows.LoadBalancer, rows.LoadBalancerConfig, rows.LoadBalancerListener):
            owned: list[rows.LoadBalancer | rows.LoadBalancerConfig | rows.LoadBalancerListener] = news.rows(type)
            found |= {row.serviceId for row in owned if row.serviceId is not None}
        found |= {row.serviceId for row in news.rows(rows.ServiceConsumeMap) if row.serviceId in self._board.plans}
        found |= self._board.users(row.id for row in services)
        projects = {row.accountId for row in news.rows(rows.Certificate)}
        if projects:
            found |= {id for (id,) in tx.values(rows.LoadBalancerService, "id", accountId=projects)}
        return found

    def _learn_balancer(self, tx: ReadTx, id: int) -> None:
        service = tx.get(rows.LoadBalancerService, id)
        plan = None if service is None else facts.plan_of(tx, service)
        balancer = None if service is None or plan is None else bindings.balancer_of(tx, service)
        for row in facts.certificates(tx, balancer) if balancer is not None else ():
            self._board.learn_certificate(row.uuid, facts.certificate_item(row))
        known = id in self._board.plans
        new = self._board.learn_plan(id, plan)
        if plan is not None and not known:
            for instance in tx.find(rows.Instance, serviceId=id):
                self._board.learn_place(instance.id, facts.place_of(instance))
        if new:
            for given in facts.targets(tx, tx.find(rows.ServiceExposeMap, serviceId=new)):
                self._board.learn_targets(given)

    def _learn_containers(self, tx: ReadTx, news: News) -> None:
        """Learn the changed containers of balancers, and changed targets."""
        instances = news.rows(rows.Instance)
        for row in instances:
            self._board.learn_place(row.id, facts.place_of(row))
        maps = {row.id: row for row in news.rows(rows.ServiceExposeMap)}
        if instances:
            found = tx.find(rows.ServiceExposeMap, instanceId=[row.id for row in instances])
            maps |= {row.id: row for row in found}
        behind = (row for row in maps.values() if self._board.is_behind(row.serviceId))
        for given in facts.targets(tx, behind):
            self._board.learn_targets(given)


def understands(host: rows.Host) -> bool:
    """True if the agent of a live host accepts these items."""
    return host.removed is None and BALANCER.name in (host.families or ())


def _left_over(tx: ReadTx, wanted: Items) -> Items:
    """The items of balancers that are gone, from an earlier run of the server."""
    families = (BALANCER, TARGETS, CERTIFICATE)
    present = tx.values(rows.ConfigItemStatus, "hostId", "name")
    ours = ((host, name) for host, name in present if any(family.holds(name) for family in families))
    return {key: None for key in ours if key not in wanted}
