# SPDX-License-Identifier: Apache-2.0
"""Access to streams: the links and actions that give out a URL and a token. Source: docs/v1.md, section 9.

A token names the caller (``sub``, ``accountId``), the key or session (``proof``), the URL (``path``) and the resource
(``resourceType``, ``resourceId``), besides v1's claims. The server checks rights again when the token is used.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from orca.api.callers.signer import Signer
from orca.api.streams import paths
from orca.engine import Behaviour, Call
from orca.resources import ids, rows
from orca.resources.errors import Refused
from orca.storage import host_rights
from orca.store import ReadTx, Record, Tx

LIFETIME = 60
"""Seconds in which a token must be used."""
MOST_LISTED = 40
"""Most members that the token of a project or service lists, since it travels in a request line. All are shown
anyway.
"""
COMMAND_BYTES = 16_384
"""Most bytes of a command with its arguments, which travel there too."""

behaviour = Behaviour()


@behaviour.create("hostApiProxyToken")
def proxy_token(tx: Tx, call: Call, fields: dict[str, Any]) -> dict[str, Any]:
    """Refuse v1's token for a host's own proxy: here agents dial the server with a ticket for each stream."""
    agent = tx.first(rows.Agent, accountId=call.account_id)
    if agent is None or tx.first(rows.Host, uuid=fields.get("reportedUuid") or "", agentId=agent.id) is None:
        raise Refused("InvalidReference", "this is not a host of yours", field="reportedUuid")
    raise Refused("HostApiProxyDisabled", "agents open streams with the ticket that they are sent", status=501)


# -- statistics --------------------------------------------------------------------------------------------------------


@behaviour.target("host.hostStats")
def host_stats(tx: ReadTx, call: Call, host: rows.Host) -> dict[str, Any]:
    """Statistics of the host itself."""
    return stats_access(call, paths.HOST_STATS, of_host(call, host))


@behaviour.target("project.hostStats")
def project_stats(tx: ReadTx, call: Call, project: rows.Project) -> dict[str, Any]:
    """Statistics of all hosts of a project."""
    hosts = [host for host in tx.find(rows.Host, accountId=project.id) if call.core.agents.get(host.agentId)]
    listed = [entry(call, paths.HOST_STATS, of_host(call, host)) for host in hosts[:MOST_LISTED]]
    return stats_access(call, paths.PROJECT_STATS, {**about(project), "project": listed})


@behaviour.target("host.stats", offered=lambda call, host: host.kind == "docker")
def raw_host_stats(tx: ReadTx, call: Call, host: rows.Host) -> dict[str, Any]:
    """The host's statistics in their older form."""
    return stats_access(call, paths.RAW_STATS, of_host(call, host))


@behaviour.target("container.stats", offered=lambda call, container: container.externalId is not None)
def raw_container_stats(tx: ReadTx, call: Call, container: rows.Container) -> dict[str, Any]:
    """A container's statistics in their older form."""
    return stats_access(call, f"{paths.RAW_STATS}/{container.externalId}", of_container(tx, call, container))


@behaviour.target("host.containerStats")
def host_container_stats(tx: ReadTx, call: Call, host: rows.Host) -> dict[str, Any]:
    """Statistics of all containers of a host."""
    claims = {**of_host(call, host), "containerIds": container_ids(tx.find(rows.Instance, hostId=host.id))}
    return stats_access(call, paths.CONTAINER_STATS, claims)


@behaviour.target("container.containerStats", offered=lambda call, container: container.externalId is not None)
def container_stats(tx: ReadTx, call: Call, container: rows.Container) -> dict[str, Any]:
    """Statistics of a container."""
    path = f"{paths.CONTAINER_STATS}/{container.externalId}"
    return stats_access(call, path, of_container(tx, call, container))


@behaviour.target("service.containerStats", "loadBalancerService.containerStats")
def service_stats(tx: ReadTx, call: Call, service: Record) -> dict[str, Any]:
    """Statistics of all containers of a service; no URL while it has none."""
    containers = [row for row in tx.find(rows.Container, serviceId=service.id) if row.externalId and row.hostId]
    if not containers:
        return {"type": "statsAccess", "links": {}, "actions": {}, "url": None, "token": None}
    listed = [
        entry(call, f"{paths.CONTAINER_STATS}/{row.externalId}", of_container(tx, call, row))
        for row in containers[:MOST_LISTED]
        if connected(tx, call, row)
    ]
    return stats_access(call, paths.SERVICE_STATS, {**about(service), "service": listed})


# -- logs and commands -------------------------------------------------------------------------------------------------


@behaviour.offered("container.logs", otherwise="it has no log, because its host has not made it yet")
def has_log(tx: ReadTx, call: Call, container: rows.Container) -> bool:
    """True if the container has a log; one that is starting for the first time has none."""
    return container.externalId is not None


@behaviour.action("container.logs")
def logs(tx: ReadTx, call: Call, container: rows.Container, given: dict[str, Any]) -> dict[str, Any]:
    """A container's log."""
    wanted = {"Container": container.externalId, "Lines": given.get("lines"), "Follow": given["follow"]}
    claims = {**of_container(tx, call, container), "logs": wanted}
    return {"type": "hostAccess", **opened(call, paths.LOGS, claims)}


@behaviour.action("container.execute")
def execute(tx: ReadTx, call: Call, container: rows.Container, given: dict[str, Any]) -> dict[str, Any]:
    """A command in a running container."""
    command = given["command"]
    if not command:
        raise Refused("MinLengthExceeded", "a command has at least one word", field="command")
    if sum(len(word.encode()) for word in command) > COMMAND_BYTES:
        raise Refused("MaxLengthExceeded", f"a command has at most {COMMAND_BYTES} bytes", field="command")
    host_rights.check(tx, call, container.fields())
    wanted = {
        "Container": container.externalId,
        "Cmd": command,
        "Tty": given["tty"],
        "AttachStdin": given["attachStdin"],
        "AttachStdout": given["attachStdout"],
    }
    claims = {**of_container(tx, call, container), "exec": wanted}
    return {"type": "hostAccess", **opened(call, paths.EXEC, claims)}


# -- tokens ------------------------------------------------------------------------------------------------------------


def stats_access(call: Call, path: str, claims: dict[str, Any]) -> dict[str, Any]:
    """The target of a link to statistics."""
    return {"type": "statsAccess", **opened(call, path, claims)}


def opened(call: Call, path: str, claims: dict[str, Any]) -> dict[str, Any]:
    """The URL and the token as fields of a resource without links."""
    return {"links": {}, "actions": {}, **entry(call, path, claims)}


def entry(call: Call, path: str, claims: dict[str, Any]) -> dict[str, str]:
    """The URL and the token."""
    origin = call.root.rpartition("/")[0]
    slash = "/" if path in (paths.LOGS, paths.EXEC, paths.PROJECT_STATS, paths.SERVICE_STATS) else ""
    proof = None if call.proof is None else [call.proof.root, call.proof.id]
    who = {"sub": str(call.user_id), "accountId": call.account_id, "proof": proof, "path": path}
    token = call.core.part(Signer).sign({**claims, **who}, LIFETIME)
    return {"url": f"ws{origin.removeprefix('http')}/v1/{path}{slash}", "token": token}


def about(record: Record) -> dict[str, Any]:
    """The claims that name a resource."""
    return {"resourceType": record.type, "resourceId": ids.show(record.type, record.id)}


def of_host(call: Call, host: rows.Host) -> dict[str, Any]:
    """The claims of every token about a host. Raises ``Refused`` with 503 while its agent is not connected."""
    reachable(call, host)
    return {**about(host), "hostUuid": host.uuid}


def of_container(tx: ReadTx, call: Call, container: rows.Instance) -> dict[str, Any]:
    """The claims of every token about a container. Raises ``Refused`` with 503 while its host cannot be reached."""
    host = tx.get(rows.Host, container.hostId)
    if host is None or container.externalId is None:
        raise Refused("Service Unavailable", "the container is on no host", status=503)
    reachable(call, host)
    return {**about(container), "hostUuid": host.uuid, "containerIds": container_ids([container])}


def connected(tx: ReadTx, call: Call, container: rows.Instance) -> bool:
    """True if the agent of the container's host is there."""
    host = tx.get(rows.Host, container.hostId)
    return host is not None and call.core.agents.get(host.agentId) is not None


def reachable(call: Call, host: rows.Host) -> None:
    """Raise ``Refused`` with 503 unless the host's agent is connected."""
    if call.core.agents.get(host.agentId) is None:
        raise Refused("Service Unavailable", f"the agent of host {host.name} is not connected", status=503)


def container_ids(instances: Iterable[rows.Instance]) -> dict[str, str]:
    """Docker's ids and the API's."""
    return {row.externalId: ids.show("instance", row.id) for row in instances if row.externalId is not None}
