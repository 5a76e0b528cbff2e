# SPDX-License-Identifier: Apache-2.0
"""Place a container: take host, ports and address together in one unit, or none of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from orca.network import addresses
from orca.network import ports as network_ports
from orca.orchestration.placement import constraints as affinity
from orca.orchestration.placement import joined, retained
from orca.orchestration.placement.belongings import mode_of
from orca.orchestration.placement.choose import HostFacts, Published, Wanted, choose
from orca.orchestration.placement.constraints import NOTHING, Constraint, Surroundings
from orca.orchestration.syntax.ports import ANY, PublicPort
from orca.provision.hosts import parts
from orca.provision.hosts.lifecycle import CONNECTED
from orca.resources import rows
from orca.resources.indexed_text import fold
from orca.resources.network import MANAGED
from orca.storage import images, volumes
from orca.storage.references import SIMULATED_PREFIX
from orca.store import Prepared, ReadTx, Tx


class PortTaken(Exception):
    """Another container has a public port that this one gave up; the message names both."""


def place(tx: Tx, instance: rows.Instance) -> rows.Host:
    """Give ``instance`` a host, reserve its ports there and, in the managed network, an address. Returns the host.

    A container that was placed before keeps its host, ports and address.

    Raises:
        choose.NoHost: no host can take it; the message says why each refused.
        ipam.PoolUsedUp: the host has no address left.
        LookupError: its host has no address range.
        ipam.AddressRefused: the requested address is in no host's range, or is taken.
        volumes.VolumeProblem: one of its volumes lies on another host.
        PortTaken: another container has a port that it gave up.
    """
    managed = mode_of(instance) == MANAGED
    waiting = retained.waiting_for(tx, instance) if managed else None
    everywhere = affinity.is_global(instance.labels)
    if instance.hostId is None:
        siblings = _siblings(tx, instance)
        together = [instance, *(row for row in siblings if row.hostId is None)]
        public = _public_ports(tx, together)
        constraints = constraints_of(tx, instance)
        facts = host_facts(tx, instance.accountId, instance.serviceId, public=public, constraints=constraints)
        wanted = Wanted(
            public,
            instance.requestedHostId,
            instance.imageUuid.startswith(SIMULATED_PREFIX),
            beside=frozenset(row.hostId for row in siblings if row.hostId is not None) | joined.hosts_of(tx, instance),
            constraints=constraints,
            address_on=retained.host_of(tx, instance) if managed else None,
            preferred=None if waiting is None else waiting.hostId,
            volumes=volumes.limits(tx, together, everywhere=everywhere),
        )
        choice = choose(wanted, facts)
        why: dict[str, Any] = {"refused": dict(choice.refused)}
        if waiting is not None and waiting.hostId != choice.host_id:
            why["address"] = retained.left_behind(tx, waiting, choice.refused)
        tx.update(instance, hostId=choice.host_id, allocationState="active", placement=why)
    host = tx.require(rows.Host, tx.own(instance).hostId)
    address: rows.IpAddress | None = None
    owner = joined.owner_of(tx, instance)
    if managed:
        address = retained.give(tx, tx.own(instance), waiting)
        tx.update(instance, primaryIpAddress=address.address)
    elif owner is not None:
        address = addresses.share_address(tx, instance, owner)
        tx.update(instance, primaryIpAddress=owner.primaryIpAddress)
    _reserve_ports(tx, tx.own(instance), host, address)
    volumes.attach(tx, instance, host, images.ensure(tx, instance, host), everywhere=everywhere)
    return host


def _reserve_ports(tx: Tx, instance: rows.Instance, host: rows.Host, address: rows.IpAddress | None) -> None:
    """Give the ports of a placed container their host, and the addresses that they lead from and to."""
    found = network_ports.ports_of(tx, instance)
    if not found:
        return
    # A container that an upgrade kept aside gave up its ports.
    numbers = {row.publicPort for row in found if row.hostId is None and row.publicPort is not None}
    held = Published(_held_ports(tx, instance.accountId, numbers).get(host.id, {}) if numbers else {})
    outer = parts.address_of(tx, host)
    for row in found:
        public = published(row)
        holder = None if public is None or row.hostId is not None else held.holder(public)
        if holder is not None:
            raise PortTaken(f"port {public} is used by {holder} on {host.name}")
        network_ports.reserve(
            tx,
            row,
            host.id,
            public=None if outer is None else outer.id,
            private=None if address is None else address.id,
        )


def published(row: rows.Port) -> PublicPort | None:
    """The public port that a port occupies on its host; None if it is not published."""
    return None if row.publicPort is None else PublicPort(row.publicPort, row.protocol, row.bindAddress or ANY)


def constraints_of(tx: Tx, instance: rows.Instance) -> tuple[Constraint, ...]:
    """The constraints in the container's labels and environment."""
    macros: dict[str, str] = {}
    if instance.serviceId is not None:
        service, stack = tx.get(rows.Service, instance.serviceId), tx.get(rows.Environment, instance.environmentId)
        if service is not None and stack is not None:
            macros = {"service_name": service.name, "stack_name": stack.name, "project_name": stack.name}
    return affinity.read(instance.labels or {}, instance.environment or {}, macros)


def _siblings(tx: Tx, instance: rows.Instance) -> list[rows.Instance]:
    """The other containers of its deployment unit, which must be on the same host."""
    if instance.deploymentUnitUuid is None:
        return []
    found = tx.find(rows.Instance, deploymentUnitUuid=instance.deploymentUnitUuid)
    return [
        row
        for row in found
        if row.accountId == instance.accountId and row.id != instance.id and not row.leaving and not row.kept
    ]


def _public_ports(tx: Tx, instances: list[rows.Instance]) -> tuple[PublicPort, ...]:
    """The ports that these containers together publish on their host."""
    ids = [instance.id for instance in instances if instance.ports]
    wanted = [published(row) for row in tx.find(rows.Port, instanceId=ids)] if ids else []
    return tuple(port for port in wanted if port is not None)


def host_facts(
    tx: Tx,
    project_id: int,
    service_id: int | None,
    *,
    public: Sequence[PublicPort],
    constraints: tuple[Constraint, ...],
) -> list[HostFacts]:
    """The facts of every host of a project, for a container of that service.

    The cost depends only on the project's hosts, the service's containers and the holders of the ports.
    """
    counts = tx.tally(rows.Instance)
    of_service: dict[int, int] = {}
    if service_id is not None:
        of_service = dict(tx.ask(_counting(tx.table(rows.Instance)), {"service": service_id}))
    held = _held_ports(tx, project_id, {port.port for port in public}) if public else {}
    seen = surroundings(tx, project_id, constraints)
    return [
        HostFacts(
            id=id,
            name=name,
            state=state,
            containers=counts.get(id, 0),
            of_service=of_service.get(id, 0),
            held=held.get(id, {}),
            avoid=None if agent_state == CONNECTED else "its agent is not connected",
            simulated=kind == "sim",
            surroundings=seen.get(id, NOTHING),
        )
        for id, name, state, agent_state, kind in tx.values(
            rows.Host, "id", "name", "state", "agentState", "kind", accountId=project_id
        )
        if kind != "cluster"
    ]


def surroundings(tx: ReadTx, project_id: int, constraints: tuple[Constraint, ...]) -> dict[int, Surroundings]:
    """Per host what these constraints compare; nothing else is read."""
    subjects = {constraint.subject for constraint in constraints}
    on_hosts: dict[int, dict[str, str]] = {}
    if "host_label" in subjects:
        on_hosts = {host.id: affinity.lower(host.labels) for host in tx.find(rows.Host, accountId=project_id)}
    pairs: defaultdict[int, set[tuple[str, str]]] = defaultdict(set)
    known: defaultdict[int, set[str]] = defaultdict(set)
    for constraint in constraints:
        if constraint.subject == "container_label":
            for host_id in _hosts_with_label(tx, project_id, constraint):
                pairs[host_id].add((constraint.key, constraint.value))
        elif constraint.subject == "container":
            for host_id in _hosts_with_container(tx, project_id, constraint.value):
                known[host_id].add(constraint.value)
    return {
        id: Surroundings(on_hosts.get(id, {}), frozenset(pairs[id]), frozenset(known[id]))
        for id in {*on_hosts, *pairs, *known}
    }


def _hosts_with_label(tx: ReadTx, project_id: int, constraint: Constraint) -> list[int]:
    """The hosts with a container that has this label, whatever its case."""
    label, tie, instance = (tx.table(name) for name in ("label", "instanceLabelMap", "instance"))
    statement = (
        sa.select(instance.c.hostId)
        .select_from(label)
        .join(tie, sa.and_(tie.c.labelId == label.c.id, tie.c.removed.is_(None)))
        .join(instance, sa.and_(instance.c.id == tie.c.instanceId, instance.c.removed.is_(None)))
        .where(label.c.folded == fold(f"{constraint.key}={constraint.value}"), label.c.removed.is_(None))
        .where(label.c.accountId == project_id, instance.c.hostId.is_not(None))
        .distinct()
    )
    return [row[0] for row in tx.execute(statement)]


def _hosts_with_container(tx: ReadTx, project_id: int, name: str) -> list[int]:
    """The hosts with a container of this name, whatever its case, or of this uuid."""
    named = tx.values(rows.Instance, "hostId", accountId=project_id, folded=fold(name))
    known = tx.values(rows.Instance, "hostId", accountId=project_id, uuid=name)
    return [host_id for (host_id,) in {*named, *known} if host_id is not None]


@cache
def _counting(table: sa.Table) -> Prepared:
    """The query that counts a service's containers per host; built once, since every placement runs it."""
    columns = table.c
    return Prepared(
        sa.select(columns.hostId, sa.func.count())
        .where(columns.serviceId == sa.bindparam("service"), columns.hostId.is_not(None), columns.removed.is_(None))
        .group_by(columns.hostId)
    )


def _held_ports(tx: Tx, project_id: int, numbers: set[int]) -> dict[int, dict[PublicPort, str]]:
    """Per host: the container that holds each of these public ports, by name."""
    result: defaultdict[int, dict[PublicPort, str]] = defaultdict(dict)
    port, instance = tx.table(rows.Port).c, tx.table(rows.Instance).c
    statement = (
        sa.select(port.hostId, port.publicPort, port.protocol, port.bindAddress, instance.name)
        .join(tx.table(rows.Instance), instance.id == port.instanceId)
        .where(port.accountId == project_id, port.removed.is_(None), port.publicPort.in_(numbers))
    )
    for row in tx.execute(statement):
        host_id, public, protocol, bind, name = tuple(row)
        result[host_id][PublicPort(public, protocol, bind or ANY)] = name
    return result


__all__ = ["MANAGED", "host_facts", "place"]
