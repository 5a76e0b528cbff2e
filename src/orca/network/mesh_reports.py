# SPDX-License-Identifier: Apache-2.0
"""What agents say about their tunnels, into the mesh matrix."""

from __future__ import annotations

from typing import Any

import msgspec

from orca import wire
from orca.engine import AgentConnection, Behaviour, Call, Services
from orca.network import matrix
from orca.store import ReadTx, Record, Tx
from orca.wire import names

behaviour = Behaviour()


@behaviour.agent(names.MESH_EDGE)
async def edge(services: Services, connection: AgentConnection, data: dict[str, Any]) -> None:
    """A tunnel came or went."""
    report = msgspec.convert(data, wire.MeshEdge)

    def unit(tx: Tx) -> None:
        host = tx.first("host", agentId=connection.agent_id)
        if host is not None:
            matrix.record_edge(tx, host, report)

    await services.db.write(unit)


@behaviour.agent(names.MESH_SUMMARY)
async def summary(services: Services, connection: AgentConnection, data: dict[str, Any]) -> None:
    """The minute's report."""
    report = msgspec.convert(data, wire.MeshSummary)

    def unit(tx: Tx) -> None:
        host = tx.first("host", agentId=connection.agent_id)
        if host is not None:
            matrix.record_summary(tx, host, report.peers)

    await services.db.write(unit)


@behaviour.computed("meshLink.age")
def age(tx: ReadTx, call: Call, row: Record) -> int | None:
    """How long the pair has been in its state, now."""
    return matrix.age_of(tx.now, row)


@behaviour.agent("disconnected")
async def disconnected(services: Services, connection: AgentConnection, data: dict[str, Any]) -> None:
    """Nobody reports this host's view until its agent is back."""

    def unit(tx: Tx) -> None:
        host = tx.first("host", agentId=connection.agent_id)
        if host is not None:
            matrix.forget_views(tx, host, "the agent of this host is not connected")

    await services.db.write(unit)
