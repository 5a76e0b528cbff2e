# SPDX-License-Identifier: Apache-2.0
"""Remove a host: its containers end, its peers forget it, its range becomes free. None of this waits for the host."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from functools import partial

from orca import wire
from orca.engine import AgentConnection, AgentGone, Behaviour, CommandFailed, Run, discard
from orca.network import Delivery, peers
from orca.orchestration.containers.lifecycle import gone
from orca.orchestration.health import checks as health
from orca.provision.hosts import lifecycle as hosts
from orca.provision.hosts.agents import answers
from orca.resources import rows
from orca.storage import pools
from orca.store import ReadTx, Tx
from orca.wire import names

log = logging.getLogger(__name__)

FAREWELL_SECONDS = 20.0
"""Seconds that a live host may take to remove its containers and its network."""

AT_ONCE = 25
"""Most containers whose rows one unit removes."""

behaviour = Behaviour()


@behaviour.process("host.remove")
async def remove(run: Run) -> None:
    """Ask a live host to clean up; then remove its rows, whatever it answered."""
    agent_id, uuids = await run.read(lambda tx: _managed(tx, run.resource(tx, rows.Host)))
    connection = run.core.agents.get(agent_id)
    if connection is not None and await answers(connection):
        run.log(f"removing {len(uuids)} containers and the network of the host")
        try:
            async with asyncio.timeout(FAREWELL_SECONDS):
                await _farewell(connection, uuids)
        except (TimeoutError, AgentGone, CommandFailed) as error:
            run.log(f"the host did not confirm: {error or 'no answer in time'}")

    ids = await run.read(lambda tx: [id for (id,) in tx.values(rows.Instance, "id", hostId=run.resource_id)])
    for first in range(0, len(ids), AT_ONCE):
        part = ids[first : first + AT_ONCE]
        await run.step(f"containers {part[0]} to {part[-1]}", partial(_forget, run=run, id=part))
    await peers.part(run.core.db, run.core.part(Delivery).items, run.resource_id)

    def unit(tx: Tx) -> None:
        host = run.resource(tx, rows.Host)
        _forget(tx, run)  # containers that came since
        health.host_gone(tx, run.core, host)
        pools.forget(tx, host)
        hosts.forget(tx, run.core, host)

    run.finish(unit)
    if connection is not None:
        run.core.spawn(_hang_up(run, connection))


def _forget(tx: Tx, run: Run, **which: Collection[int]) -> None:
    """Remove the rows of containers of the host: all, or some by ``id``."""
    for instance in tx.find(rows.Instance, hostId=run.resource_id, **which):
        run.engine.supersede(tx, instance)
        gone(tx, run.core, instance)
        discard(tx, instance)


async def _farewell(connection: AgentConnection, uuids: list[str]) -> None:
    await asyncio.gather(
        *(connection.request(names.REMOVE, {"key": f"farewell/{uuid}", "uuid": uuid}) for uuid in uuids)
    )
    await connection.request(names.CONFIG_UPDATE, wire.to_data(wire.ConfigUpdate(items=[], complete=True)))


async def _hang_up(run: Run, connection: AgentConnection) -> None:
    """End the agent's connection; its credentials are invalid once the row is gone."""
    with run.core.db.bus.subscribe({"host"}) as changes:
        while await run.core.db.read(lambda tx: run.resource(tx, rows.Host).removed is None):
            await changes.batch()
    await connection.close("this host was removed")


def _managed(tx: ReadTx, host: rows.Host) -> tuple[int | None, list[str]]:
    return host.agentId, [row.uuid for row in tx.find(rows.Instance, hostId=host.id) if not row.nativeContainer]
