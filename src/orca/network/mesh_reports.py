# SPDX-License-Identifier: Apache-2.0
"""Agents' reports about their tunnels, written to the mesh matrix."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial

from orca import wire
from orca.engine import AgentConnection, Behaviour, Call, Core
from orca.network import matrix
from orca.resources import rows
from orca.store import Closed, ReadTx, Tx
from orca.wire import names

UNIT_PEERS = 50
PATIENCE = 10.0
"""Seconds that an agent may be away before its view counts as unknown."""

behaviour = Behaviour()


@behaviour.agent(names.MESH_EDGE)
async def edge(core: Core, connection: AgentConnection, report: wire.MeshEdge) -> None:
    """A tunnel came or went."""

    def unit(tx: Tx) -> None:
        host = tx.first(rows.Host, agentId=connection.agent_id)
        if host is not None:
            matrix.record_edge(tx, host, report)

    await core.db.write(unit)


@behaviour.agent(names.MESH_SUMMARY)
async def summary(core: Core, connection: AgentConnection, report: wire.MeshSummary) -> None:
    """The minute's report, a few tunnels in each unit."""

    def unit(tx: Tx, peers: list[wire.PeerState]) -> None:
        host = tx.first(rows.Host, agentId=connection.agent_id)
        if host is not None:
            matrix.record_summary(tx, host, peers)

    for start in range(0, len(report.peers), UNIT_PEERS):
        await core.db.write(partial(unit, peers=report.peers[start : start + UNIT_PEERS]))


@behaviour.computed("meshLink.age")
def age(tx: ReadTx, call: Call, row: rows.MeshLink) -> int | None:
    """How long the pair has been in its state, now."""
    return matrix.age_of(tx.now, row)


@behaviour.agent("disconnected")
async def disconnected(core: Core, connection: AgentConnection, _: None) -> None:
    """Keep the views of an agent that is back soon; forget those of one that stays away."""
    core.spawn(_forget(core, [connection.agent_id]))


async def forget_those_away(core: Core) -> None:
    """After the server's start: forget the views of agents that do not reconnect."""
    agents = await core.db.read(lambda tx: [id for (id,) in tx.values(rows.Host, "agentId") if id is not None])
    await _forget(core, agents)


async def _forget(core: Core, agents: list[int]) -> None:
    await asyncio.sleep(PATIENCE)

    def unit(tx: Tx, agent_id: int, ids: list[int]) -> None:
        if core.agents.get(agent_id) is None:
            matrix.forget_views(tx, ids, "the agent of this host is not connected")

    with contextlib.suppress(Closed):
        for agent_id in agents:
            if core.agents.get(agent_id) is not None:
                continue
            ids = await core.db.read(partial(matrix.views, agent_id=agent_id))
            for start in range(0, len(ids), UNIT_PEERS):
                await core.db.write(partial(unit, agent_id=agent_id, ids=ids[start : start + UNIT_PEERS]))
