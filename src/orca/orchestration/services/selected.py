# SPDX-License-Identifier: Apache-2.0
"""Independent containers that belong to a service because its selector matches their labels."""

from __future__ import annotations

from functools import partial

from orca.engine import Core, discard
from orca.orchestration.news import News
from orca.orchestration.syntax import selectors
from orca.resources import rows
from orca.store import ReadTx, Tx

Pair = tuple[int, int]
"""(service, container): pairs to check again in a writing unit."""

BATCH = 50
"""Most pairs of one unit."""


class Selection:
    """Follows containers that come, go or change labels, and services that change their selector."""

    roots = frozenset({"instance", "service"})

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._selecting: dict[int, dict[int, str]] = {}
        """The selectors of services, by project and id. For ``look`` alone."""

    def look(self, tx: ReadTx, news: News) -> set[Pair] | None:
        """Find wrong pairs: selected containers that should not be, and the reverse.

        Changed containers are compared with the selectors of their project, and a new selector with all independent
        containers.
        """
        if news.whole:
            self._selecting = {}
            selecting = tx.query(rows.Service).where(tx.table(rows.Service).c.selectorContainer.is_not(None))
            services = tx.rows(rows.Service, selecting)
        else:
            services = news.rows(rows.Service)
        pairs = {pair for service in services if self._is_new(service) for pair in _astray(tx, service)}
        return pairs | self._wrong(tx, [row for row in news.rows(rows.Instance) if row.serviceId is None]) or None

    def _is_new(self, service: rows.Service) -> bool:
        """True if the selector of a service changed since it was last seen."""
        known = self._selecting.setdefault(service.accountId, {})
        selector = None if service.removed is not None else service.selectorContainer or None
        before = known.pop(service.id, None)
        if selector is not None:
            known[service.id] = selector
        if not known:
            del self._selecting[service.accountId]
        return before != selector

    def _wrong(self, tx: ReadTx, instances: list[rows.Instance]) -> set[Pair]:
        if not instances:
            return set()
        ids = [instance.id for instance in instances]
        held = set(tx.values(rows.ServiceExposeMap, "serviceId", "instanceId", instanceId=ids, managed=False))
        means = {
            (service_id, instance.id)
            for instance in instances
            for service_id, selector in self._selecting.get(instance.accountId, {}).items()
            if _means(selector, instance)
        }
        return means ^ held

    async def act(self, seen: set[Pair]) -> None:
        """Correct the pairs that are still wrong."""
        pairs = sorted(seen)
        for start in range(0, len(pairs), BATCH):
            await self._db.write(partial(_right, pairs=pairs[start : start + BATCH]))


def _means(selector: str | None, instance: rows.Instance) -> bool:
    return instance.removed is None and selectors.matches(selector, instance.labels)


def _astray(tx: ReadTx, service: rows.Service) -> set[Pair]:
    """The containers that a service wrongly selects, or wrongly does not."""
    held = {id for (id,) in tx.values(rows.ServiceExposeMap, "instanceId", serviceId=service.id, managed=False)}
    selector = service.selectorContainer if service.removed is None else None
    alone = tx.find(rows.Instance, accountId=service.accountId, serviceId=None) if selector else []
    return {(service.id, id) for id in held ^ {row.id for row in alone if _means(selector, row)}}


def _right(tx: Tx, pairs: list[Pair]) -> None:
    for service_id, instance_id in pairs:
        service, instance = tx.require(rows.Service, service_id), tx.require(rows.Instance, instance_id)
        held = tx.first(rows.ServiceExposeMap, serviceId=service_id, instanceId=instance_id, managed=False)
        means = service.removed is None and _means(service.selectorContainer, instance)
        if means and held is None:
            tx.insert(
                rows.ServiceExposeMap,
                accountId=service.accountId,
                state="active",
                serviceId=service_id,
                instanceId=instance_id,
                managed=False,
            )
        elif not means and held is not None:
            discard(tx, held)
