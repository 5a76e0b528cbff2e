# SPDX-License-Identifier: Apache-2.0
"""What a token allows when it is used: its user may have lost the right, the container its host."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from orca import wire
from orca.api.answers import select
from orca.api.callers.caller import Caller
from orca.api.callers.sessions import check_proof
from orca.api.requests.ask import Ask
from orca.api.streams import paths
from orca.api.streams.access import container_ids
from orca.provision.people.identities import WORKING
from orca.provision.people.roles import project_role
from orca.resources import ids, rows
from orca.resources.errors import ActionNotAvailable, Refused
from orca.resources.instance import LOGGED
from orca.resources.views import view
from orca.store import ReadTx

Plan: TypeAlias = Callable[[ReadTx], dict[int, wire.StreamSource]]
"""The source to request, by agent."""
LOOKERS = frozenset({"readonly", "readAdmin"})
"""Roles that run no commands."""


@dataclass(frozen=True)
class Single:
    """One stream of one agent."""

    agent_id: int
    source: wire.StreamSource


@dataclass(frozen=True)
class Many:
    """Streams of several agents, which come and go; ``plan`` returns the present ones."""

    plan: Plan


def granted(tx: ReadTx, ask: Ask, claims: dict[str, Any]) -> tuple[Caller, Single | Many]:
    """The caller behind these claims, and what to show. Raises ``Refused``: 401, 403, 404, 422."""
    caller = bearer(tx, claims)
    return caller, _shown(tx, ask, claims, caller)


def _shown(tx: ReadTx, ask: Ask, claims: dict[str, Any], caller: Caller) -> Single | Many:
    path = str(claims["path"])
    if path != "/".join(ask.path).lower():
        raise Refused("Unauthorized", "the token is for another stream", status=401)
    record = select.visible(tx, caller, claims["resourceType"], ids.parse(claims["resourceId"]))
    if not isinstance(record, rows.Resource) or record.removed is not None:
        raise Refused("Not Found", "the resource that the token is for is gone", status=404)
    if path == paths.PROJECT_STATS:
        return Many(lambda tx: hosts_of(tx, record.id))
    if path == paths.SERVICE_STATS:
        return Many(lambda tx: containers_by_agent(tx, tx.find(rows.Container, serviceId=record.id)))
    if path == paths.CONTAINER_STATS:
        return Many(lambda tx: containers_by_agent(tx, tx.find(rows.Instance, hostId=record.id)))
    raw = path.startswith(paths.RAW_STATS)
    if isinstance(record, rows.Host):
        return Single(_agent_of(record), wire.HostStats(resource_id=ids.show("host", record.id), raw=raw))
    host = tx.get(rows.Host, record.hostId) if isinstance(record, rows.Instance) else None
    if not isinstance(record, rows.Instance) or host is None or record.externalId is None:
        raise Refused("Not Found", "the container is on no host", status=404)
    if path == paths.LOGS:
        return Single(_agent_of(host), log_source(ask, record, claims["logs"]))
    if path == paths.EXEC:
        return Single(_agent_of(host), exec_source(caller, record, claims["exec"]))
    return Single(_agent_of(host), wire.ContainerStats(containers=container_ids([record]), raw=raw))


def bearer(tx: ReadTx, claims: dict[str, Any]) -> Caller:
    """The user of the token, with the present role. Raises ``Refused`` with 401 or 403."""
    if claims.get("proof") is not None:
        check_proof(tx, tx.get(*claims["proof"]))
    user = tx.get(rows.Account, int(claims["sub"]))
    account = tx.get(rows.Account, claims["accountId"])
    for each in (user, account):
        if each is None or each.state not in WORKING or each.removed is not None:
            raise Refused("Forbidden", "the account is not active", status=403)
    assert user is not None
    assert account is not None
    role = str(user.kind) if user.id == account.id else project_role(tx, account, user)
    if role is None:
        raise Refused("Forbidden", "this project is not accessible", status=403)
    return Caller(role=role, account=account, user=user, view=view(role, "v1"))


def _agent_of(host: rows.Host) -> int:
    if host.agentId is None:
        raise Refused("Not Found", "the host has no agent", status=404)
    return host.agentId


def log_source(ask: Ask, container: rows.Instance, claim: dict[str, Any]) -> wire.ContainerLogs:
    """The log from where the viewer wants it: the query's ``since`` and ``skip`` resume. Raises ``Refused``."""
    if container.state not in LOGGED:
        raise ActionNotAvailable("container", "logs", container.state)
    source = wire.ContainerLogs(container=str(container.externalId), follow=claim["Follow"], lines=claim["Lines"])
    since = ask.first("since")
    if since is None:
        return source
    kind, _, timestamp = since.rpartition(" ")
    try:
        wire.nanoseconds(timestamp)
        count = int(ask.first("skip") or "1")
        if kind not in ("", "00", "01", "02") or count < 1:
            raise ValueError
    except ValueError:
        message = "since: a timestamp, or the first two words of a frame; skip: how many frames had these, at least 1"
        raise Refused("InvalidFormat", message, field="since") from None
    source.lines = None
    if kind:
        source.after = wire.LogMark(kind=kind, timestamp=timestamp, count=count)
    else:
        source.since = timestamp
    return source


def exec_source(caller: Caller, container: rows.Instance, claim: dict[str, Any]) -> wire.ContainerExec:
    """The command. Raises ``Refused``."""
    if caller.role in LOOKERS:
        raise Refused("Forbidden", "this role runs no commands", status=403)
    if container.state != "running":
        raise ActionNotAvailable("container", "execute", container.state)
    return wire.ContainerExec(
        container=str(container.externalId),
        command=claim["Cmd"],
        tty=claim["Tty"],
        attach_stdin=claim["AttachStdin"],
        attach_stdout=claim["AttachStdout"],
    )


def hosts_of(tx: ReadTx, project_id: int) -> dict[int, wire.StreamSource]:
    """The hosts of a project."""
    return {
        host.agentId: wire.HostStats(resource_id=ids.show("host", host.id))
        for host in tx.find(rows.Host, accountId=project_id)
        if host.agentId is not None
    }


def containers_by_agent(tx: ReadTx, containers: Iterable[rows.Instance]) -> dict[int, wire.StreamSource]:
    """The containers that run, by the agents of their hosts."""
    found: dict[int, list[rows.Instance]] = {}
    for container in containers:
        host = tx.get(rows.Host, container.hostId)
        if host is not None and host.agentId is not None and container.state == "running":
            found.setdefault(host.agentId, []).append(container)
    return {agent_id: wire.ContainerStats(containers=container_ids(chosen)) for agent_id, chosen in found.items()}
