# SPDX-License-Identifier: Apache-2.0
"""What hosts report about balancers: configurations that HAProxy refuses, and targets that it finds down.

The balancer's row keeps a refusal while it lasts; service and stack show it too. A target that is down says so on its
``loadBalancerTarget``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import partial

from orca import wire
from orca.engine import AgentConnection, Behaviour, Core
from orca.orchestration.balancers import bindings
from orca.orchestration.placement import marks
from orca.orchestration.services import converge
from orca.resources import rows
from orca.store import ReadTx, Tx
from orca.wire import names

FIELD = "loadBalancerConfig.haproxyConfig"
"""The field that holds users' own lines; each refusal begins with it."""
PART = 50
"""Most edges that one unit stores."""

behaviour = Behaviour()


@behaviour.agent(names.BALANCER_REPORT)
async def report(core: Core, connection: AgentConnection, said: wire.BalancerReport) -> None:
    """Store refusals and edges of targets; what the rows know already costs no write."""
    refusals = list(said.refusals)
    if said.complete:
        told = {each.instance for each in refusals}
        over = await core.db.read(partial(_refused, agent_id=connection.agent_id, but=told))
        refusals += [wire.Refusal(instance=uuid, at=0) for uuid in over]
    for start in range(0, len(refusals), PART):
        some = refusals[start : start + PART]
        await core.db.write(partial(_store_refusals, agent_id=connection.agent_id, refusals=some))
    for start in range(0, len(said.targets), PART):
        edges = said.targets[start : start + PART]
        await core.db.write(partial(_store_edges, agent_id=connection.agent_id, edges=edges))


def words(refusal: wire.Refusal) -> str:
    """A refusal for people: the field, the place in it, what HAProxy says, and what goes on meanwhile."""
    place = " ".join(
        part for part in (refusal.section, None if refusal.line is None else f"line {refusal.line}") if part
    )
    return f"{FIELD}: {place + ': ' if place else ''}{refusal.reason}; the last good configuration stays in use"


def refusal(tx: ReadTx, service: rows.LoadBalancerService) -> str | None:
    """Why hosts refuse the configuration of a service's balancer; None: none does."""
    balancer = bindings.balancer_of(tx, service)
    return None if balancer is None else _reason(balancer)


def _store_refusals(tx: Tx, agent_id: int, refusals: Iterable[wire.Refusal]) -> None:
    for each in refusals:
        balancer = _balancer(tx, agent_id, each.instance)
        service = None if balancer is None else tx.get(rows.LoadBalancerService, balancer.serviceId)
        if balancer is None or service is None:
            continue
        if each.reason is not None:
            reason = words(each)
            tx.update(balancer, transitioning="error", transitioningMessage=reason)
            if service.state == "active":
                tx.update(service, transitioning="error", transitioningMessage=reason)
                converge.tell_stack(tx, service, reason)
        elif (past := _reason(balancer)) is not None:
            tx.update(balancer, transitioning=None, transitioningMessage=None)
            if service.transitioningMessage == past:
                tx.update(service, transitioning=None, transitioningMessage=None)
                converge.cured(tx, service, converge.scale_of(tx, service.id))


def _store_edges(tx: Tx, agent_id: int, edges: Iterable[wire.TargetEdge]) -> None:
    """The last word of any container of a balancer counts."""
    for edge in edges:
        balancer = _balancer(tx, agent_id, edge.instance)
        instance = tx.first(rows.Instance, uuid=edge.target)
        which = {"ipAddress": edge.target} if instance is None else {"instanceId": instance.id}
        row = None if balancer is None else tx.first(rows.LoadBalancerTarget, loadBalancerId=balancer.id, **which)
        if row is not None:
            message = None if edge.state == "up" else f"down: {edge.reason or 'no reason given'}"
            tx.update(row, transitioningMessage=message)


def _balancer(tx: ReadTx, agent_id: int, uuid: str) -> rows.LoadBalancer | None:
    """The balancer of a container, if the agent's host has that."""
    instance = tx.first(rows.Instance, uuid=uuid)
    host = None if instance is None else tx.get(rows.Host, instance.hostId)
    service = None if instance is None else tx.get(rows.Service, instance.serviceId)
    if host is None or host.agentId != agent_id or not isinstance(service, rows.LoadBalancerService):
        return None
    return bindings.balancer_of(tx, service)


def _refused(tx: ReadTx, agent_id: int, but: Collection[str]) -> list[str]:
    """The containers on an agent's host whose balancers show a refusal, without those of ``but``."""
    hosts = [id for (id,) in tx.values(rows.Host, "id", agentId=agent_id)]
    found = tx.find(rows.Instance, hostId=hosts, systemContainer=marks.BALANCER) if hosts else []
    balancers = {row.uuid: _balancer(tx, agent_id, row.uuid) for row in found if row.uuid not in but}
    return [uuid for uuid, row in balancers.items() if row is not None and _reason(row) is not None]


def _reason(balancer: rows.LoadBalancer) -> str | None:
    text = balancer.transitioningMessage
    return text if balancer.transitioning == "error" and text is not None and text.startswith(FIELD) else None
