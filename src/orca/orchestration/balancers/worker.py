# SPDX-License-Identifier: Apache-2.0
"""Keeps the balancers of services in line with links, containers and ports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from orca.engine import Core
from orca.orchestration.balancers import bindings, listeners
from orca.orchestration.balancers.bindings import End
from orca.orchestration.balancers.service import AT_ONCE, wake
from orca.orchestration.news import News
from orca.resources import rows
from orca.store import ReadTx, Tx


@dataclass(slots=True)
class Wrong:
    """What must be checked again in writing units: ends by service id; services whose own rows are wrong."""

    ends: dict[int, list[End]] = field(default_factory=dict)
    services: set[int] = field(default_factory=set)


class Balancers:
    """Follows services that balance, their links, and the containers on both sides."""

    roots = frozenset({"instance", "service", "serviceConsumeMap", "serviceExposeMap"})

    def __init__(self, core: Core) -> None:
        self._core = core
        self._known: dict[int, tuple[Any, ...]] = {}
        """Services that balance -> what decides on their rows, as seen last. For ``look`` alone."""
        self._projects: dict[int, int | None] = {}

    def look(self, tx: ReadTx, news: News) -> Wrong | None:
        """Find ties and listeners that are not as they should be. Without balancers in a project it costs nothing."""
        if news.whole:
            self._known, self._projects = {}, {}
        services = tx.find(rows.LoadBalancerService) if news.whole else news.rows(rows.Service)
        changed = {row.id for row in services if isinstance(row, rows.LoadBalancerService) and self._differs(row)}
        if not self._known:
            return None
        changed |= {row.serviceId for row in news.rows(rows.ServiceConsumeMap) if row.serviceId in self._known}
        wrong = Wrong()
        for id in changed & self._known.keys():
            service = tx.require(rows.LoadBalancerService, id)
            if ends := bindings.wrong(tx, service):
                wrong.ends[id] = ends
            balancer = bindings.balancer_of(tx, service)
            asleep = balancer is not None and balancer.state == "inactive" and service.state not in bindings.RESTING
            if asleep or listeners.wrong(tx, service):
                wrong.services.add(id)
        for id, touched in self._ends(tx, news).items():
            if id not in changed and (found := bindings.wrong(tx, tx.require(rows.LoadBalancerService, id), touched)):
                wrong.ends[id] = found
        return wrong if wrong.ends or wrong.services else None

    def _differs(self, service: rows.LoadBalancerService) -> bool:
        """True if a balancing service changed so that all of its rows must be compared."""
        before = self._known.pop(service.id, None)
        self._projects.pop(service.id, None)
        if service.removed is not None or service.state == "removing":
            return False
        now = (service.state in bindings.RESTING, (service.launchConfig or {}).get("version"))
        self._known[service.id], self._projects[service.id] = now, service.accountId
        return before != now

    def _ends(self, tx: ReadTx, news: News) -> dict[int, set[End]]:
        """The ends that changed, by the balancing services that they may concern."""
        projects = set(self._projects.values())
        by_service: dict[int, set[End]] = {}
        found: dict[int, set[End]] = {}
        for shown in news.rows(rows.ServiceExposeMap):
            if shown.accountId in projects:
                end = End("ipAddress", shown.ipAddress) if shown.ipAddress else End("instanceId", shown.instanceId or 0)
                by_service.setdefault(shown.serviceId, set()).add(end)
        instances = [row for row in news.rows(rows.Instance) if row.accountId in projects]
        for row in instances:
            if row.serviceId in self._known and row.hostId is not None:
                found.setdefault(row.serviceId, set()).add(End("hostId", row.hostId))
        ids = [row.id for row in instances]
        for id, service_id in _stand_for(tx, ids):
            by_service.setdefault(service_id, set()).add(End("instanceId", id))
        for consumer, service_id in _consumers(tx, by_service):
            if consumer in self._known:
                found.setdefault(consumer, set()).update(by_service[service_id])
        return found

    async def act(self, seen: Wrong) -> None:
        """Right what is still wrong, some ends in each unit."""
        for id in sorted(seen.services):
            await self._core.db.write(partial(self._follow, service_id=id))
        for id, ends in seen.ends.items():
            for first in range(0, len(ends), AT_ONCE):
                await self._core.db.write(partial(_right, service_id=id, ends=ends[first : first + AT_ONCE]))

    def _follow(self, tx: Tx, service_id: int) -> None:
        service = tx.require(rows.LoadBalancerService, service_id)
        if service.removed is None and service.state != "removing":
            listeners.follow(tx, self._core.engine, service)
            wake(tx, self._core.engine, service)


def _right(tx: Tx, service_id: int, ends: list[End]) -> None:
    bindings.right(tx, tx.require(rows.LoadBalancerService, service_id), ends)


def _stand_for(tx: ReadTx, instance_ids: list[int]) -> list[tuple[Any, ...]]:
    columns = ("instanceId", "serviceId")
    return tx.values(rows.ServiceExposeMap, *columns, instanceId=instance_ids) if instance_ids else []


def _consumers(tx: ReadTx, service_ids: Iterable[int]) -> list[tuple[Any, ...]]:
    ids = list(service_ids)
    columns = ("serviceId", "consumedServiceId")
    return tx.values(rows.ServiceConsumeMap, *columns, consumedServiceId=ids) if ids else []
