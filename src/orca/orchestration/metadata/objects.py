# SPDX-License-Identifier: Apache-2.0
"""Rows as the metadata service shows them, with its names of 2015. Environments of containers are never among them.

An object names others by their keys (``service``, ``stack``, ``host`` and the keys of ``links``); the service on the
host puts them into each other.
"""

from __future__ import annotations

import re
from typing import Any

from orca.orchestration.placement import marks
from orca.orchestration.syntax.names import PRIMARY
from orca.resources import rows
from orca.store import ReadTx

Object = dict[str, Any]

PASSING = frozenset({"external_id", "health_state", "scale", "start_count", "state"})
"""What changes while a container runs; a host knows it only while somebody asks."""
PASSING_OF_SERVICES = PASSING | {"create_index"}
"""The last index grows with each container of the service."""

_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def lasting(found: Object, passing: frozenset[str] = PASSING) -> Object:
    """An object without what changes while a container runs."""
    return {name: value for name, value in found.items() if name not in passing}


def container_key(row: rows.Instance) -> str:
    """The key of a container."""
    return f"container/{row.uuid}"


def service_key(row: rows.Service, part: str = PRIMARY) -> str:
    """The key of a service, or of one of its sidekicks."""
    return f"service/{row.uuid}" if part == PRIMARY else f"service/{row.uuid}/{part}"


def stack_key(row: rows.Environment) -> str:
    """The key of a stack."""
    return f"stack/{row.uuid}"


def host_key(row: rows.Host) -> str:
    """The key of a host."""
    return f"host/{row.uuid}"


def container(tx: ReadTx, row: rows.Instance) -> Object:
    """A container."""
    service, host = tx.get(rows.Service, row.serviceId), tx.get(rows.Host, row.hostId)
    stack = None if service is None else tx.get(rows.Environment, service.environmentId)
    number = marks.number(row)
    return {
        "name": row.name,
        "uuid": row.uuid,
        "service": service and service_key(service, marks.part(row)),
        "stack": stack and stack_key(stack),
        "host": host and host_key(host),
        "primary_ip": row.primaryIpAddress,
        "ips": [row.primaryIpAddress] if row.primaryIpAddress else [],
        "hostname": row.hostname,
        "ports": row.ports or [],
        "labels": row.labels or {},
        "create_index": row.createIndex,
        "service_index": str(number) if number else None,
        "dns": row.dns or [],
        "dns_search": row.dnsSearch or [],
        "health_check": _snake(row.healthCheck),
        "memory_reservation": None,
        "external_id": row.externalId,
        "health_state": row.healthState,
        "start_count": row.startCount,
        "state": row.state,
        "system": row.systemContainer is not None,
    }


def services(tx: ReadTx, row: rows.Service) -> dict[str, Object]:
    """A service, and its sidekicks as services of their own, by key."""
    stack = tx.get(rows.Environment, row.environmentId)
    sidekicks = {each["name"]: each for each in row.secondaryLaunchConfigs or ()}
    common = {
        "uuid": row.uuid,
        "kind": row.kind,
        "stack": stack and stack_key(stack),
        "primary_service_name": row.name,
        "create_index": row.createIndex,
        "fqdn": row.fqdn,
        "vip": row.vip,
        "metadata": row.metadata or {},
        "scale": row.scale,
        "state": row.state,
        "health_state": row.healthState,
    }
    external = row if isinstance(row, rows.ExternalService) else None
    own = {
        "name": row.name,
        "sidekicks": sorted(sidekicks),
        "links": _links(tx, row),
        "external_ips": (external and external.externalIpAddresses) or [],
        **_launch(row.launchConfig or {}),
    }
    if external is not None:
        own["hostname"] = external.hostname
    found = {service_key(row): common | own}
    for name, launch in sidekicks.items():
        beside = {"name": name, "sidekicks": [], "links": {}, "external_ips": []}
        found[service_key(row, name)] = common | beside | _launch(launch)
    return found


def stack(tx: ReadTx, row: rows.Environment) -> Object:
    """A stack."""
    project = tx.get(rows.Account, row.accountId)
    return {"name": row.name, "uuid": row.uuid, "environment_name": project and project.name}


def host(row: rows.Host) -> Object:
    """A host."""
    info = row.info or {}
    memory, cores = (info.get("memoryInfo") or {}).get("memTotal"), (info.get("cpuInfo") or {}).get("count")
    return {
        "name": row.name or row.hostname,
        "uuid": row.uuid,
        "hostname": row.hostname,
        "agent_ip": row.agentIpAddress,
        "labels": row.labels or {},
        "memory": memory and memory << 20,
        "milli_cpu": cores and cores * 1000,
        "state": row.state,
    }


def _launch(launch: dict[str, Any]) -> Object:
    return {
        "hostname": launch.get("hostname"),
        "ports": launch.get("ports") or [],
        "expose": launch.get("expose") or [],
        "labels": launch.get("labels") or {},
        "health_check": _snake(launch.get("healthCheck")),
    }


def _links(tx: ReadTx, row: rows.Service) -> dict[str, str]:
    """The aliases of the linked services, by key."""
    found = {}
    for link in tx.find(rows.ServiceConsumeMap, serviceId=row.id):
        target = tx.get(rows.Service, link.consumedServiceId)
        if target is not None and target.removed is None:
            found[service_key(target)] = link.name or ""
    return found


def _snake(value: dict[str, Any] | None) -> dict[str, Any] | None:
    """A value of v1 with the names of the metadata service."""
    if value is None:
        return None
    return {_CAPITAL.sub("_", name).lower(): each for name, each in value.items() if name != "type"}
