# SPDX-License-Identifier: Apache-2.0
"""From the wish for a container to its place: host, ports and address, taken together in one unit or not at all."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache
from typing import Any

import sqlalchemy as sa

from orca.orchestration import affinity, ports, retained
from orca.orchestration.affinity import NOTHING, Constraint, Surroundings
from orca.orchestration.scheduler import ANY, HostFacts, PublicPort, Wanted, place
from orca.provision.hosts import CONNECTED
from orca.storage import images, volumes
from orca.storage.references import SIMULATED_PREFIX
from orca.store import Prepared, ReadTx, Record, Tx

MANAGED = "managed"


def settle(tx: Tx, instance: Record) -> Record:
    """Give `instance` a host, reserve its ports there and, in the managed network, an address. Returns the host.

    What it has already stays: a container that was placed once keeps its host, ports and address.

    Raises:
        scheduler.NoHost: no host can take it; the message says why each refused.
        ipam.PoolUsedUp: the host has no address left.
        LookupError: the host it is on has no address range.
        ipam.AddressRefused: the address that it asks for is no host's, or somebody else's.
        volumes.VolumeProblem: it wants a volume that lies on another host.
    """
    managed = (instance.networkMode or MANAGED) == MANAGED
    waiting = retained.waiting_for(tx, instance) if managed else None
    if instance.hostId is None:
        # Containers that start at once must see each other: who is where decides.
        tx.lock(tx.require("project", instance.accountId))
        siblings = _siblings(tx, instance)
        public = _public_ports([instance, *(row for row in siblings if row.hostId is None)])
        constraints = constraints_of(tx, instance)
        facts = host_facts(tx, instance.accountId, instance.serviceId, with_ports=bool(public), constraints=constraints)
        wanted = Wanted(
            public,
            instance.requestedHostId,
            instance.imageUuid.startswith(SIMULATED_PREFIX),
            beside=next((row.hostId for row in siblings if row.hostId is not None), None),
            constraints=constraints,
            address_on=retained.host_of(tx, instance) if managed else None,
            preferred=None if waiting is None else waiting.hostId,
        )
        choice = place(wanted, facts)
        why: dict[str, Any] = {"refused": dict(choice.refused)}
        if waiting is not None and waiting.hostId != choice.host_id:
            why["address"] = retained.left_behind(tx, waiting, choice.refused)
        tx.update(instance, hostId=choice.host_id, allocationState="active", placement=why)
    if instance.ports and not tx.count("port", instanceId=instance.id):
        # One that an upgrade kept aside gave its ports up.
        for spec in ports.parse_all(instance.ports or []):
            tx.insert(
                "port",
                accountId=instance.accountId,
                state="inactive",
                kind="userPort",
                instanceId=instance.id,
                hostId=tx.own(instance).hostId,
                privatePort=spec.private,
                publicPort=spec.public,
                protocol=spec.protocol,
                bindAddress=None if spec.bind == ANY else spec.bind,
            )
    if managed:
        tx.update(instance, primaryIpAddress=retained.give(tx, tx.own(instance), waiting).address)
    host = tx.require("host", instance.hostId)
    images.ensure(tx, instance, host)
    volumes.attach(tx, instance, host)
    return host


def constraints_of(tx: Tx, instance: Record) -> tuple[Constraint, ...]:
    """What the container's labels and environment say of where it wants to run."""
    macros: dict[str, str] = {}
    if instance.serviceId is not None:
        service, stack = tx.get("service", instance.serviceId), tx.get("environment", instance.environmentId)
        if service is not None and stack is not None:
            macros = {"service_name": service.name, "stack_name": stack.name, "project_name": stack.name}
    return affinity.read(instance.labels or {}, instance.environment or {}, macros)


def _siblings(tx: Tx, instance: Record) -> list[Record]:
    """The other containers of its deployment unit, which are to be on one host with it."""
    if instance.deploymentUnitUuid is None:
        return []
    rows = tx.find("instance", deploymentUnitUuid=instance.deploymentUnitUuid, accountId=instance.accountId)
    return [row for row in rows if row.id != instance.id and not row.data.get("leaving") and not row.data.get("kept")]


def _public_ports(instances: list[Record]) -> tuple[PublicPort, ...]:
    """What these containers together publish on their host."""
    wanted = [spec for instance in instances for spec in ports.parse_all(instance.ports or [])]
    return tuple(spec.published for spec in wanted if spec.published is not None)


def host_facts(
    tx: Tx, project_id: int, service_id: int | None, *, with_ports: bool, constraints: tuple[Constraint, ...]
) -> list[HostFacts]:
    """What placement needs to know of every host of a project, for a container of that service."""
    counts: Counter[int] = Counter()
    of_service: Counter[int] = Counter()
    for host_id, of, number in tx.ask(_counting(tx.table("instance")), {"project": project_id}):
        counts[host_id] += number
        if of is not None and of == service_id:
            of_service[host_id] += number
    held = _held_ports(tx, project_id) if with_ports else {}
    seen = surroundings(tx, project_id, constraints)
    return [
        HostFacts(
            id=id,
            name=name,
            state=state,
            containers=counts[id],
            of_service=of_service[id],
            held=held.get(id, {}),
            avoid=None if agent_state == CONNECTED else "its agent is not connected",
            simulated=kind == "sim",
            surroundings=seen.get(id, NOTHING),
        )
        for id, name, state, agent_state, kind in tx.values(
            "host", "id", "name", "state", "agentState", "kind", accountId=project_id
        )
        if kind != "cluster"
    ]


def surroundings(tx: ReadTx, project_id: int, constraints: tuple[Constraint, ...]) -> dict[int, Surroundings]:
    """Per host what these constraints look at: nothing is read that none of them asks for."""
    subjects = {constraint.subject for constraint in constraints}
    labels: dict[int, dict[str, str]] = {}
    if "host_label" in subjects:
        labels = {host.id: affinity.lower(host.labels) for host in tx.find("host", accountId=project_id)}
    pairs: defaultdict[int, set[tuple[str, str]]] = defaultdict(set)
    known: defaultdict[int, set[str]] = defaultdict(set)
    if subjects - {"host_label"}:
        for row in tx.find("instance", accountId=project_id):
            if row.hostId is not None:
                pairs[row.hostId] |= affinity.lower(row.labels).items()
                known[row.hostId] |= {str(row.name).lower(), row.uuid.lower()}
    return {
        id: Surroundings(labels.get(id, {}), frozenset(pairs[id]), frozenset(known[id]))
        for id in {*labels, *pairs, *known}
    }


@cache
def _counting(table: sa.Table) -> Prepared:
    """How many containers of each service each host of a project has. Built once: every placement asks for it."""
    columns = table.c
    return Prepared(
        sa.select(columns.hostId, columns.serviceId, sa.func.count())
        .where(columns.accountId == sa.bindparam("project"), columns.hostId.is_not(None), columns.removed.is_(None))
        .group_by(columns.hostId, columns.serviceId)
    )


def _held_ports(tx: Tx, project_id: int) -> dict[int, dict[PublicPort, str]]:
    """Per host: each reserved public port and the name of the container that holds it."""
    result: defaultdict[int, dict[PublicPort, str]] = defaultdict(dict)
    port, instance = tx.table("port").c, tx.table("instance").c
    statement = (
        sa.select(port.hostId, port.publicPort, port.protocol, port.bindAddress, instance.name)
        .join(tx.table("instance"), instance.id == port.instanceId)
        .where(port.accountId == project_id, port.removed.is_(None), port.publicPort.is_not(None))
    )
    for row in tx.execute(statement):
        host_id, public, protocol, bind, name = tuple(row)
        result[host_id][PublicPort(public, protocol, bind or ANY)] = name
    return result


__all__ = ["MANAGED", "host_facts", "settle"]
