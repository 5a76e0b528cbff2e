# SPDX-License-Identifier: Apache-2.0
"""Containers that stand alone and belong to a service nevertheless, because its selector means their labels."""

from __future__ import annotations

from functools import partial

from orca.engine import Services
from orca.orchestration import selectors
from orca.orchestration.news import News
from orca.store import ReadTx, Record, Tx

Pair = tuple[int, int]
"""(service, container): whether the one selects the other is to be looked at again where it can be changed."""


class Selection:
    """Follows containers that come, go, or get other labels."""

    roots = frozenset({"instance", "service"})

    def __init__(self, services: Services) -> None:
        self._db = services.db
        self._selecting: dict[int, dict[int, Record]] = {}
        """Services that select, by project and id. For `look` alone."""

    def look(self, tx: ReadTx, news: News) -> set[Pair] | None:
        """What the containers that changed are to a service, and should not be, or the other way round.

        A service whose own selector changes looks at all containers in the unit that changes it.
        """
        if news.whole:
            self._selecting = {}
            selecting = tx.query("service").where(tx.table("service").c.selectorContainer.is_not(None))
            services = tx.rows("service", selecting)
        else:
            services = news.rows("service")
        for service in services:
            self._note(service)
        if news.whole:
            return {pair for service in services for pair in _astray(tx, service)} or None
        alone = [row for row in news.rows("instance") if row.serviceId is None]
        return {pair for instance in alone for pair in self._wrong(tx, instance)} or None

    def _note(self, service: Record) -> None:
        of_project = self._selecting.setdefault(service.accountId, {})
        if service.selectorContainer and service.removed is None:
            of_project[service.id] = service
        else:
            of_project.pop(service.id, None)
        if not of_project:
            del self._selecting[service.accountId]

    def _wrong(self, tx: ReadTx, instance: Record) -> set[Pair]:
        selecting = self._selecting.get(instance.accountId, {})
        means = {id for id, service in selecting.items() if _means(service, instance)}
        maps = tx.values("serviceExposeMap", "serviceId", instanceId=instance.id, managed=False)
        return {(id, instance.id) for id in means ^ {id for (id,) in maps}}

    async def act(self, seen: set[Pair]) -> None:
        """Put right what is still so."""
        await self._db.write(partial(_right, pairs=seen))


def follow(tx: Tx, service: Record) -> None:
    """Make the containers that a service selects exactly those that its selector means."""
    _right(tx, _astray(tx, service))


def _means(service: Record, instance: Record) -> bool:
    return instance.removed is None and selectors.matches(service.selectorContainer, instance.labels)


def _astray(tx: ReadTx, service: Record) -> set[Pair]:
    """The containers that a service selects and should not, or the other way round."""
    held = {id for (id,) in tx.values("serviceExposeMap", "instanceId", serviceId=service.id, managed=False)}
    alone = tx.find("instance", accountId=service.accountId, serviceId=None) if service.selectorContainer else []
    return {(service.id, id) for id in held ^ {row.id for row in alone if _means(service, row)}}


def _right(tx: Tx, pairs: set[Pair]) -> None:
    for service_id, instance_id in sorted(pairs):
        service, instance = tx.require("service", service_id), tx.require("instance", instance_id)
        held = tx.first("serviceExposeMap", serviceId=service_id, instanceId=instance_id, managed=False)
        means = service.removed is None and _means(service, instance)
        if means and held is None:
            tx.insert(
                "serviceExposeMap",
                accountId=service.accountId,
                state="active",
                serviceId=service_id,
                instanceId=instance_id,
                managed=False,
            )
        elif not means and held is not None:
            tx.update(held, state="removed", removed=tx.now)
