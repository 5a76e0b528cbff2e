# SPDX-License-Identifier: Apache-2.0
"""Services in the API: create and change one; external services; endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Any, TypeVar

from orca.engine import Behaviour, Call, Processes, discard
from orca.orchestration.placement import retained
from orca.orchestration.services import links as service_links
from orca.orchestration.services import rights as service_rights
from orca.orchestration.services.checks import CONTAINERLESS, check_fields, check_launch_configs, check_name
from orca.orchestration.units import units
from orca.resources import processes_of, rows
from orca.resources.errors import ActionNotAvailable, Refused
from orca.store import ReadTx, Tx

VIP_RANGE = IPv4Network("169.254.64.0/18")
FIRST_VERSION = "0"
FOLLOWED_WHILE_ACTIVATING = frozenset({"registering", "activating", "restarting"})
"""States in which a change needs no process of its own, since the running one reads the service again."""

S = TypeVar("S", bound=rows.Service)

MADE_HERE: Mapping[str, type[rows.Service]] = {
    type.TYPE: type for type in (rows.Service, rows.DnsService, rows.ExternalService)
}
"""The types that are made here, by name."""

behaviour = Behaviour()


@behaviour.create("service")
def create(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.Service:
    """Create a service in a stack of the caller's project; ``startOnCreate`` or the action ``activate`` starts it."""
    return create_typed(tx, call, fields, rows.Service)


@behaviour.create("dnsService")
def create_dns(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.DnsService:
    """Create an alias: another name for the services that it is linked to."""
    return create_typed(tx, call, fields, rows.DnsService)


@behaviour.create("externalService")
def create_external(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.ExternalService:
    """Create an external service: a name for addresses, or for a host, elsewhere."""
    return create_typed(tx, call, fields, rows.ExternalService)


def create_typed(tx: Tx, call: Call, fields: dict[str, Any], type: type[S]) -> S:
    """Create a service of this type."""
    service_rights.check_given(tx, call, fields)
    return make(tx, call.core.engine, stack_of(tx, call, fields), fields, type=type)


def stack_of(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.Environment:
    """The caller's stack for a new service.

    Raises:
        Refused: there is none.
    """
    stack = tx.get(rows.Environment, fields.get("environmentId"))
    if stack is None or stack.accountId != call.account_id:
        raise Refused("InvalidReference", "environmentId: there is no such stack", field="environmentId")
    return stack


def make(tx: Tx, engine: Processes, stack: rows.Environment, fields: dict[str, Any], *, type: type[S]) -> S:
    """Make a new service and request its ``create``.

    Raises:
        Refused: a name that cannot be a DNS label or is taken, a launch config that cannot run, a stack that is being
        removed.
    """
    if stack.state in ("removing", "removed"):
        raise Refused("InvalidState", f"stack {stack.name} is {stack.state}", field="environmentId")
    name = str(fields.get("name") or "")
    check_name(tx, stack.id, name)
    check_fields(fields, type=type.TYPE)
    given = {field: value for field, value in fields.items() if value is not None}
    if type.TYPE not in CONTAINERLESS:
        sidekicks = given.get("secondaryLaunchConfigs") or []
        for config in sidekicks:
            check_name(tx, stack.id, str(config.get("name") or ""))
        check_launch_configs(
            name, given.get("launchConfig"), sidekicks, type=type.TYPE, selector=given.get("selectorContainer")
        )
        retained.check(tx, stack.accountId, [given["launchConfig"], *sidekicks])
        given["launchConfig"] = {**given["launchConfig"], "version": FIRST_VERSION}
        if sidekicks:
            given["secondaryLaunchConfigs"] = [
                {"networkMode": "managed", **config, "version": FIRST_VERSION} for config in sidekicks
            ]
    if given.get("assignServiceIpAddress") and not given.get("vip"):
        given["vip"] = _free_vip(tx, stack.accountId)
    row = tx.insert(
        type,
        **{"scale": 1, **given, "accountId": stack.accountId, "environmentId": stack.id, "kind": type.TYPE},
        createIndex=0,
        currentScale=0,
    )
    service_links.apply_selectors(tx, row)
    engine.request(tx, row, "create")
    return row


@behaviour.update("service")
def update(tx: Tx, call: Call, row: S, fields: dict[str, Any]) -> S:
    """Change a service. Unchanged fields still make a failed service try again at once."""
    if not fields and row.transitioning != "error":
        return row
    return change(tx, call.core.engine, row, fields)


def change(tx: Tx, engine: Processes, row: S, fields: dict[str, Any]) -> S:
    """Change a service. The process ``update``, or the running one, applies changes that concern its containers.

    Raises:
        Refused: a name that cannot be used, fields that contradict each other, a state that allows no change.
    """
    if fields.get("scale", 0) is None:
        fields["scale"] = 1
    if "name" in fields:
        check_name(tx, row.environmentId, str(fields["name"] or ""), but=row.id)
    check_fields({**{name: row.get(name) for name in ("externalIpAddresses", "hostname")}, **fields}, type=row.kind)
    row = tx.update(row, **fields)
    if "scalePolicy" in fields:
        row = tx.update(row, aim=None, full=None)
    if "retainIp" in fields and not retained.retains(row):
        units.forget_addresses(tx, row)
    if "selectorLink" in fields:
        service_links.apply_selectors(tx, row)
    if row.state in processes_of(row.type)["update"].start:
        engine.request(tx, row, "update")
    elif row.state not in FOLLOWED_WHILE_ACTIVATING and fields.keys() - {"name", "description", "metadata"}:
        raise ActionNotAvailable(row.type, "update", row.state)
    return row


def _free_vip(tx: ReadTx, project_id: int) -> str:
    """An address for a service that no other service of the project has."""
    taken = {vip for (vip,) in tx.values(rows.Service, "vip", accountId=project_id) if vip}
    return next(str(address) for address in VIP_RANGE.hosts() if str(address) not in taken)


# -- what stands for a service outside --------------------------------------------------------------------------------


def expose(tx: Tx, service: rows.Service) -> None:
    """Make a map for each address of an active external service, or for its host name."""
    if not isinstance(service, rows.ExternalService):
        return
    wanted = {("ipAddress", address) for address in service.externalIpAddresses or []}
    if service.hostname:
        wanted.add(("hostName", service.hostname))
    present = {
        ("ipAddress", row.ipAddress) if row.ipAddress else ("hostName", row.hostName): row
        for row in tx.find(rows.ServiceExposeMap, serviceId=service.id)
    }
    discard(tx, *(present[key] for key in present.keys() - wanted))
    for field, value in sorted(wanted - present.keys()):
        tx.insert(
            rows.ServiceExposeMap,
            **{field: value},
            accountId=service.accountId,
            state="active",
            serviceId=service.id,
            managed=True,
        )


def hide(tx: Tx, service: rows.Service) -> None:
    """Remove the maps of an external service."""
    discard(tx, *tx.find(rows.ServiceExposeMap, serviceId=service.id, instanceId=None))


# -- endpoints --------------------------------------------------------------------------------------------------------


@behaviour.computed("service.publicEndpoints")
def service_endpoints(tx: ReadTx, call: Call, row: rows.Service) -> list[dict[str, Any]]:
    """The present endpoints of the service's published ports."""
    instances = tx.find(rows.Instance, serviceId=row.id, state="running")
    return _endpoints(tx, tx.find(rows.Port, instanceId=[instance.id for instance in instances], state="active"))


@behaviour.computed("host.publicEndpoints")
def host_endpoints(tx: ReadTx, call: Call, row: rows.Host) -> list[dict[str, Any]]:
    """The published ports of a host, now."""
    return _endpoints(tx, tx.find(rows.Port, hostId=row.id, state="active"))


def _endpoints(tx: ReadTx, ports: list[rows.Port]) -> list[dict[str, Any]]:
    result = []
    for port in ports:
        host, instance = tx.get(rows.Host, port.hostId), tx.get(rows.Instance, port.instanceId)
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
