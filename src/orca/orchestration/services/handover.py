# SPDX-License-Identifier: Apache-2.0
"""Upgrade a service by moving over to another one, which grows while this one shrinks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from typing import Any

from orca.engine import Failed, Run
from orca.orchestration.services import links as service_links
from orca.orchestration.services.converge import BATCH, INTERVAL, bring_up
from orca.orchestration.units.plan import GONE
from orca.resources import rows
from orca.resources.errors import Refused
from orca.store import ReadTx, Tx


def begin(tx: Tx, row: rows.Service, data: dict[str, Any]) -> rows.Service:
    """Store the request, and the scales for a rollback. The caller requests ``upgrade``.

    Raises:
        Refused: no other service is given, or it does not exist.
    """
    given = data.get("toServiceStrategy") or data
    target = tx.get(rows.Service, given.get("toServiceId"))
    if given.get("toServiceId") is None:
        raise Refused("MissingRequired", "toServiceId or a strategy is required", field="toServiceId")
    if target is None or target.accountId != row.accountId or target.id == row.id or target.removed is not None:
        raise Refused("InvalidReference", "toServiceId: there is no such other service", field="toServiceId")
    strategy = {
        "toServiceId": target.id,
        "finalScale": given.get("finalScale") or 1,
        "batchSize": given.get("batchSize") or BATCH,
        "intervalMillis": given.get("intervalMillis") or INTERVAL,
        "updateLinks": given.get("updateLinks") is not False,
    }
    shown = {"toServiceStrategy": strategy} if data.get("toServiceStrategy") else strategy
    before = {"scaleBefore": row.scale, "targetScaleBefore": target.scale, "asleep": None}
    return tx.update(row, upgrade=shown, **before)


async def move_over(run: Run, strategy: dict[str, Any]) -> None:
    """Grow the other service while this one shrinks; services linked to this one can be linked to the other too."""
    target_id = strategy["toServiceId"]
    if strategy.get("updateLinks"):
        await run.step("links", lambda tx: service_links.copy_links(tx, run.resource(tx, rows.Service), target_id))
    old, new = await run.step("begin", lambda tx: _scales(tx, run, target_id))
    # Even if the scales are right already, an interrupted step may have to be completed.
    steps = list(moves(old, new, final=strategy["finalScale"], batch=strategy["batchSize"])) or [(old, new)]
    for number, step in enumerate(steps, 1):
        if number > 1:
            await asyncio.sleep(strategy["intervalMillis"] / 1000)
        await run.step(f"move {number}", partial(_move_on, run=run, target_id=target_id, scales=step))
        reached = partial(_at_scale, target_id=target_id)
        await run.wait_for("the other service to reach its scale", reached, roots={"service"})
        await bring_up(run, f"move {number}: round")


def _scales(tx: Tx, run: Run, target_id: int) -> list[int]:
    """The scales of both services; 0 for an inactive one."""
    target = tx.require(rows.Service, target_id)
    return [run.resource(tx, rows.Service).scale or 0, 0 if target.state == "inactive" else target.scale or 0]


def moves(old: int, new: int, *, final: int, batch: int) -> Iterator[tuple[int, int]]:
    """Yield the scales of both services step by step: the new one grows first, then the old one shrinks."""
    while (old, new) != (0, final):
        if new > final:
            new = final
        elif new < final and old + new <= final:
            new = min(final, new + batch)
        elif old + new > final and old > max(0, final - new):
            old = max(0, final - new)
        elif new < final:
            new = min(final, new + batch)
        else:
            old = 0
        yield old, new


def _move_on(tx: Tx, run: Run, target_id: int, scales: tuple[int, int]) -> None:
    _there(tx, target_id)
    _move(tx, run, target_id, scales)


def _move(tx: Tx, run: Run, target_id: int, scales: tuple[int, int]) -> None:
    old, new = scales
    tx.update(run.resource(tx, rows.Service), scale=old)
    target = tx.require(rows.Service, target_id)
    if target.scale != new or target.state == "inactive":
        target = tx.update(target, scale=new)
        if target.state == "inactive":
            run.engine.request(tx, target, "activate")
        elif target.state in ("active", "updating-active"):
            run.engine.request(tx, target, "update")


def _at_scale(tx: ReadTx, target_id: int) -> bool:
    """True if the other service has reached its scale."""
    target = _there(tx, target_id)
    return bool(target.state == "active" and target.transitioning is None and target.currentScale == target.scale)


def _there(tx: ReadTx, target_id: int) -> rows.Service:
    """The other service. Raises ``Failed`` if it is being removed."""
    target = tx.get(rows.Service, target_id)
    if target is None or target.state in GONE:
        raise Failed("the service that this one moves over to was removed")
    return target


def turn_back(tx: Tx, run: Run, asked: dict[str, Any]) -> None:
    """Restore the former scales of both services."""
    service = run.resource(tx, rows.Service)
    strategy = asked.get("toServiceStrategy") or asked
    before = service.targetScaleBefore or 0
    _move(tx, run, strategy["toServiceId"], (service.scaleBefore or 0, before))
