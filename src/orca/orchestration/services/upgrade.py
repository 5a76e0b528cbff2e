# SPDX-License-Identifier: Apache-2.0
"""Upgrade a running service: in place, or over to another service (``handover``).

In place, containers of an outdated launch config are kept, stopped, beside their successors until the upgrade is
finished; a rollback starts the same containers again.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from orca.engine import Behaviour, Call, Failed, Run
from orca.network import Delivery
from orca.network import ports as network_ports
from orca.orchestration.containers.api import start_removal
from orca.orchestration.placement import marks, retained
from orca.orchestration.services import handover
from orca.orchestration.services import rights as service_rights
from orca.orchestration.services import watch as upgrade_watch
from orca.orchestration.services.checks import CONTAINERLESS, check_launch_configs
from orca.orchestration.services.converge import (
    BATCH,
    INTERVAL,
    await_containers,
    bring_up,
    cured,
    each,
    scale_of,
    tell_stack,
)
from orca.orchestration.services.links import apply_selectors
from orca.orchestration.units import units
from orca.orchestration.units.plan import all_needs
from orca.resources import rows
from orca.resources.errors import Refused
from orca.store import ReadTx, Tx

HEALTHY = "healthy"
"""The value of ``finish`` with which the server finishes an upgrade once the new containers are healthy, and rolls back
a failed one.
"""
CANCELED = "canceled-upgrade"
"""The state after a failed upgrade: it can be rolled back, like one that somebody canceled."""

behaviour = Behaviour()


# -- what is asked for ------------------------------------------------------------------------------------------------


@behaviour.action("service.upgrade")
def upgrade(tx: Tx, call: Call, row: rows.Service, data: dict[str, Any]) -> rows.Service:
    """Begin an upgrade: in place, or over to another service (also in the flat form of 2015)."""
    if data.get("inServiceStrategy"):
        service_rights.check_upgrade(tx, call, row, data["inServiceStrategy"])
        row = begin_in_service(tx, row, data["inServiceStrategy"])
    else:
        row = handover.begin(tx, row, data)
    call.request(tx, row, "upgrade")
    return row


@behaviour.action("service.rollback")
def take_back(tx: Tx, call: Call, row: rows.Service, data: dict[str, Any]) -> rows.Service:
    """Roll back an upgrade."""
    service_rights.check_rollback(tx, call, [row])
    call.request(tx, row, "rollback")
    return row


def begin_in_service(tx: Tx, row: rows.Service, given: dict[str, Any]) -> rows.Service:
    """Store new launch configs; keep the old ones with the strategy. The caller requests ``upgrade``.

    Raises:
        Refused: no launch config, one that cannot run, an address that two containers would share.
    """
    if not given.get("launchConfig") and not given.get("secondaryLaunchConfigs"):
        raise Refused("MissingRequired", "a launch config is required", field="launchConfig")
    if given.get("startFirst") and row.retainIp:
        raise Refused("InvalidOption", "a service that retains its addresses cannot start first", field="startFirst")
    old_sidekicks = row.secondaryLaunchConfigs or []
    version = _next_version([row.launchConfig or {}, *old_sidekicks])
    primary = row.launchConfig
    if given.get("launchConfig"):
        primary = {**given["launchConfig"], "version": version}
    sidekicks = {config["name"]: config for config in old_sidekicks}
    for config in given.get("secondaryLaunchConfigs") or []:
        sidekicks[config["name"]] = {"networkMode": "managed", **config, "version": version}
    if row.kind not in CONTAINERLESS:
        check_launch_configs(row.name, primary, list(sidekicks.values()), type=row.kind, selector=row.selectorContainer)
        # The upgraded container may have the address itself.
        retained.check(tx, row.accountId, [primary or {}, *sidekicks.values()], new=False)
    strategy = {
        "batchSize": BATCH,
        "intervalMillis": INTERVAL,
        "startFirst": False,
        **{name: value for name, value in given.items() if value is not None},
        "previousLaunchConfig": row.launchConfig,
        "previousSecondaryLaunchConfigs": old_sidekicks,
    }
    row = tx.update(
        row,
        launchConfig=primary,
        secondaryLaunchConfigs=list(sidekicks.values()) or None,
        upgrade={"inServiceStrategy": strategy},
        asleep=row.state == "inactive",
    )
    apply_selectors(tx, row)
    return row


def _next_version(configs: list[dict[str, Any]]) -> str:
    """The version for changed launch configs: higher than any present one."""
    return str(1 + max(int(config.get("version") or 0) for config in configs))


# -- in place ---------------------------------------------------------------------------------------------------------


@behaviour.process("service.upgrade")
async def run_upgrade(run: Run) -> None:
    """Replace containers batch by batch; then the upgrade waits for a decision, except in the form of 2015."""
    asked = await run.read(lambda tx: run.resource(tx, rows.Service).upgrade or {})
    if "inServiceStrategy" in asked:
        await _or_back(run, asked["inServiceStrategy"])
        return
    await handover.move_over(run, asked.get("toServiceStrategy") or asked)
    if "toServiceStrategy" not in asked:
        run.end_state = "active"
        run.finish(lambda tx: tx.update(run.resource(tx, rows.Service), upgrade=None))


async def _or_back(run: Run, strategy: dict[str, Any]) -> None:
    """Upgrade in place. Raises ``Failed``: then the caller decides, or the server rolls it back."""
    watched = strategy.get("finish") == HEALTHY
    try:
        await _in_service(run, strategy)
        if watched and not await run.read(lambda tx: _asleep(tx, run)):
            await upgrade_watch.watch(run)
    except Failed as failure:
        message = f"{failure.message}; the upgrade was rolled back" if watched else failure.message
        chain = "rollback" if watched else None

        def tell(tx: Tx) -> None:
            tell_stack(tx, run.resource(tx, rows.Service), message)

        raise Failed(message, state=CANCELED, chain=chain, unit=tell) from failure
    if watched:
        run.chain = "finishupgrade"


async def _in_service(run: Run, strategy: dict[str, Any]) -> None:
    number = 0
    while True:
        number += 1
        size = strategy.get("batchSize") or BATCH
        kept = await run.step(f"batch {number}", partial(_keep, run=run, size=size))
        if not kept:
            break
        if not strategy.get("startFirst"):
            await _rest(run, kept, f"batch {number}: stop")
        if await run.read(lambda tx: _asleep(tx, run)):
            continue
        await bring_up(run, f"batch {number}: start")
        if strategy.get("startFirst"):
            await _rest(run, kept, f"batch {number}: stop")
        if await run.read(lambda tx: bool(_outdated(tx, run.resource(tx, rows.Service)))):
            await asyncio.sleep((strategy.get("intervalMillis") or INTERVAL) / 1000)
    await _wake(run)


async def _wake(run: Run) -> None:
    """Start a service that was active before the upgrade; an inactive one stays inactive."""
    if not await run.read(lambda tx: _asleep(tx, run)):
        await bring_up(run)


def _asleep(tx: ReadTx, run: Run) -> bool:
    return bool(run.resource(tx, rows.Service).asleep)


async def _over(run: Run) -> None:
    """End the upgrade; after an automatic rollback the reason stays on the service."""
    scale = await run.read(lambda tx: scale_of(tx, run.resource_id))

    def end(tx: Tx) -> None:
        if _asleep(tx, run):
            run.end_state = "inactive"
        service = tx.update(run.resource(tx, rows.Service), upgrade=None, asleep=None)
        units.forget_addresses(tx, service)
        if service.transitioning != "error":
            cured(tx, service, scale)

    run.finish(end)


def _outdated(tx: ReadTx, service: rows.Service) -> dict[int, list[rows.Instance]]:
    """Per deployment unit the containers of outdated launch configs, and those that use such a container."""
    configs, parts = units.configs_of(service), units.parts_of(service)
    found: dict[int, list[rows.Instance]] = {}
    chosen = [row for row in units.rows_of(tx, service.id) if not row.leaving]
    old = {part: str(config.get("version") or "0") for part, config in configs.items()}
    for row in chosen:
        part = marks.part(row)
        if part not in configs or (row.version or "0") != old[part]:
            found.setdefault(marks.number(row), []).append(row)
    for row in chosen:
        number, part = marks.number(row), marks.part(row)
        gone = {marks.part(other) for other in found.get(number, [])}
        if part in parts and part not in gone and gone & all_needs(part, parts):
            found[number].append(row)
    return found


def _keep(tx: Tx, run: Run, size: int) -> list[int]:
    """Set aside the outdated containers of the next units; return their ids."""
    outdated = _outdated(tx, run.resource(tx, rows.Service))
    found = [row for number in sorted(outdated)[:size] for row in outdated[number]]
    for row in found:
        tx.update(row, kept=True)
        _mark(tx, row, upgrade=True)
    return [row.id for row in found]


async def _rest(run: Run, ids: list[int], label: str) -> None:
    """Stop the kept containers; their ports become free, and a retained address waits for the successor."""

    def stop(tx: Tx) -> None:
        for row in tx.find(rows.Instance, id=ids):
            if row.state in ("running", "starting", "restarting"):
                run.engine.request(tx, row, "stop")

    def free(tx: Tx) -> None:
        for row in tx.find(rows.Instance, id=ids):
            network_ports.free_ports(tx, run.core.part(Delivery).items, row)
            if retained.retains(run.resource(tx, rows.Service)):
                units.let_go_address(tx, row)

    await run.step(label, stop)
    await await_containers(run)
    await run.step(f"{label}ped", free)


def _mark(tx: Tx, instance: rows.Instance, *, upgrade: bool) -> None:
    for row in tx.find(rows.ServiceExposeMap, instanceId=instance.id):
        tx.update(row, upgrade=upgrade)


@behaviour.process("service.finishupgrade")
async def finish(run: Run) -> None:
    """Finish an upgrade: remove the old containers."""

    await each(run, "remove", units.kept_rows, lambda tx, row: start_removal(tx, run.engine, row))
    await run.wait_for(
        "the removal of the old containers",
        lambda tx: not units.kept_rows(tx, run.resource_id),
        roots={"instance"},
    )
    await _over(run)


@behaviour.process("service.cancelupgrade")
async def cancel(run: Run) -> None:
    """Cancel an upgrade: replace nothing more. In the form of 2015 the service is active again."""
    asked = await run.read(lambda tx: run.resource(tx, rows.Service).upgrade or {})
    if not asked.keys() & {"inServiceStrategy", "toServiceStrategy"}:
        run.end_state = "active"


@behaviour.process("service.rollback")
async def rollback(run: Run) -> None:
    """Roll back to the state before the upgrade."""
    asked = await run.read(lambda tx: run.resource(tx, rows.Service).upgrade or {})
    if "inServiceStrategy" in asked:
        await run.step("configs of before", lambda tx: _turn_back(tx, run, asked["inServiceStrategy"]))
        await each(run, "remove the new", _new_ones, lambda tx, row: start_removal(tx, run.engine, row))
        await await_containers(run)
        await each(run, "take the old", units.kept_rows, _take_back)
    else:
        await run.step("scales", lambda tx: handover.turn_back(tx, run, asked))
    await _wake(run)
    await _over(run)


def _turn_back(tx: Tx, run: Run, strategy: dict[str, Any]) -> None:
    """Restore the launch configs from before the upgrade."""
    service = tx.update(
        run.resource(tx, rows.Service),
        launchConfig=strategy.get("previousLaunchConfig"),
        secondaryLaunchConfigs=strategy.get("previousSecondaryLaunchConfigs") or None,
    )
    apply_selectors(tx, service)


def _new_ones(tx: ReadTx, service_id: int) -> list[rows.Instance]:
    """The containers that the upgrade made: of new configs, or in the place of a kept one."""
    service = tx.require(rows.Service, service_id)
    kept = {(marks.number(row), marks.part(row)) for row in units.kept_rows(tx, service.id)}
    new = {row.id for found in _outdated(tx, service).values() for row in found}
    return [
        row for row in units.rows_of(tx, service.id) if row.id in new or (marks.number(row), marks.part(row)) in kept
    ]


def _take_back(tx: Tx, row: rows.Instance) -> None:
    """Make a kept container part of the service again."""
    tx.update(row, kept=None)
    _mark(tx, row, upgrade=False)
