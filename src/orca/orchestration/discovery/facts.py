# SPDX-License-Identifier: Apache-2.0
"""Read rows into discovery's facts: all of them, or those that a batch of changes concerns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from functools import cache
from typing import Any

import sqlalchemy as sa

from orca.hoststate.plan.items import NAMES
from orca.orchestration.discovery import scopes
from orca.orchestration.discovery.graph import Facts
from orca.orchestration.health.items import understands
from orca.orchestration.health.states import HEALTHY, UNHEALTHY, WAITING
from orca.orchestration.news import News
from orca.resources import rows
from orca.store import Prepared, ReadTx

ROOTS = frozenset(
    {"instance", "service", "environment", "serviceConsumeMap", "serviceExposeMap", "instanceLink", "host", "account"}
)
"""Addresses are not among them, because the container that gets or loses one changes too."""

ASKING = frozenset({"starting", "running", "restarting", "stopping", "updating-running"})
ANSWERING = frozenset({"running", "restarting", "updating-running"})
SILENT = frozenset({"requested", "registering", "inactive", "updating-inactive", "deactivating", "removing"})
"""States of a service without containers in which its name has no answer."""


def everything(tx: ReadTx) -> Facts:
    """All present facts."""
    stacks = dict(tx.values(rows.Environment, "id", "name"))
    facts = Facts(
        stacks=dict(stacks),
        services=_services(tx.find(rows.Service), stacks),
        service_links={row.id: _service_link(row) for row in tx.find(rows.ServiceConsumeMap)},
        container_links={row.id: _container_link(row) for row in tx.find(rows.InstanceLink)},
        hosts={row.id: understands_scopes(row) for row in tx.find(rows.Host)},
        projects={row.id: is_wide(row) for row in tx.find(rows.Project)},
    )
    facts.members |= _members(tx, tx.ask(_asking(tx.table(rows.Instance), tx.table(rows.IpAddress)), {}), None)
    return facts


def of(tx: ReadTx, news: News) -> Facts:
    """The present facts about everything in a batch."""
    exposed, tied = news.rows(rows.ServiceExposeMap), news.rows(rows.InstanceLink)
    services, stacks = news.rows(rows.Service), news.rows(rows.Environment)
    facts = Facts(
        services=dict.fromkeys(news.ids(rows.Service)),
        service_links={row.id: _service_link(row) for row in news.rows(rows.ServiceConsumeMap)},
        container_links={row.id: _container_link(row) for row in tied},
        stacks={row.id: row.name if row.removed is None else None for row in stacks},
        hosts={row.id: understands_scopes(row) for row in news.rows(rows.Host)},
        projects={row.id: is_wide(row) for row in news.rows(rows.Account) if isinstance(row, rows.Project)},
    )
    if services:
        above = tx.values(rows.Environment, "id", "name", id={row.environmentId for row in services})
        facts.services |= _services([row for row in services if row.removed is None], dict(above))
    asked = {row.instanceId for row in exposed} | {id for row in tied for id in (row.instanceId, row.targetInstanceId)}
    instances = [*news.rows(rows.Instance), *news.others(rows.Instance, {id for id in asked if id is not None})]
    widened = {id for id, wide in facts.projects.items() if wide}
    if widened:  # containers without a service were of no interest before
        instances += tx.find(rows.Instance, accountId=widened, serviceId=None, state=sorted(ASKING))
    facts.members = dict.fromkeys(row.id for row in instances)
    asking = {row.id: row for row in instances if row.state in ASKING and row.removed is None}
    if asking:
        found = tx.values(rows.IpAddress, "instanceId", "address", "hostId", instanceId=set(asking))
        states = [(id, address, host, _states(asking[id])) for id, address, host in found]
        chosen = [(id, address, host, *state) for id, address, host, state in states]
        facts.members |= _members(tx, chosen, set(asking))
    return facts


def understands_scopes(host: rows.Host) -> bool:
    """True if the agent of a live host accepts the items ``names/<scope>``. Simulated ones accept everything."""
    return host.removed is None and (host.kind == "sim" or NAMES.name in (host.families or ()))


def is_wide(project: rows.Project) -> bool:
    """True if the containers of a project see all of it."""
    return project.removed is None and project.dnsScope == "project"


def sees_names(tx: ReadTx, instance: rows.Instance) -> bool:
    """True if a container of this kind sees any names whatever its project sees."""
    return instance.serviceId is not None or bool(tx.count(rows.InstanceLink, instanceId=instance.id))


def _states(row: rows.Instance) -> tuple[int | None, str, str | None, str | None, int]:
    return row.serviceId, row.state, row.healthState, row.name, row.accountId


@cache
def _asking(instances: sa.Table, addresses: sa.Table) -> Prepared:
    """All containers that resolve names, and may answer for some."""
    instance, address = instances.c, addresses.c
    return Prepared(
        sa.select(
            instance.id,
            address.address,
            address.hostId,
            instance.serviceId,
            instance.state,
            instance.healthState,
            instance.name,
            instance.accountId,
        )
        .join_from(addresses, instances, instance.id == address.instanceId)
        .where(address.removed.is_(None), instance.removed.is_(None), instance.state.in_(ASKING))
    )


def _members(tx: ReadTx, found: list[tuple[Any, ...]], ids: Collection[int] | None) -> dict[int, scopes.Member | None]:
    """The containers of rows, as ``_asking`` has them; ``ids``: theirs, unless they are all."""
    which = {} if ids is None else {"instanceId": ids}
    selected: defaultdict[int, list[int]] = defaultdict(list)
    parts: dict[int, str] = {}
    for id, service_id, managed, part in tx.values(
        rows.ServiceExposeMap, "instanceId", "serviceId", "managed", "dnsPrefix", **which
    ):
        if managed is False:
            selected[id].append(service_id)
        if part is not None:
            parts[id] = part
    unjudged = {host_id for _, _, host_id, _, _, health, *_ in found if health in WAITING}
    # What runs where the agent is too old to check would wait for ever.
    deaf = {host.id for host in tx.find(rows.Host, id=unjudged) if not understands(host)} if unjudged else set()
    return {
        id: scopes.Member(
            id=id,
            address=address,
            service_id=service_id,
            answers=state in ANSWERING and health != UNHEALTHY,
            part=parts.get(id, ""),
            healthy=health in (None, HEALTHY) or host_id in deaf,
            selected_by=tuple(selected.get(id, ())),
            host_id=host_id,
            name=name or "",
            project=project,
        )
        for id, address, host_id, service_id, state, health, name, project in found
    }


def _services(found: list[rows.Service], stacks: dict[int, str]) -> dict[int, scopes.Service | None]:
    return {
        row.id: scopes.Service(
            row.id, row.name, row.environmentId, stacks[row.environmentId], *_without_containers(row), row.accountId
        )
        for row in found
        if row.environmentId in stacks
    }


def _without_containers(service: rows.Service) -> tuple[tuple[str, ...], bool]:
    """The answers of a service besides its containers: addresses or a host name elsewhere; whether it is an alias."""
    if service.state in SILENT:
        return (), False
    if isinstance(service, rows.ExternalService):
        return tuple(service.externalIpAddresses or ([service.hostname] if service.hostname else [])), False
    return (), isinstance(service, rows.DnsService)


def _service_link(row: rows.ServiceConsumeMap) -> scopes.ServiceLink | None:
    return None if row.removed else scopes.ServiceLink(row.serviceId, row.consumedServiceId, row.name or "")


def _container_link(row: rows.InstanceLink) -> scopes.ContainerLink | None:
    if row.removed or row.targetInstanceId is None:
        return None
    return scopes.ContainerLink(row.instanceId, row.targetInstanceId, row.linkName)
