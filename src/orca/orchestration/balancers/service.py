# SPDX-License-Identifier: Apache-2.0
"""Services that balance: each has one balancer, a configuration, and a listener for each port of its launch config."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from orca.engine import Behaviour, Call, Processes, Run
from orca.orchestration.balancers import rules as load_balancer_ports
from orca.orchestration.balancers.rules import check_target_port
from orca.orchestration.services import api as services
from orca.orchestration.services import converge
from orca.orchestration.services import links as service_links
from orca.orchestration.services import rights as service_rights
from orca.resources import rows
from orca.store import Tx

IMAGE = "docker:rancher/load-balancer-service"
"""A placeholder for the balancer's image, which the platform chooses."""
LIVING = ("requested", "activating", "active")

R = TypeVar("R", rows.LoadBalancer, rows.LoadBalancerConfig, rows.LoadBalancerListener)
OWN = (rows.LoadBalancer, rows.LoadBalancerConfig, rows.LoadBalancerListener)
CONFIGURED = ("appCookieStickinessPolicy", "lbCookieStickinessPolicy", "haproxyConfig", "healthCheck")
CERTIFIED = ("certificateIds", "defaultCertificateId")

behaviour = Behaviour()


@behaviour.create("loadBalancerService")
def create(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.LoadBalancerService:
    """Create the service, and the rows of its balancer."""
    service_rights.check_given(tx, call, fields)
    return make(tx, call.core.engine, services.stack_of(tx, call, fields), fields)


def make(tx: Tx, engine: Processes, stack: rows.Environment, fields: dict[str, Any]) -> rows.LoadBalancerService:
    """Make the service in a stack, and the rows of its balancer.

    Raises:
        Refused: as for ``services.make``, or a port that cannot be a listener.
    """
    launch = fields.get("launchConfig") or {}
    fields["launchConfig"] = {**launch, "imageUuid": launch.get("imageUuid") or IMAGE}
    listeners = load_balancer_ports.listeners(launch)
    row = services.make(tx, engine, stack, fields, type=rows.LoadBalancerService)
    name = f"{stack.name}_{row.name}"
    given = fields.get("loadBalancerConfig") or {}
    config = _make(tx, engine, row, rows.LoadBalancerConfig, name=name, **{key: given.get(key) for key in CONFIGURED})
    _make(
        tx,
        engine,
        row,
        rows.LoadBalancer,
        name=name,
        loadBalancerConfigId=config.id,
        **{key: fields.get(key) for key in CERTIFIED},
    )
    for each in listeners:
        listener = _make(tx, engine, row, rows.LoadBalancerListener, **each)
        tie = tx.insert(
            rows.LoadBalancerConfigListenerMap,
            accountId=row.accountId,
            loadBalancerConfigId=config.id,
            loadBalancerListenerId=listener.id,
        )
        engine.request(tx, tie, "create")
    return row


@behaviour.update("loadBalancerService")
def update(tx: Tx, call: Call, row: rows.LoadBalancerService, fields: dict[str, Any]) -> rows.LoadBalancerService:
    """Update the service as any other, and then its balancer."""
    row = services.update(tx, call, row, fields)
    copy_to_balancer(tx, row)
    return row


def copy_to_balancer(tx: Tx, row: rows.LoadBalancerService) -> None:
    """Copy the configuration and the certificates of a service to its balancer."""
    given = row.loadBalancerConfig or {}
    for config in tx.find(rows.LoadBalancerConfig, serviceId=row.id):
        tx.update(config, **{key: given.get(key) for key in CONFIGURED})
    for balancer in tx.find(rows.LoadBalancer, serviceId=row.id):
        tx.update(balancer, **{key: row.get(key) for key in CERTIFIED})


@behaviour.process("loadBalancerService.remove")
async def remove(run: Run) -> None:
    """Remove the balancer, then the service."""

    def unit(tx: Tx) -> None:
        for type in OWN:
            own: list[rows.Resource] = tx.find(type, serviceId=run.resource_id, state=LIVING)
            for row in own:
                run.engine.request(tx, row, "remove")

    await run.step("balancer", unit)
    await converge.remove(run)


@behaviour.action("loadBalancerService.setservicelinks")
def set_links(tx: Tx, call: Call, row: rows.LoadBalancerService, data: dict[str, Any]) -> rows.LoadBalancerService:
    """Replace all targets."""
    entries = data.get("serviceLinks") or []
    for entry in entries:
        _check(entry)
    service_links.set_service_links(tx, call, row, data)
    for entry in entries:
        keep_ports(tx, row, entry["serviceId"], entry.get("name"), entry.get("ports"))
    return row


@behaviour.action("loadBalancerService.addservicelink")
def add_link(tx: Tx, call: Call, row: rows.LoadBalancerService, data: dict[str, Any]) -> rows.LoadBalancerService:
    """Add a target."""
    entry = data["serviceLink"]
    _check(entry)
    service_links.add_service_link(tx, call, row, data)
    keep_ports(tx, row, entry["serviceId"], entry.get("name"), entry.get("ports"))
    return row


def _check(entry: dict[str, Any]) -> None:
    for text in entry.get("ports") or []:
        check_target_port(text)


def keep_ports(tx: Tx, row: rows.Service, target_id: int, name: str | None, rules: Iterable[str] | None) -> bool:
    """Store a link's rules, which say what requests its target gets; return False if nothing changes."""
    tie = tx.first(rows.ServiceConsumeMap, serviceId=row.id, consumedServiceId=target_id, name=name or None)
    wanted = list(rules or [])
    if tie is None or (tie.ports or []) == wanted:
        return False
    tx.update(tie, ports=wanted)
    return True


def _make(tx: Tx, engine: Processes, service: rows.Service, type: type[R], **fields: Any) -> R:
    row = tx.insert(type, **fields, accountId=service.accountId, serviceId=service.id)
    engine.request(tx, row, "create")
    return row
