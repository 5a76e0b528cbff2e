# SPDX-License-Identifier: Apache-2.0
"""Services that balance: each has one balancer, a configuration, and a listener for each port of its launch config."""

from __future__ import annotations

from typing import Any

from orca.engine import Behaviour, Call, Run
from orca.orchestration import convergence, ports, service_links, services
from orca.orchestration.load_balancer_ports import check_target_port
from orca.resources.errors import Refused
from orca.store import Record, Tx

IMAGE = "docker:rancher/load-balancer-service"
"""Stands for the balancer's own image, which the platform chooses."""
OWN = ("loadBalancer", "loadBalancerConfig", "loadBalancerListener")
STICKINESS = ("appCookieStickinessPolicy", "lbCookieStickinessPolicy", "haproxyConfig", "healthCheck")

behaviour = Behaviour()


@behaviour.create("loadBalancerService")
def create(tx: Tx, call: Call, fields: dict[str, Any]) -> Record:
    """The service, and what stands for its balancer."""
    launch = fields.get("launchConfig") or {}
    fields["launchConfig"] = {**launch, "imageUuid": launch.get("imageUuid") or IMAGE}
    listeners = _listeners(launch)
    row = services.create_kind(tx, call, fields, "loadBalancerService")
    name = f"{tx.require('environment', row.environmentId).name}_{row.name}"
    given = fields.get("loadBalancerConfig") or {}
    config = _make(tx, call, row, "loadBalancerConfig", name=name, **{key: given.get(key) for key in STICKINESS})
    _make(
        tx,
        call,
        row,
        "loadBalancer",
        name=name,
        loadBalancerConfigId=config.id,
        certificateIds=fields.get("certificateIds"),
        defaultCertificateId=fields.get("defaultCertificateId"),
    )
    for each in listeners:
        listener = _make(tx, call, row, "loadBalancerListener", **each)
        tie = tx.insert(
            "loadBalancerConfigListenerMap",
            accountId=row.accountId,
            loadBalancerConfigId=config.id,
            loadBalancerListenerId=listener.id,
        )
        call.request(tx, tie, "create")
    return row


@behaviour.process("loadBalancerService.remove")
async def remove(run: Run) -> None:
    """The balancer goes first."""

    def unit(tx: Tx) -> None:
        for type in OWN:
            for row in tx.find(type, serviceId=run.resource_id, state=["requested", "activating", "active"]):
                run.engine.request(tx, row, "remove")

    await run.step("balancer", unit)
    await convergence.remove(run)


@behaviour.action("loadBalancerService.setservicelinks")
def set_links(tx: Tx, call: Call, row: Record, data: dict[str, Any]) -> Record:
    """Replace all targets."""
    entries = data.get("serviceLinks") or []
    for entry in entries:
        _check(entry)
    service_links.set_service_links(tx, call, row, data)
    for entry in entries:
        _keep_ports(tx, row, entry)
    return row


@behaviour.action("loadBalancerService.addservicelink")
def add_link(tx: Tx, call: Call, row: Record, data: dict[str, Any]) -> Record:
    """One target more."""
    _check(data["serviceLink"])
    service_links.add_service_link(tx, call, row, data)
    _keep_ports(tx, row, data["serviceLink"])
    return row


def _check(entry: dict[str, Any]) -> None:
    for text in entry.get("ports") or []:
        check_target_port(text)


def _keep_ports(tx: Tx, row: Record, entry: dict[str, Any]) -> None:
    name = entry.get("name") or None
    tie = tx.first("serviceConsumeMap", serviceId=row.id, consumedServiceId=entry["serviceId"], name=name)
    if tie is not None:
        tx.update(tie, ports=entry.get("ports") or [])


def _listeners(launch: dict[str, Any]) -> list[dict[str, Any]]:
    """A public listener for each of `ports` (a bare port is both ends), a private one for each of `expose`."""
    found = []
    for key, end in (("ports", "sourcePort"), ("expose", "privatePort")):
        for text in launch.get(key) or []:
            front, slash, protocol = str(text).partition("/")
            try:
                specs = ports.parse(front)
            except ports.PortWrongFormat as error:
                raise Refused("PortWrongFormat", str(error), field="ports") from error
            protocol = protocol if slash else "http"
            if protocol not in ("tcp", "http", "ssl", "https"):
                raise Refused("InvalidPort", f"port {text!r}: a balancer does not speak {protocol}", field="ports")
            for spec in specs:
                found.append(
                    {
                        end: spec.public or spec.private,
                        "targetPort": spec.private,
                        "sourceProtocol": protocol,
                        "targetProtocol": protocol,
                        "algorithm": "roundrobin",
                    }
                )
    return found


def _make(tx: Tx, call: Call, service: Record, type: str, **fields: Any) -> Record:
    row = tx.insert(type, **fields, accountId=service.accountId, serviceId=service.id)
    call.request(tx, row, "create")
    return row
