# SPDX-License-Identifier: Apache-2.0
"""Services as the API sees them: creating, links, endpoints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from orca.engine import Behaviour, Call
from orca.orchestration.containers import check_launch
from orca.orchestration.names import BadName, check_service_name
from orca.resources.errors import Refused
from orca.store import ReadTx, Record, Tx

behaviour = Behaviour()

Link = tuple[int, str]
"""(consumed service id, name it is seen by; empty: its own)."""


@behaviour.create("service")
def create(tx: Tx, call: Call, fields: dict[str, Any]) -> Record:
    """A service in a stack of the caller's project; it starts with `startOnCreate` or the action `activate`."""
    stack = tx.get("environment", fields.get("environmentId"))
    if stack is None or stack.accountId != call.account_id:
        raise Refused("InvalidReference", "environmentId: there is no such stack", field="environmentId")
    row = insert(tx, stack, fields)
    call.request(tx, row, "create")
    return row


def insert(tx: Tx, stack: Record, fields: dict[str, Any]) -> Record:
    """The row of a new service. The caller requests `create`.

    Raises:
        Refused: a name that cannot be a DNS label, a launch config that cannot run, a stack on its way out.
    """
    if stack.state in ("removing", "removed"):
        raise Refused("InvalidState", f"stack {stack.name} is {stack.state}", field="environmentId")
    try:
        check_service_name(str(fields.get("name") or ""))
    except BadName as error:
        raise Refused("InvalidCharacters", str(error), field="name") from error
    if fields.get("secondaryLaunchConfigs"):
        raise Refused("InvalidOption", "sidekicks are not supported", field="secondaryLaunchConfigs")
    check_launch(fields.get("launchConfig") or {})
    given = {name: value for name, value in fields.items() if value is not None}
    return tx.insert(
        "service",
        **{"scale": 1, **given, "accountId": stack.accountId, "environmentId": stack.id, "kind": "service"},
        createIndex=0,
        currentScale=0,
    )


# -- links ------------------------------------------------------------------------------------------------------------


@behaviour.action("service.setservicelinks")
def set_service_links(tx: Tx, call: Call, row: Record, data: dict[str, Any]) -> Record:
    """Replace all links of a service."""
    links = [_link(tx, call, entry) for entry in data.get("serviceLinks") or []]
    if len(set(links)) != len(links):
        raise Refused("NotUnique", "the same link is given twice", field="serviceId")
    set_links(tx, row, links)
    return row


@behaviour.action("service.addservicelink")
def add_service_link(tx: Tx, call: Call, row: Record, data: dict[str, Any]) -> Record:
    """Add one link; one that exists already stays."""
    link = _link(tx, call, data.get("serviceLink") or {})
    set_links(tx, row, {*links_of(tx, row), link})
    return row


@behaviour.action("service.removeservicelink")
def remove_service_link(tx: Tx, call: Call, row: Record, data: dict[str, Any]) -> Record:
    """Take one link away; without a name, every link to that service."""
    target, name = _link(tx, call, data.get("serviceLink") or {})
    set_links(tx, row, [link for link in links_of(tx, row) if link[0] != target or (name and link[1] != name)])
    return row


def links_of(tx: ReadTx, service: Record) -> list[Link]:
    """The links of a service."""
    return [(row.consumedServiceId, row.name or "") for row in tx.find("serviceConsumeMap", serviceId=service.id)]


def set_links(tx: Tx, service: Record, links: Iterable[Link]) -> bool:
    """Make the links of a service exactly these; False when they are so already."""
    wanted = set(links)
    present = {
        (row.consumedServiceId, row.name or ""): row for row in tx.find("serviceConsumeMap", serviceId=service.id)
    }
    for link in present.keys() - wanted:
        tx.update(present[link], state="removed", removed=tx.now)
    for target, name in sorted(wanted - present.keys()):
        tx.insert(
            "serviceConsumeMap",
            accountId=service.accountId,
            state="active",
            serviceId=service.id,
            consumedServiceId=target,
            name=name or None,
        )
    return wanted != present.keys()


def _link(tx: ReadTx, call: Call, entry: dict[str, Any]) -> Link:
    target = tx.get("service", entry.get("serviceId"))
    if target is None or target.accountId != call.account_id or target.state in ("removing", "removed"):
        raise Refused("InvalidReference", "serviceId: there is no such service", field="serviceId")
    return target.id, str(entry.get("name") or "")


# -- endpoints --------------------------------------------------------------------------------------------------------


@behaviour.computed("service.publicEndpoints")
def service_endpoints(tx: ReadTx, call: Call, row: Record) -> list[dict[str, Any]]:
    """Where the service's published ports can be reached from outside, now."""
    instances = tx.find("instance", serviceId=row.id, state="running")
    return _endpoints(tx, tx.find("port", instanceId=[instance.id for instance in instances], state="active"))


@behaviour.computed("host.publicEndpoints")
def host_endpoints(tx: ReadTx, call: Call, row: Record) -> list[dict[str, Any]]:
    """The published ports of a host, now."""
    return _endpoints(tx, tx.find("port", hostId=row.id, state="active"))


def _endpoints(tx: ReadTx, ports: list[Record]) -> list[dict[str, Any]]:
    result = []
    for port in ports:
        host, instance = tx.get("host", port.hostId), tx.get("instance", port.instanceId)
        if port.publicPort and host is not None and instance is not None:
            result.append(
                {
                    "type": "publicEndpoint",
                    "ipAddress": port.bindAddress or host.agentIpAddress,
                    "port": port.publicPort,
                    "hostId": host.id,
                    "instanceId": instance.id,
                    "serviceId": instance.serviceId,
                }
            )
    return result
