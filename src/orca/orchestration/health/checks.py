# SPDX-License-Identifier: Apache-2.0
"""Health checks as rows: who checks a container, what they report, what follows for it.

Agents check; the server gets what changed. A container that is unhealthy is replaced by the process of its service, as
its check's strategy says (``units``).
"""

from __future__ import annotations

import random
from functools import partial
from typing import Any

from orca.engine import Behaviour, Call, Core
from orca.orchestration.health import states as health_states
from orca.orchestration.health.deadlines import Deadlines
from orca.orchestration.health.states import HEALTHY, INITIALIZING, REINITIALIZING, UNHEALTHY
from orca.provision.hosts.lifecycle import CONNECTED
from orca.resources import rows
from orca.resources.errors import Refused
from orca.store import ReadTx, Tx

CHECKERS = 3
"""Number of hosts that check a container, including its own."""

behaviour = Behaviour()


def begin(tx: Tx, core: Core, instance: rows.Instance) -> None:
    """Begin to check a container that has started; it is not healthy before a checker reports it."""
    if not instance.healthCheck:
        return
    health = INITIALIZING if instance.healthState is None else REINITIALIZING
    check = tx.first(rows.HealthcheckInstance, instanceId=instance.id)
    if check is None:
        check = tx.insert(
            rows.HealthcheckInstance, accountId=instance.accountId, state="active", instanceId=instance.id
        )
    for row in _maps(tx, instance):
        tx.update(row, healthState=health)
    _choose(tx, instance, check, health)
    timeout = health_states.timeout_of(instance.healthCheck, health)
    deadline = None if timeout is None else tx.now + timeout
    tx.update(instance, healthState=health, healthDeadline=deadline)
    if deadline is not None:
        tx.after_commit(partial(core.part(Deadlines).add, instance.id, deadline))


def end(tx: Tx, instance: rows.Instance) -> None:
    """End the checks of a removed container."""
    for type in ("healthcheckInstance", "healthcheckInstanceHostMap"):
        for row in tx.find(type, instanceId=instance.id):
            tx.update(row, state="removed", removed=tx.now)


def host_gone(tx: Tx, host: rows.Host) -> None:
    """Replace a host that leaves as a checker; only the others' reports count."""
    for row in tx.find(rows.HealthcheckInstanceHostMap, hostId=host.id):
        tx.update(row, state="removed", removed=tx.now)
        instance = tx.get(rows.Instance, row.instanceId)
        check = tx.get(rows.HealthcheckInstance, row.healthcheckInstanceId)
        if instance is not None and instance.removed is None and instance.hostId != host.id and check is not None:
            _evaluate(tx, instance)
            _choose(tx, instance, check, INITIALIZING)


def _choose(tx: Tx, instance: rows.Instance, check: rows.HealthcheckInstance, health: str) -> None:
    """Complete the hosts that check a container: its own, and others at random."""
    present = {row.hostId for row in _maps(tx, instance)}
    hosts = tx.find(rows.Host, accountId=instance.accountId, state="active", agentState=CONNECTED)
    others = [host.id for host in hosts if host.id not in present and host.id != instance.hostId]
    chosen = [] if instance.hostId in present else [instance.hostId]
    room = CHECKERS - len(present) - len(chosen)
    chosen += random.sample(others, max(0, min(room, len(others))))
    for host_id in chosen:
        tx.insert(
            rows.HealthcheckInstanceHostMap,
            accountId=instance.accountId,
            state="active",
            healthState=health,
            healthcheckInstanceId=check.id,
            hostId=host_id,
            instanceId=instance.id,
        )


def _maps(tx: ReadTx, instance: rows.Instance) -> list[rows.HealthcheckInstanceHostMap]:
    return tx.find(rows.HealthcheckInstanceHostMap, instanceId=instance.id)


@behaviour.create("serviceEvent")
def report(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.ServiceEvent:
    """Handle an agent's report on a container that its host checks. A report older than the last one is only stored."""
    agents = [agent.id for agent in tx.find(rows.Agent, accountId=call.account_id)]
    hosts = {host.id for host in tx.find(rows.Host, agentId=agents)} if agents else set()
    row = tx.first(rows.HealthcheckInstanceHostMap, uuid=str(fields.get("healthcheckUuid") or ""))
    if row is None or row.hostId not in hosts:
        raise Refused("CantVerifyHealthcheck", "no host of this agent has such a check", field="healthcheckUuid")
    event = tx.insert(
        rows.ServiceEvent,
        **{
            **fields,
            "accountId": row.accountId,
            "hostId": row.hostId,
            "instanceId": row.instanceId,
            "healthcheckInstanceId": row.healthcheckInstanceId,
        },
    )
    call.request(tx, event, "create")
    word = str(fields.get("reportedHealth") or "").upper()
    if fields["externalTimestamp"] >= (row.externalTimestamp or 0) and word != "INIT":
        health = HEALTHY if word == "UP" else UNHEALTHY
        tx.update(row, healthState=health, externalTimestamp=fields["externalTimestamp"])
        instance = tx.get(rows.Instance, row.instanceId)
        if instance is not None and instance.state == "running":
            _evaluate(tx, instance)
    return event


def _evaluate(tx: Tx, instance: rows.Instance) -> None:
    """Combine the reports of a container's checkers. Without any, its health stays."""
    health = health_states.of_checkers(instance.healthState, [row.healthState for row in _maps(tx, instance)])
    if health != instance.healthState:
        tx.update(instance, healthState=health, healthDeadline=None)
