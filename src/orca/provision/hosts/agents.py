# SPDX-License-Identifier: Apache-2.0
"""Agents coming and going: hello, changed facts, silence."""

from __future__ import annotations

import asyncio
import logging

from orca import wire
from orca.engine import AgentConnection, AgentGone, Behaviour, CommandFailed, Core, Run, request_removal
from orca.network import Delivery, membership, peers
from orca.network.pki import BadRequest
from orca.provision.hosts import lifecycle as hosts
from orca.provision.hosts.agent_account import close_account
from orca.resources import rows
from orca.store import ReadTx, Tx
from orca.wire import names

log = logging.getLogger(__name__)

ALIVE_SECONDS = 1.0
"""A connection that answers a ping within this time is alive."""

behaviour = Behaviour()


class Greeted:
    """The connection over which each agent said hello last."""

    def __init__(self) -> None:
        self.connections: dict[int, AgentConnection] = {}


@behaviour.agent(names.HELLO)
async def hello(core: Core, connection: AgentConnection, facts: wire.Hello) -> None:
    """Handle a hello: store the host's facts, then send what it lacks."""
    greeted = core.part(Greeted).connections
    earlier = greeted.get(connection.agent_id)
    if earlier is not None and earlier is not connection and await answers(earlier):
        reason = (
            f"host {facts.uuid} is connected from {earlier.address} already, and now from {connection.address}:"
            " two machines share one identity; remove /var/lib/orca/agent on the copy and register it"
        )
        log.error(reason)
        await connection.close(reason)
        return
    greeted[connection.agent_id] = connection
    try:
        host = await core.db.write(lambda tx: hosts.host_of(tx, core, connection.agent_id, facts))
    except (hosts.WrongHost, BadRequest) as error:
        log.error("agent at %s: %s", connection.address, error)
        await connection.close(str(error))
        return
    delivery = core.part(Delivery)
    if membership.untold(host):
        await peers.acquaint(core.db, delivery.items, host.id)
    await delivery.greet(connection, host.id, facts.applied, facts.digest)


@behaviour.agent(names.HOST_CHANGE)
async def host_change(core: Core, connection: AgentConnection, facts: wire.HostFacts) -> None:
    """Facts of a host changed."""

    def unit(tx: Tx) -> rows.Host | None:
        host = tx.first(rows.Host, agentId=connection.agent_id)
        return None if host is None else hosts.store_facts(tx, core, host, facts)

    host = await core.db.write(unit)
    if host is not None and membership.untold(host):
        await peers.acquaint(core.db, core.part(Delivery).items, host.id)


@behaviour.agent("disconnected")
async def disconnected(core: Core, connection: AgentConnection, _: None) -> None:
    """Handle the end of an agent's connection: its host is reconnecting until the next hello."""
    greeted = core.part(Greeted).connections
    if greeted.get(connection.agent_id, connection) is not connection:
        return  # it has said hello again while the end of this connection was handled
    greeted.pop(connection.agent_id, None)

    def unit(tx: Tx) -> list[int]:
        agent = tx.get(rows.Agent, connection.agent_id)
        if agent is None:
            return []
        if agent.state == "active":
            tx.update(agent, state=hosts.RECONNECTING)
        found = tx.find(rows.Host, agentId=connection.agent_id)
        for host in found:
            tx.update(host, agentState=hosts.RECONNECTING)
        return [host.id for host in found]

    for host_id in await core.db.write(unit):
        core.part(Delivery).leave(connection, host_id)


async def await_everybody(core: Core) -> None:
    """Set all agents to reconnecting at the server's start, since none is connected."""

    def unit(tx: Tx) -> None:
        for host in tx.find(rows.Host, agentState=hosts.CONNECTED):
            if core.agents.get(host.agentId) is None:
                tx.update(host, agentState=hosts.RECONNECTING)
                agent = tx.get(rows.Agent, host.agentId)
                if agent is not None and agent.state == "active":
                    tx.update(agent, state=hosts.RECONNECTING)

    await core.db.write(unit)


async def ping_everybody(core: Core) -> int:
    """Ping every connected agent; return how many there are."""
    return sum(await asyncio.gather(*(answers(connection) for connection in core.agents.all())))


async def answers(connection: AgentConnection) -> bool:
    """True if the agent still answers: a host that lost its power does not close its connections."""
    try:
        async with asyncio.timeout(ALIVE_SECONDS):
            await connection.request(names.PING, {})
    except (TimeoutError, AgentGone, CommandFailed):
        return False
    return True


@behaviour.process("agent.remove")
async def remove(run: Run) -> None:
    """Remove an agent's hosts, then what it signs in with."""

    def unit(tx: Tx) -> None:
        for host in _hosts(tx, run.resource_id):
            request_removal(run.engine, tx, host)

    await run.step("hosts", unit)
    await run.wait_for("the removal of its hosts", lambda tx: not _hosts(tx, run.resource_id), roots={"host"})
    run.finish(lambda tx: close_account(tx, run.resource(tx, rows.Agent)))


def _hosts(tx: ReadTx, agent_id: int) -> list[rows.Host]:
    return tx.find(rows.Host, agentId=agent_id)
