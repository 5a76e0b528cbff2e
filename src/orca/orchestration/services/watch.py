# SPDX-License-Identifier: Apache-2.0
"""Decide whether an upgrade succeeded: watch the new containers before the old ones are removed."""

from __future__ import annotations

import asyncio

from orca.engine import Failed, Run
from orca.orchestration.health.items import understands
from orca.orchestration.health.states import HEALTHY, UNHEALTHY
from orca.orchestration.units import units
from orca.resources import rows
from orca.store import ReadTx

RUNNING_SECONDS = 10.0
"""Seconds that a container without a check must run to count as working."""
HEALTHY_SECONDS = 600.0
"""Seconds that containers may take to become healthy, unless their check says less."""

Starts = dict[int, int]
"""Instance id -> how often it was started."""


async def watch(run: Run) -> None:
    """Wait until the containers of a service are healthy; one without a check must run for a while.

    Raises:
        Failed: a container does not keep running, is unhealthy, or does not become healthy in time.
    """
    starts = await run.read(lambda tx: _starts(tx, run.resource_id))
    if await run.read(lambda tx: not all(_is_healthy(row) for row in units.rows_of(tx, run.resource_id))):
        await _for_a_while(run, starts)

    def verdict(tx: ReadTx) -> str | bool | None:
        return _broken(tx, run.resource_id, starts) or _is_proved(tx, run.resource_id)

    reason = await run.wait_for("new containers to be healthy", verdict, roots={"instance"}, timeout=HEALTHY_SECONDS)
    if isinstance(reason, str):
        raise Failed(reason)


async def _for_a_while(run: Run, starts: Starts) -> None:
    """Let the containers run for a while, unless one fails."""
    try:
        async with asyncio.timeout(RUNNING_SECONDS):
            await run.wait_for(
                f"new containers to run for {RUNNING_SECONDS:g} s",
                lambda tx: _broken(tx, run.resource_id, starts),
                roots={"instance"},
            )
    except TimeoutError:
        return


def _starts(tx: ReadTx, service_id: int) -> Starts:
    return {row.id: row.startCount or 0 for row in units.rows_of(tx, service_id) if not row.leaving}


def _broken(tx: ReadTx, service_id: int, starts: Starts) -> str | None:
    """Why the containers do not work; None while they may."""
    found = {row.id: row for row in units.rows_of(tx, service_id)}
    for id, count in starts.items():
        row = found.get(id)
        if row is None or row.state not in ("running", "stopped"):
            return f"{'a container' if row is None else row.name}: it does not run any more"
        if row.state == "stopped" and not units.runs_once(row.labels):
            return f"{row.name}: stopped soon after its start, exit code {row.exitCode}"
        if (row.startCount or 0) != count:
            return f"{row.name}: it had to be started again"
        if row.healthState == UNHEALTHY:
            return f"{row.name}: it is unhealthy"
    return None


def _is_healthy(row: rows.Instance) -> bool:
    return bool(row.healthState == HEALTHY)


def _is_proved(tx: ReadTx, service_id: int) -> bool:
    """True if every checked container is healthy. One that no host can check counts as unchecked."""
    found = units.rows_of(tx, service_id)
    waiting = [row for row in found if (row.healthCheck or row.healthState) and not _is_healthy(row)]
    return not any(row.healthDeadline or row.engineHealth or _is_judged(tx, row) for row in waiting)


def _is_judged(tx: ReadTx, row: rows.Instance) -> bool:
    """True if a checker has spoken about a container, or can."""
    checkers = tx.find(rows.HealthcheckInstanceHostMap, instanceId=row.id)
    hosts = tx.find(rows.Host, id=[each.hostId for each in checkers]) if checkers else []
    return any(each.externalTimestamp for each in checkers) or any(map(understands, hosts))
