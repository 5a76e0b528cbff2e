# SPDX-License-Identifier: Apache-2.0
"""What a reader of figures may know of hosts, containers, services, tunnels and checks: plain columns, no records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from orca.api.callers.caller import Caller
from orca.orchestration.discovery.facts import SILENT
from orca.orchestration.units import units
from orca.provision.hosts.lifecycle import CONNECTED
from orca.resources import ids, rows
from orca.store import ReadTx, Record


class Host(NamedTuple):
    """A host; ``connected``: its agent is."""

    id: int
    agent_id: int | None
    project: str
    name: str
    state: str
    connected: bool

    @property
    def labels(self) -> tuple[str, str, str]:
        """Project, name and the API's id, which is unique."""
        return self.project, self.name, ids.show("host", self.id)


class Container(NamedTuple):
    """A container on a host; standalone ones have neither stack nor service."""

    id: int
    host_id: int
    external_id: str | None
    project: str
    stack: str
    service: str
    name: str
    host: str
    state: str
    health: str | None

    @property
    def labels(self) -> tuple[str, str, str, str, str, str]:
        """Project, stack, service, name, host and the API's id, which is unique."""
        return self.project, self.stack, self.service, self.name, self.host, ids.show("container", self.id)


class Service(NamedTuple):
    """A service; ``wanted``: how many containers should run, None if that depends on its hosts or it rests."""

    id: int
    project: str
    stack: str
    name: str
    state: str
    health: str | None
    wanted: int | None

    @property
    def labels(self) -> tuple[str, str, str]:
        """Project, stack and name."""
        return self.project, self.stack, self.name


class Tunnel(NamedTuple):
    """An ordered pair of hosts."""

    source: int
    target: int
    state: str


class Check(NamedTuple):
    """What the checker on a host says of a container; None: nothing yet."""

    container: int
    host: int
    health: str | None


@dataclass(frozen=True, slots=True)
class Inventory:
    """All of it, by id."""

    hosts: Mapping[int, Host]
    containers: Mapping[int, Container]
    services: Mapping[int, Service]
    tunnels: list[Tunnel]
    checks: list[Check]


def take(tx: ReadTx, caller: Caller) -> Inventory:
    """Read what the caller sees."""
    projects = {id: name or "" for id, name in tx.values(rows.Project, "id", "name")}
    hosts = _hosts(tx, caller, projects)
    stacks = dict(_columns(tx, caller, rows.Environment, "id", "name"))
    services = {
        row.id: Service(
            row.id,
            projects.get(row.accountId, ""),
            stacks.get(row.environmentId, ""),
            row.name,
            row.state,
            row.healthState,
            _wanted(row),
        )
        for row in tx.rows(rows.Service, caller.scope(tx, "service", tx.query(rows.Service)))
    }
    return Inventory(
        hosts,
        _containers(tx, caller, hosts, services),
        services,
        [Tunnel(*row) for row in _columns(tx, caller, rows.MeshLink, "hostId", "peerHostId", "state")],
        [
            Check(*row)
            for row in _columns(tx, caller, rows.HealthcheckInstanceHostMap, "instanceId", "hostId", "healthState")
        ],
    )


def _hosts(tx: ReadTx, caller: Caller, projects: Mapping[int, str]) -> dict[int, Host]:
    found = _columns(tx, caller, rows.Host, "id", "agentId", "accountId", "name", "state", "agentState")
    return {
        id: Host(id, agent_id, projects.get(project, ""), name or "", state, agent == CONNECTED)
        for id, agent_id, project, name, state, agent in found
    }


def _wanted(service: rows.Service) -> int | None:
    if service.state in SILENT or units.is_global(service):
        return None
    return units.wanted_scale(service) * sum(not part.once for part in units.parts_of(service).values())


def _containers(
    tx: ReadTx, caller: Caller, hosts: Mapping[int, Host], services: Mapping[int, Service]
) -> dict[int, Container]:
    wanted = ("id", "hostId", "externalId", "serviceId", "name", "state", "healthState")
    found: dict[int, Container] = {}
    for id, host_id, external_id, service_id, name, state, health in _columns(tx, caller, rows.Instance, *wanted):
        host, service = hosts.get(host_id), services.get(service_id)
        if host is not None:
            of = ("", "") if service is None else (service.stack, service.name)
            where = (host.project, *of, name or "", host.name)
            found[id] = Container(id, host_id, external_id, *where, state, health)
    return found


def _columns(tx: ReadTx, caller: Caller, type: type[Record], *names: str) -> list[Any]:
    """Some columns of the rows of a type that the caller sees: much cheaper than records where there are many."""
    statement = caller.scope(tx, type.TYPE, tx.query(type))
    columns = tx.schema[type].table.c
    return list(tx.connection.execute(statement.with_only_columns(*(columns[name] for name in names))))
