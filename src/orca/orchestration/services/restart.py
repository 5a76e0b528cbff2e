# SPDX-License-Identifier: Apache-2.0
"""Restart a service's containers in batches."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from orca.engine import Behaviour, Call, Run
from orca.orchestration.services.converge import BATCH, INTERVAL, await_containers, bring_up
from orca.orchestration.units import units
from orca.resources import rows
from orca.store import Tx

behaviour = Behaviour()


@behaviour.action("service.restart")
def restart(tx: Tx, call: Call, row: rows.Service, data: dict[str, Any]) -> rows.Service:
    """Begin to restart every container, in batches."""
    call.request(tx, row, "restart", strategy=data.get("rollingRestartStrategy") or {})
    return row


@behaviour.process("service.restart")
async def run_restart(run: Run) -> None:
    """Restart batch by batch."""
    strategy = run.data.get("strategy") or {}
    size, interval = strategy.get("batchSize") or BATCH, strategy.get("intervalMillis") or INTERVAL

    def running(tx: Tx) -> list[int]:
        return sorted(row.id for row in units.rows_of(tx, run.resource_id) if row.state == "running")

    ids = await run.step("containers", running)
    for start in range(0, len(ids), size):
        if start:
            await asyncio.sleep(interval / 1000)
        batch = ids[start : start + size]
        await run.step(f"restart {start}", partial(_restart, run=run, ids=batch))
        await await_containers(run)
    await bring_up(run)


def _restart(tx: Tx, run: Run, ids: list[int]) -> None:
    for row in tx.find(rows.Instance, id=ids, state="running"):
        run.engine.request(tx, row, "restart")
