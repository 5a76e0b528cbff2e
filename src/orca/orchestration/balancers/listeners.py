# SPDX-License-Identifier: Apache-2.0
"""The listeners of a service's balancer: one for each port of its launch config."""

from __future__ import annotations

from typing import Any

from orca.engine import Processes
from orca.orchestration.syntax import rules
from orca.orchestration.units.plan import GONE
from orca.resources import rows
from orca.resources.errors import Refused
from orca.store import ReadTx, Tx

Key = tuple[Any, ...]
"""What makes a listener: a change of any of it makes another one."""


def wanted(tx: ReadTx, service: rows.LoadBalancerService) -> list[dict[str, Any]]:
    """The listeners that a service should have.

    Raises:
        Refused: a port that cannot be a listener.
    """
    stack = tx.require(rows.Environment, service.environmentId)
    found = rules.listeners(service.launchConfig or {})
    return [{"name": f"{stack.name}_{service.name}_{each['privatePort']}", **each} for each in found]


def present(tx: ReadTx, service: rows.LoadBalancerService) -> list[rows.LoadBalancerListener]:
    """The listeners that a service has."""
    return [row for row in tx.find(rows.LoadBalancerListener, serviceId=service.id) if row.state not in GONE]


def wrong(tx: ReadTx, service: rows.LoadBalancerService) -> bool:
    """True if the listeners of a service are not those of its ports, or lack what listeners of 0.1.0 lack."""
    try:
        keys = {_key(each) for each in wanted(tx, service)}
    except Refused:
        return False  # ports that a later version refuses; the listeners stay as they are
    found = present(tx, service)
    return keys != {_key_of(row) for row in found} or any(row.name is None for row in found)


def follow(tx: Tx, engine: Processes, service: rows.LoadBalancerService) -> None:
    """Give a service's configuration the listeners of its present ports."""
    config = tx.first(rows.LoadBalancerConfig, serviceId=service.id)
    if config is None or config.state in GONE or not wrong(tx, service):
        return
    missing = {_key(each): each for each in wanted(tx, service)}
    for row in present(tx, service):
        each = missing.pop(_key_of(row), None)
        if each is None:
            engine.request(tx, row, "remove")
        else:
            tx.update(row, name=row.name or each["name"], privatePort=each["privatePort"])
    for each in missing.values():
        add(tx, engine, service, config, each)


def add(
    tx: Tx, engine: Processes, service: rows.LoadBalancerService, config: rows.LoadBalancerConfig, each: dict[str, Any]
) -> None:
    """Make a listener of a service and tie it to the service's configuration."""
    row = tx.insert(rows.LoadBalancerListener, **each, accountId=service.accountId, serviceId=service.id)
    engine.request(tx, row, "create")
    tie = tx.insert(
        rows.LoadBalancerConfigListenerMap,
        accountId=service.accountId,
        loadBalancerConfigId=config.id,
        loadBalancerListenerId=row.id,
    )
    engine.request(tx, tie, "create")


def _key(each: dict[str, Any]) -> Key:
    public = each["sourcePort"] is not None
    return public, each["privatePort"], each["targetPort"], each["sourceProtocol"], each["targetProtocol"]


def _key_of(row: rows.LoadBalancerListener) -> Key:
    port = row.sourcePort if row.sourcePort is not None else row.privatePort
    return row.sourcePort is not None, port, row.targetPort, row.sourceProtocol, row.targetProtocol
