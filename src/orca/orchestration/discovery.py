# SPDX-License-Identifier: Apache-2.0
"""Discovery kept live: turns changes of containers, services and links into `dns/<address>` config items.

One worker per server. It listens to the bus, works out the tables of the projects that changed, and writes only the
items that differ, so a change reaches exactly the hosts whose containers see it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from functools import cache

import sqlalchemy as sa

from orca.network.config import ConfigItems
from orca.orchestration import dns
from orca.orchestration.health_states import HEALTHY
from orca.store import Change, Database, Overflow, Prepared, ReadTx, Record, Subscription, Tx

ROOTS = frozenset({"instance", "service", "environment", "serviceConsumeMap", "serviceExposeMap", "instanceLink"})
"""An address is not among them: whoever gets or gives up one is a container that changes with it."""

ASKING = frozenset({"starting", "running", "restarting", "stopping", "updating-running"})
ANSWERING = frozenset({"running", "restarting", "updating-running"})
SILENT = frozenset({"requested", "registering", "inactive", "updating-inactive", "deactivating", "removing"})
"""States of a service without containers in which its name is not answered."""

Tables = dict[str, tuple[int, dns.Names]]
"""Client address -> (host id, what it sees)."""


class Discovery:
    """Keeps the dns items of all projects as they should be."""

    def __init__(self, db: Database, items: ConfigItems) -> None:
        self._db = db
        self._items = items
        self._sent: dict[int, Tables] = {}
        self._dirty: set[int] = set()
        self._wake = asyncio.Event()
        self._waiting: defaultdict[int, list[asyncio.Future[None]]] = defaultdict(list)

    async def run(self) -> None:
        """Work until cancelled."""
        with self._db.bus.subscribe(ROOTS) as changes:
            self._add(await self._db.read(_projects))
            async with asyncio.TaskGroup() as both:  # an error of either ends both, and they begin anew
                both.create_task(self._listen(changes))
                both.create_task(self._keep())

    async def settled(self, project_id: int) -> None:
        """Return when everything committed before the call has become config items."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[project_id].append(done)
        self._add([project_id])
        await done

    async def _listen(self, changes: Subscription) -> None:
        while True:
            try:
                concerned: Iterable[int] = await self._concerned(await changes.batch())
            except Overflow:
                concerned = await self._db.read(_projects)
            self._add(concerned)

    def _add(self, project_ids: Iterable[int]) -> None:
        """Have these projects looked at; the set is another one after each await."""
        self._dirty.update(project_ids)
        if self._dirty:
            self._wake.set()

    async def _keep(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._work()

    async def _concerned(self, batch: list[Change]) -> set[int]:
        """The projects whose names may differ now. A container that stands alone changes none, which is soon seen."""
        found = {change.account_id for change in batch if change.root != "instance"}
        ids = {change.id for change in batch if change.root == "instance" and change.account_id not in found}
        if ids:
            found |= set(await self._db.read(lambda tx: _projects_of_tied(tx, ids)))
        return {project_id for project_id in found if project_id is not None}

    async def _work(self) -> None:
        """All projects that changed by now; first those that somebody waits for."""
        dirty, self._dirty = self._dirty, set()
        for project_id in sorted(dirty, key=lambda project_id: project_id not in self._waiting):
            waiting = self._waiting.pop(project_id, [])
            try:
                await self._update(project_id)
            except BaseException:
                self._waiting[project_id] += waiting
                raise
            for done in waiting:
                if not done.done():
                    done.set_result(None)

    async def _update(self, project_id: int) -> None:
        wanted = await self._db.read(lambda tx: tables_of(tx, project_id))
        if project_id not in self._sent:
            self._sent[project_id] = await self._db.read(lambda tx: _sent_before(tx, project_id))
        sent = self._sent[project_id]
        changed = {address: entry for address, entry in wanted.items() if sent.get(address) != entry}
        gone = {address: entry for address, entry in sent.items() if wanted.get(address, (None,))[0] != entry[0]}
        if changed or gone:
            await self._db.write(lambda tx: self._write(tx, changed, gone))
        self._sent[project_id] = wanted

    def _write(self, tx: Tx, changed: Tables, gone: Tables) -> None:
        for address, (host_id, _) in gone.items():
            self._items.drop(tx, host_id, f"dns/{address}")
        for address, (host_id, names) in changed.items():
            host = tx.get("host", host_id)
            if host is not None and host.removed is None:
                self._items.put(tx, host_id, f"dns/{address}", {"names": names})


def tables_of(tx: ReadTx, project_id: int) -> Tables:
    """What each container of a project sees; containers that see nothing are left out."""
    sidekicks, selected = _sidekicks(tx, project_id), _selected(tx, project_id)
    hosts: dict[str, int] = {}
    members: list[dns.Member] = []
    tables = (tx.table(name) for name in ("ipAddress", "instance", "serviceExposeMap", "instanceLink"))
    for id, address, service_id, state, health, host_id in tx.ask(_concerned(*tables), {"project": project_id}):
        hosts[address] = host_id
        healthy = health in (None, HEALTHY)
        answers, part = state in ANSWERING, sidekicks.get(id, "")
        members.append(dns.Member(id, address, service_id, answers, part, healthy, tuple(selected.get(id, ()))))
    stacks = {stack.id: stack.name for stack in tx.find("environment", accountId=project_id)}
    services = [
        dns.Service(row.id, row.name, row.environmentId, stacks[row.environmentId], *_without_containers(row))
        for row in tx.find("service", accountId=project_id)
        if row.environmentId in stacks
    ]
    service_links = [
        dns.ServiceLink(row.serviceId, row.consumedServiceId, row.name or "")
        for row in tx.find("serviceConsumeMap", accountId=project_id)
    ]
    container_links = [
        dns.ContainerLink(row.instanceId, row.targetInstanceId, row.linkName)
        for row in tx.find("instanceLink", accountId=project_id)
        if row.targetInstanceId is not None
    ]
    found = dns.tables(services, members, service_links, container_links)
    return {address: (hosts[address], names) for address, names in found.items() if names}


@cache
def _concerned(addresses: sa.Table, instances: sa.Table, selections: sa.Table, links: sa.Table) -> Prepared:
    """The containers of ``:project`` that see names or are seen: most that stand alone are not. Built once: it is run
    with every change."""
    project: sa.BindParameter[int] = sa.bindparam("project")
    address, instance = addresses.c, instances.c
    tied = [
        sa.select(column).where(column.table.c.accountId == project, column.table.c.removed.is_(None))
        for column in (selections.c.instanceId, links.c.instanceId, links.c.targetInstanceId)
    ]
    return Prepared(
        sa.select(
            instance.id, address.address, instance.serviceId, instance.state, instance.healthState, address.hostId
        )
        .join_from(addresses, instances, instance.id == address.instanceId)
        .where(
            address.accountId == project,
            address.removed.is_(None),
            instance.state.in_(ASKING),
            sa.or_(instance.serviceId.is_not(None), *(instance.id.in_(ids) for ids in tied)),
        )
    )


def _projects_of_tied(tx: ReadTx, ids: set[int]) -> list[int]:
    """The projects of those of the containers that see names or are seen."""
    instance, expose, link = (tx.table(name).c for name in ("instance", "serviceExposeMap", "instanceLink"))
    ties = [
        sa.exists().where(column == instance.id, column.table.c.removed.is_(None))
        for column in (expose.instanceId, link.instanceId, link.targetInstanceId)
    ]
    tied = instance.serviceId.is_not(None) | sa.or_(*ties)
    return [row[0] for row in tx.execute(sa.select(instance.accountId).distinct().where(instance.id.in_(ids), tied))]


def sees_names(tx: ReadTx, instance: Record) -> bool:
    """Whether there is anything that a container of this kind is told."""
    return instance.serviceId is not None or bool(tx.count("instanceLink", instanceId=instance.id))


def _without_containers(service: Record) -> tuple[tuple[str, ...], bool]:
    """What a service stands for besides its containers: addresses or a host name elsewhere; whether it is an alias."""
    if service.kind not in ("externalService", "dnsService") or service.state in SILENT:
        return (), False
    if service.kind == "dnsService":
        return (), True
    return tuple(service.externalIpAddresses or ([service.hostname] if service.hostname else [])), False


def _selected(tx: ReadTx, project_id: int) -> dict[int, list[int]]:
    """The services that select a container which stands alone, by container."""
    found: defaultdict[int, list[int]] = defaultdict(list)
    for id, service_id in tx.values("serviceExposeMap", "instanceId", "serviceId", accountId=project_id, managed=False):
        found[id].append(service_id)
    return found


def _sidekicks(tx: ReadTx, project_id: int) -> dict[int, str]:
    """The containers that are sidekicks, with the name of their part."""
    found = tx.values("serviceExposeMap", "instanceId", "dnsPrefix", accountId=project_id)
    return {id: part for id, part in found if part is not None}


def _projects(tx: ReadTx) -> list[int]:
    return [project.id for project in tx.find("project")]


def _sent_before(tx: ReadTx, project_id: int) -> Tables:
    """The dns items that an earlier run of the server wanted."""
    return {
        row.name.removeprefix("dns/"): (row.hostId, row.description["names"])
        for row in tx.find("configItemStatus", accountId=project_id)
        if row.name.startswith("dns/") and row.description is not None
    }
