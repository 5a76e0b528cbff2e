# SPDX-License-Identifier: Apache-2.0
"""What hosts report about the health of containers: by their agents' sockets, and as events of v1."""

from __future__ import annotations

from functools import partial
from typing import Any

from orca import wire
from orca.engine import AgentConnection, Behaviour, Call, Core
from orca.orchestration.health import paths, verdicts
from orca.orchestration.health.paths import Failure, Pair, Paths
from orca.orchestration.health.states import DOWN, HEALTHY, UNHEALTHY, UP
from orca.orchestration.health.terms import INTERVAL
from orca.resources import rows
from orca.resources.errors import Refused
from orca.store import ReadTx, Tx
from orca.wire import names

PART = 50
"""Most reports that one unit stores."""

behaviour = Behaviour()


@behaviour.agent(names.HEALTH_CHANGE)
async def change(core: Core, connection: AgentConnection, report: wire.HealthChange) -> None:
    """Store the verdicts; those that the rows know already cost no write."""
    checks = list(report.checks)
    if report.complete:
        checks += await core.db.read(partial(_silent, agent_id=connection.agent_id, said={e.check for e in checks}))
    failures: list[Failure] = []
    for start in range(0, len(checks), PART):
        part = checks[start : start + PART]
        failures += await core.db.write(partial(_store, core=core, agent_id=connection.agent_id, edges=part))
    for start in range(0, len(report.containers), PART):
        found = report.containers[start : start + PART]
        await core.db.write(partial(_store_engine, core=core, agent_id=connection.agent_id, found=found))
    if failures:
        now = await core.db.read(lambda tx: tx.now)
        for pair, failing in core.part(Paths).note(failures, now).items():
            await core.db.write(partial(_blame, core=core, pair=pair, failing=failing))


def _store(tx: Tx, core: Core, agent_id: int, edges: list[wire.CheckEdge]) -> list[Failure]:
    """Store edges of an agent's host; return the containers elsewhere that it newly finds failing."""
    hosts = _hosts(tx, agent_id)
    failures = []
    for edge in edges:
        row = tx.first(rows.HealthcheckInstanceHostMap, uuid=edge.check)
        instance = None if row is None else tx.get(rows.Instance, row.instanceId)
        if row is None or row.hostId not in hosts or instance is None:
            continue  # the item is on its way out
        if instance.state != "running" or (instance.startCount or 0) != edge.start:
            continue  # about an earlier start
        if (row.said, row.reason) == (edge.state, edge.reason):
            continue
        if edge.state == DOWN and row.said != DOWN and instance.hostId not in (None, row.hostId):
            interval = (instance.healthCheck or {}).get("interval") or INTERVAL
            failures.append(Failure(Pair(row.hostId, instance.hostId), row.id, interval))
        _say(tx, row, edge.state, min(edge.at, tx.now), edge.reason)
        verdicts.evaluate(tx, core, instance)
    return failures


def _say(tx: Tx, row: rows.HealthcheckInstanceHostMap, said: str, at: int, reason: str | None = None) -> None:
    """Store what a checker says. One that does not judge shows what it showed before."""
    changes: dict[str, Any] = {"said": said, "reason": reason, "pathFault": None}
    if said in (UP, DOWN):
        changes["healthState"] = HEALTHY if said == UP else UNHEALTHY
    tx.update(row, **changes, since=at if row.said != said else row.since)


def _blame(tx: Tx, core: Core, pair: Pair, failing: set[int]) -> None:
    for instance_id in paths.blame(tx, pair, failing):
        verdicts.evaluate(tx, core, tx.require(rows.Instance, instance_id))


def _silent(tx: ReadTx, agent_id: int, said: set[str]) -> list[wire.CheckEdge]:
    """The checks about which a host that reports everything says nothing."""
    found = tx.find(rows.HealthcheckInstanceHostMap, hostId=list(_hosts(tx, agent_id)))
    return [
        wire.CheckEdge(
            check=row.uuid,
            state="unknown",
            at=tx.now,
            start=tx.require(rows.Instance, row.instanceId).startCount or 0,
        )
        for row in found
        if row.uuid not in said and row.said in (UP, DOWN)
    ]


def _hosts(tx: ReadTx, agent_id: int) -> set[int]:
    """The hosts of an agent: one, but for simulated agents."""
    return {id for (id,) in tx.values(rows.Host, "id", agentId=agent_id)}


def _store_engine(tx: Tx, core: Core, agent_id: int, found: list[wire.EngineHealth]) -> None:
    hosts = _hosts(tx, agent_id)
    for health in found:
        instance = tx.first(rows.Instance, uuid=health.uuid)
        if instance is not None and instance.hostId in hosts:
            verdicts.engine_says(tx, core, instance, health)


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
        tx.update(row, externalTimestamp=fields["externalTimestamp"])
        _say(tx, row, UP if word == "UP" else DOWN, tx.now)
        instance = tx.get(rows.Instance, row.instanceId)
        if instance is not None and instance.state == "running":
            verdicts.evaluate(tx, call.core, instance)
    return event


@behaviour.computed("healthcheckInstanceHostMap.verdict")
def verdict(tx: ReadTx, call: Call, row: rows.HealthcheckInstanceHostMap) -> str:
    """What a checker says, and whether it counts."""
    if row.said is None:
        return "silent"
    return "path fault" if row.pathFault else row.said
