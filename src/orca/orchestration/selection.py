# SPDX-License-Identifier: Apache-2.0
"""Containers that stand alone and belong to a service nevertheless, because its selector means their labels."""

from __future__ import annotations

from functools import partial

from orca.engine import Services
from orca.orchestration import selectors
from orca.store import Change, Overflow, ReadTx, Record, Tx


class Selection:
    """Follows containers that come, go, or get other labels."""

    def __init__(self, services: Services) -> None:
        self._db = services.db

    async def run(self) -> None:
        """Work until cancelled."""
        with self._db.bus.subscribe({"instance"}) as changes:
            batch: list[Change] | None = None
            while True:
                for service_id in await self._db.read(partial(_astray, batch=batch)):
                    await self._db.write(partial(_follow, service_id=service_id))
                try:
                    batch = await changes.batch()
                except Overflow:
                    batch = None


def follow(tx: Tx, service: Record) -> None:
    """Make the containers that a service selects exactly those that its selector means."""
    missing, surplus = _difference(tx, service)
    for row in surplus:
        tx.update(row, state="removed", removed=tx.now)
    for instance in missing:
        tx.insert(
            "serviceExposeMap",
            accountId=service.accountId,
            state="active",
            serviceId=service.id,
            instanceId=instance.id,
            managed=False,
        )


def _difference(tx: ReadTx, service: Record) -> tuple[list[Record], list[Record]]:
    """Containers to take in, and maps that hold no longer."""
    maps = {row.instanceId: row for row in tx.find("serviceExposeMap", serviceId=service.id, managed=False)}
    alone = tx.find("instance", accountId=service.accountId, serviceId=None) if service.selectorContainer else []
    meant = {row.id: row for row in alone if selectors.matches(service.selectorContainer, row.labels)}
    missing = [row for id, row in meant.items() if id not in maps]
    return missing, [row for id, row in maps.items() if id not in meant]


def _astray(tx: ReadTx, batch: list[Change] | None) -> list[int]:
    """Services that select, of the projects these changes are about (None: of all), where something differs."""
    columns = tx.table("service").c
    statement = tx.query("service").where(columns.selectorContainer.is_not(None))
    if batch is not None:
        statement = statement.where(columns.accountId.in_({change.account_id for change in batch}))
    return [row.id for row in tx.rows("service", statement) if any(_difference(tx, row))]


def _follow(tx: Tx, service_id: int) -> None:
    service = tx.get("service", service_id)
    if service is not None and service.removed is None:
        follow(tx, service)
