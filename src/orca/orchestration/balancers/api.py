# SPDX-License-Identifier: Apache-2.0
"""Independent load balancers: listeners, configurations, balancers with hosts and targets, groups of them.

Actions make and remove the rows that tie two of them together; such a row is removed with either end.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from ipaddress import ip_address
from typing import Any, TypeVar, cast

from orca.engine import Behaviour, Call, Run, discard
from orca.orchestration.balancers import policies
from orca.orchestration.syntax.rules import check_target_port
from orca.resources import rows
from orca.resources.errors import Refused
from orca.store import ReadTx, Tx

behaviour = Behaviour()

R = TypeVar("R", bound=rows.Resource)

PARTS: Mapping[str, tuple[tuple[type[rows.Resource], str], ...]] = {
    "loadBalancer": ((rows.LoadBalancerTarget, "loadBalancerId"), (rows.LoadBalancerHostMap, "loadBalancerId")),
    "loadBalancerConfig": ((rows.LoadBalancerConfigListenerMap, "loadBalancerConfigId"),),
    "loadBalancerListener": ((rows.LoadBalancerConfigListenerMap, "loadBalancerListenerId"),),
}
"""What goes with a removed row, by the row's type: other types, each with the field that names the row."""


AT_ONCE = 100
"""Most ties that one unit removes."""


@behaviour.process("loadBalancer.remove", "loadBalancerConfig.remove", "loadBalancerListener.remove")
async def remove_with_parts(run: Run) -> None:
    """Remove the row and its ties to others."""

    def unit(tx: Tx) -> int:
        found = [
            row
            for type, field in PARTS[run.resource_type]
            for row in tx.rows(type, tx.query(type, **{field: run.resource_id}).limit(AT_ONCE))
        ]
        discard(tx, *found)
        return len(found)

    number = 1
    while await run.step(f"ties {number}", unit):
        number += 1


def check_alone(row: rows.LoadBalancer | rows.LoadBalancerConfig | rows.LoadBalancerListener) -> None:
    """Refuse to change what follows from a service: change the service instead."""
    if row.serviceId is not None:
        message = "it belongs to a service; change the ports, links and scale of that, or remove it"
        raise Refused("InvalidAction", message, field="serviceId")


@behaviour.remove("loadBalancer", "loadBalancerListener")
def remove_alone(tx: Tx, call: Call, row: rows.LoadBalancer | rows.LoadBalancerListener) -> rows.Resource:
    """Remove a balancer or a listener, unless it belongs to a service."""
    check_alone(row)
    call.request(tx, row, "remove")
    return row


@behaviour.action("loadBalancer.remove", "loadBalancerListener.remove")
def remove_alone_by_action(
    tx: Tx, call: Call, row: rows.LoadBalancer | rows.LoadBalancerListener, data: dict[str, Any]
) -> rows.Resource:
    """Remove a balancer or a listener by its action; the same rule holds."""
    return remove_alone(tx, call, row)


# -- listeners and configurations -------------------------------------------------------------------------------------


@behaviour.create("loadBalancerListener")
def create_listener(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.LoadBalancerListener:
    """Create a port at which balancers listen. By default its target port is the same."""
    port = fields.get("sourcePort") or fields.get("privatePort")
    if port is None:
        raise Refused("MissingRequired", "sourcePort is required without privatePort", field="sourcePort")
    given = {name: value for name, value in fields.items() if value is not None}
    return _make(
        tx, call, rows.LoadBalancerListener, **{"targetPort": port, "targetProtocol": fields["sourceProtocol"], **given}
    )


@behaviour.create("loadBalancerConfig")
def create_config(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.LoadBalancerConfig:
    """Create a set of listeners with a policy for sticky sessions."""
    policies.check(fields)
    return _make(tx, call, rows.LoadBalancerConfig, **fields)


@behaviour.update("loadBalancerConfig")
def update_config(tx: Tx, call: Call, row: rows.LoadBalancerConfig, fields: dict[str, Any]) -> rows.LoadBalancerConfig:
    """Change the policies of a configuration; that of a service is changed there."""
    check_alone(row)
    policies.check({**row.fields(), **fields})
    return tx.update(row, **fields)


@behaviour.action("loadBalancerConfig.addlistener")
def add_listener(tx: Tx, call: Call, row: rows.LoadBalancerConfig, data: dict[str, Any]) -> rows.LoadBalancerConfig:
    """Add a listener at a free port."""
    check_alone(row)
    listener_id = data["loadBalancerListenerId"]
    present = _tied(tx, rows.LoadBalancerConfigListenerMap, loadBalancerConfigId=row.id)
    listeners = [tie.loadBalancerListenerId for tie in present]
    if listener_id in listeners:
        raise _twice("loadBalancerListenerId", "this configuration has the listener already")
    _check_ports(tx, [*listeners, listener_id])
    _make(tx, call, rows.LoadBalancerConfigListenerMap, loadBalancerConfigId=row.id, loadBalancerListenerId=listener_id)
    return row


@behaviour.action("loadBalancerConfig.removelistener")
def remove_listener(tx: Tx, call: Call, row: rows.LoadBalancerConfig, data: dict[str, Any]) -> rows.LoadBalancerConfig:
    """Remove a listener."""
    check_alone(row)
    ends = {"loadBalancerConfigId": row.id, "loadBalancerListenerId": data["loadBalancerListenerId"]}
    _untie(tx, call, rows.LoadBalancerConfigListenerMap, "loadBalancerListenerId", ends)
    return row


@behaviour.action("loadBalancerConfig.setlisteners")
def set_listeners(tx: Tx, call: Call, row: rows.LoadBalancerConfig, data: dict[str, Any]) -> rows.LoadBalancerConfig:
    """Replace the listeners by these."""
    check_alone(row)
    wanted = data.get("loadBalancerListenerIds") or []
    _check_ports(tx, wanted)
    _exactly(
        tx, call, rows.LoadBalancerConfigListenerMap, {"loadBalancerConfigId": row.id}, "loadBalancerListenerId", wanted
    )
    return row


@behaviour.remove("loadBalancerConfig")
def remove_config(tx: Tx, call: Call, row: rows.LoadBalancerConfig) -> rows.LoadBalancerConfig:
    """Remove the configuration, unless a balancer uses it."""
    if tx.count(rows.LoadBalancer, loadBalancerConfigId=row.id):
        raise Refused("LoadBalancerConfigIsInUse", "a load balancer uses this configuration", status=409)
    call.request(tx, row, "remove")
    return row


@behaviour.action("loadBalancerConfig.remove")
def remove_config_by_action(
    tx: Tx, call: Call, row: rows.LoadBalancerConfig, data: dict[str, Any]
) -> rows.LoadBalancerConfig:
    """Remove the configuration by its action; the same rule holds."""
    return remove_config(tx, call, row)


def _check_ports(tx: ReadTx, listener_ids: Iterable[int]) -> None:
    """Refuse two listeners of a configuration at the same port."""
    seen: set[int] = set()
    for listener_id in set(listener_ids):
        port = tx.require(rows.LoadBalancerListener, listener_id).sourcePort
        if port in seen:
            raise _twice("sourcePort", f"two listeners would listen at port {port}")
        if port is not None:
            seen.add(port)


# -- balancers --------------------------------------------------------------------------------------------------------


@behaviour.create("loadBalancer")
def create_balancer(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.LoadBalancer:
    """Create a balancer of a configuration."""
    return _make(tx, call, rows.LoadBalancer, **fields)


@behaviour.action("loadBalancer.addhost")
def add_host(tx: Tx, call: Call, row: rows.LoadBalancer, data: dict[str, Any]) -> rows.LoadBalancer:
    """Add a host on which the balancer runs."""
    check_alone(row)
    ends = {"loadBalancerId": row.id, "hostId": data["hostId"]}
    if _tied(tx, rows.LoadBalancerHostMap, **ends):
        raise _twice("hostId", "the balancer is on this host already")
    _check_active(tx, [data["hostId"]], "hostId")
    _make(tx, call, rows.LoadBalancerHostMap, **ends)
    return row


def _check_active(tx: ReadTx, host_ids: Collection[int], field: str) -> None:
    """Refuse new hosts that are deactivated: nothing new runs there. Raises ``Refused``."""
    for host in tx.find(rows.Host, id=list(host_ids)) if host_ids else []:
        if host.state in ("inactive", "deactivating"):
            raise Refused("InvalidState", f"host {host.name} is {host.state}; activate it first", field=field)


@behaviour.action("loadBalancer.removehost")
def remove_host(tx: Tx, call: Call, row: rows.LoadBalancer, data: dict[str, Any]) -> rows.LoadBalancer:
    """Remove a host."""
    check_alone(row)
    _untie(tx, call, rows.LoadBalancerHostMap, "hostId", {"loadBalancerId": row.id, "hostId": data["hostId"]})
    return row


@behaviour.action("loadBalancer.sethosts")
def set_hosts(tx: Tx, call: Call, row: rows.LoadBalancer, data: dict[str, Any]) -> rows.LoadBalancer:
    """Replace the hosts by these."""
    check_alone(row)
    present = {tie.hostId for tie in _tied(tx, rows.LoadBalancerHostMap, loadBalancerId=row.id)}
    _check_active(tx, set(data.get("hostIds") or []) - present, "hostIds")
    _exactly(tx, call, rows.LoadBalancerHostMap, {"loadBalancerId": row.id}, "hostId", data.get("hostIds") or [])
    return row


@behaviour.action("loadBalancer.addtarget")
def add_target(tx: Tx, call: Call, row: rows.LoadBalancer, data: dict[str, Any]) -> rows.LoadBalancer:
    """Add a container or address that gets requests."""
    check_alone(row)
    target = _target(data["loadBalancerTarget"])
    end = _end(target)
    if _tied(tx, rows.LoadBalancerTarget, loadBalancerId=row.id, **{end: target[end]}):
        raise _twice(end, "the balancer has this target already")
    _make(tx, call, rows.LoadBalancerTarget, loadBalancerId=row.id, **target)
    return row


@behaviour.action("loadBalancer.removetarget")
def remove_target(tx: Tx, call: Call, row: rows.LoadBalancer, data: dict[str, Any]) -> rows.LoadBalancer:
    """Remove a target."""
    check_alone(row)
    target = _target(data["loadBalancerTarget"])
    end = _end(target)
    _untie(tx, call, rows.LoadBalancerTarget, end, {"loadBalancerId": row.id, end: target[end]})
    return row


@behaviour.action("loadBalancer.settargets")
def set_targets(tx: Tx, call: Call, row: rows.LoadBalancer, data: dict[str, Any]) -> rows.LoadBalancer:
    """Replace the targets by these; targets that stay get the new ports."""
    check_alone(row)
    wanted: dict[tuple[str, Any], dict[str, Any]] = {}
    for entry in data.get("loadBalancerTargets") or []:
        target = _target(entry)
        end = _end(target)
        if (end, target[end]) in wanted:
            raise _twice(end, "the same target is given twice")
        wanted[end, target[end]] = target
    for present in _tied(tx, rows.LoadBalancerTarget, loadBalancerId=row.id):
        end = "ipAddress" if present.instanceId is None else "instanceId"
        kept = wanted.pop((end, present.get(end)), None)
        if kept is None:
            call.request(tx, present, "remove")
        elif kept["ports"] != (present.ports or []):
            tx.update(present, ports=kept["ports"])
            if present.state == "active":
                call.request(tx, present, "update")
    for target in wanted.values():
        _make(tx, call, rows.LoadBalancerTarget, loadBalancerId=row.id, **target)
    return row


def _target(given: dict[str, Any]) -> dict[str, Any]:
    """A target as it is stored. Raises ``Refused`` unless it is a container or an address."""
    instance_id, address = given.get("instanceId"), given.get("ipAddress")
    if instance_id is None and not address:
        raise Refused("MissingRequired", "instanceId or ipAddress is required", field="instanceId")
    if instance_id is not None and address:
        raise Refused("InvalidOption", "a target is a container or an address, not both", field="ipAddress")
    ports = given.get("ports") or []
    for port in ports:
        check_target_port(port)
    if instance_id is not None:
        return {"instanceId": instance_id, "ports": ports}
    try:
        return {"ipAddress": str(ip_address(cast(str, address))), "ports": ports}
    except ValueError:
        raise Refused("InvalidFormat", f"{address} is not an IP address", field="ipAddress") from None


def _end(target: dict[str, Any]) -> str:
    return "instanceId" if "instanceId" in target else "ipAddress"


# -- groups -----------------------------------------------------------------------------------------------------------


@behaviour.action("globalLoadBalancer.addloadbalancer")
def add_balancer(tx: Tx, call: Call, row: rows.GlobalLoadBalancer, data: dict[str, Any]) -> rows.GlobalLoadBalancer:
    """Add a balancer to the group, with its share of the requests."""
    balancer = tx.require(rows.LoadBalancer, data["loadBalancerId"])
    if balancer.globalLoadBalancerId is not None:
        raise _twice("loadBalancerId", "the balancer is in a group already")
    tx.update(balancer, globalLoadBalancerId=row.id, weight=data["weight"])
    call.request(tx, row, "addloadbalancer")
    return row


@behaviour.action("globalLoadBalancer.removeloadbalancer")
def remove_balancer(tx: Tx, call: Call, row: rows.GlobalLoadBalancer, data: dict[str, Any]) -> rows.GlobalLoadBalancer:
    """Remove a balancer from the group."""
    balancer = tx.require(rows.LoadBalancer, data["loadBalancerId"])
    if balancer.globalLoadBalancerId != row.id:
        raise Refused("InvalidOption", "the balancer is not in this group", field="loadBalancerId")
    tx.update(balancer, globalLoadBalancerId=None, weight=None)
    call.request(tx, row, "removeloadbalancer")
    return row


@behaviour.process("globalLoadBalancer.remove")
async def remove_group(run: Run) -> None:
    """Remove the group; its balancers stay."""

    def unit(tx: Tx) -> None:
        for balancer in tx.find(rows.LoadBalancer, globalLoadBalancerId=run.resource_id):
            tx.update(balancer, globalLoadBalancerId=None, weight=None)

    run.finish(unit)


# -- rows that tie two together ---------------------------------------------------------------------------------------


def _make(tx: Tx, call: Call, type: type[R], **fields: Any) -> R:
    row = tx.insert(type, **{**fields, "accountId": call.account_id})
    call.request(tx, row, "create")
    return row


def _tied(tx: ReadTx, type: type[R], **ends: Any) -> list[R]:
    """The ties of a row that are not being removed."""
    return [row for row in tx.find(type, **ends) if row.state != "removing"]


def _untie(tx: Tx, call: Call, type: type[rows.Resource], field: str, ends: dict[str, Any]) -> None:
    found = _tied(tx, type, **ends)
    if not found:
        raise Refused("InvalidOption", f"{field}: there is none to remove", field=field)
    for row in found:
        call.request(tx, row, "remove")


def _exactly(tx: Tx, call: Call, type: type[rows.Resource], near: dict[str, int], far: str, wanted: list[int]) -> None:
    """Replace the ties of a row by exactly these."""
    if len(set(wanted)) != len(wanted):
        raise _twice(far, "the same id is given twice")
    present = {row.get(far): row for row in _tied(tx, type, **near)}
    for id in present.keys() - set(wanted):
        call.request(tx, present[id], "remove")
    for id in wanted:
        if id not in present:
            _make(tx, call, type, **near, **{far: id})


def _twice(field: str, message: str) -> Refused:
    return Refused("NotUnique", message, field=field)
