# SPDX-License-Identifier: Apache-2.0
"""Services that balance: each has one balancer and a configuration.

Its listeners follow its ports (``listeners``); its targets and hosts follow links and containers (``bindings``).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, TypeVar

from orca.engine import Behaviour, Call, Failed, Processes, Run
from orca.orchestration.balancers import bindings, listeners, policies, reports
from orca.orchestration.services import api as services
from orca.orchestration.services import converge
from orca.orchestration.services import links as service_links
from orca.orchestration.services import rights as service_rights
from orca.orchestration.services import upgrade as service_upgrade
from orca.orchestration.syntax import rules as load_balancer_ports
from orca.orchestration.syntax.rules import check_target_port
from orca.resources import rows
from orca.resources.errors import Refused
from orca.store import ReadTx, Tx

IMAGE = "docker:rancher/load-balancer-service"
"""A placeholder for the balancer's image, which the platform chooses."""
LIVING = ("activating", "active", "updating-active", "inactive", "deactivating")
AT_ONCE = 50
"""Most ties that one unit makes or removes."""

R = TypeVar("R", rows.LoadBalancer, rows.LoadBalancerConfig)
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
    _check_listeners(launch, fields)
    policies.check(fields.get("loadBalancerConfig"))
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
    for each in listeners.wanted(tx, row):
        listeners.add(tx, engine, row, config, each)
    return row


@behaviour.update("loadBalancerService")
def update(tx: Tx, call: Call, row: rows.LoadBalancerService, fields: dict[str, Any]) -> rows.LoadBalancerService:
    """Update the service as any other, and then its balancer."""
    if fields.keys() & set(CERTIFIED):
        _check_listeners(row.launchConfig or {}, {name: fields.get(name, row.get(name)) for name in CERTIFIED})
    policies.check(fields.get("loadBalancerConfig"))
    row = services.update(tx, call, row, fields)
    copy_to_balancer(tx, row)
    return row


def _check_listeners(launch: Mapping[str, Any], certified: Mapping[str, Any] | rows.LoadBalancerService) -> None:
    """Refuse ports that cannot be listeners, and one that ends TLS without a certificate."""
    if load_balancer_ports.ends_tls(launch) and not any(certified.get(name) for name in CERTIFIED):
        raise Refused("MissingRequired", load_balancer_ports.NO_CERTIFICATE, field="defaultCertificateId")


def copy_to_balancer(tx: Tx, row: rows.LoadBalancerService) -> None:
    """Copy the configuration and the certificates of a service to its balancer."""
    given = row.loadBalancerConfig or {}
    for config in tx.find(rows.LoadBalancerConfig, serviceId=row.id):
        tx.update(config, **{key: given.get(key) for key in CONFIGURED})
    for balancer in tx.find(rows.LoadBalancer, serviceId=row.id):
        tx.update(balancer, **{key: row.get(key) for key in CERTIFIED})


@behaviour.action("loadBalancerService.upgrade")
def upgrade(tx: Tx, call: Call, row: rows.LoadBalancerService, data: dict[str, Any]) -> rows.Service:
    """Upgrade the service as any other, unless its new ports cannot be listeners."""
    _check_listeners((data.get("inServiceStrategy") or {}).get("launchConfig") or {}, row)
    return service_upgrade.upgrade(tx, call, row, data)


@behaviour.process("loadBalancerService.activate", "loadBalancerService.update")
async def bring_up(run: Run) -> None:
    """Bring the containers up, and then the balancer with its hosts and targets."""
    await (converge.activate if run.action == "activate" else converge.update)(run)
    if await run.read(lambda tx: run.resource(tx, rows.Service).state in bindings.RESTING):
        return
    await _settled(run)
    await run.step("balancer", lambda tx: wake(tx, run.engine, run.resource(tx, rows.LoadBalancerService)))
    number = 1
    while await run.step(f"ties {number}", partial(_tie, run=run)):
        number += 1
    await _settled(run)
    reason = await run.read(lambda tx: reports.refusal(tx, run.resource(tx, rows.LoadBalancerService)))
    if reason is not None:
        raise Failed(reason, state="active", unit=partial(_refused, run=run, reason=reason))


def _refused(tx: Tx, run: Run, reason: str) -> None:
    """The containers are as they should be, but hosts refuse the configuration."""
    if run.finish_unit is not None:
        run.finish_unit(tx)
    converge.tell_stack(tx, run.resource(tx, rows.LoadBalancerService), reason)


def wake(tx: Tx, engine: Processes, service: rows.LoadBalancerService) -> None:
    """Activate the balancer of a service that runs."""
    balancer = bindings.balancer_of(tx, service)
    if balancer is not None and balancer.state == "inactive" and service.state not in bindings.RESTING:
        engine.request(tx, balancer, "activate")


def _tie(tx: Tx, run: Run) -> bool:
    """Right some ties; return False if all were right."""
    service = run.resource(tx, rows.LoadBalancerService)
    ends = bindings.wrong(tx, service)[:AT_ONCE]
    bindings.right(tx, service, ends)
    return bool(ends)


@behaviour.process("loadBalancerService.deactivate")
async def deactivate(run: Run) -> None:
    """Stop the containers, and then the balancer; its hosts and targets stay, as in 2015."""
    await converge.deactivate(run)

    def unit(tx: Tx) -> None:
        balancer = bindings.balancer_of(tx, run.resource(tx, rows.LoadBalancerService))
        if balancer is not None and balancer.state in ("activating", "active", "updating-active"):
            run.engine.request(tx, balancer, "deactivate")

    await run.step("balancer", unit)
    await _settled(run)


async def _settled(run: Run) -> None:
    """Wait until no process of the balancer runs."""

    def condition(tx: ReadTx) -> bool:
        balancer = bindings.balancer_of(tx, run.resource(tx, rows.LoadBalancerService))
        return balancer is None or balancer.state in ("active", "inactive")

    await run.wait_for("its balancer", condition, roots={"loadBalancer"})


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
    service_links.replace_links(tx, call, row, entries, ruled=True)
    return row


@behaviour.action("loadBalancerService.addservicelink")
def add_link(tx: Tx, call: Call, row: rows.LoadBalancerService, data: dict[str, Any]) -> rows.LoadBalancerService:
    """Add a target."""
    _check(data["serviceLink"])
    service_links.add_link(tx, call, row, data["serviceLink"], ruled=True)
    return row


def _check(entry: dict[str, Any]) -> None:
    for text in entry.get("ports") or []:
        check_target_port(text)


def _make(tx: Tx, engine: Processes, service: rows.Service, type: type[R], **fields: Any) -> R:
    row = tx.insert(type, **fields, accountId=service.accountId, serviceId=service.id)
    engine.request(tx, row, "create")
    return row
