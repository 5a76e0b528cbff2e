# SPDX-License-Identifier: Apache-2.0
"""A service's processes: bring its containers to the wanted scale, stop them, remove them.

`activate` and `update` converge: compare, act, wait until what was begun is settled, compare again. When a container
cannot start the process ends with the reason on service and stack; `keeper` tries again later, and the reason stays
until it is cured.
"""

from __future__ import annotations

import sqlalchemy as sa

from orca.engine import Behaviour, Failed, Run
from orca.orchestration import launch, scaling
from orca.orchestration.containers import start_removal
from orca.orchestration.names import container_name
from orca.store import ANY, ReadTx, Record, Tx

RETRY_MS = (5_000, 120_000)
"""Pause before the first retry of a service that could not start (doubled each time), and the longest one."""

behaviour = Behaviour()


@behaviour.process("service.create")
async def create(run: Run) -> None:
    """A service starts by itself when it was created so."""

    def unit(tx: Tx) -> None:
        if run.resource(tx).startOnCreate:
            run.chain = "activate"

    run.finish(unit)


@behaviour.process("service.activate")
async def activate(run: Run) -> None:
    """Bring all containers up."""
    await _converge(run)


@behaviour.process("service.update")
async def update(run: Run) -> None:
    """Follow a changed scale, or what happened to the containers; an inactive service has nothing to follow."""
    if await run.read(lambda tx: run.resource(tx).state == "updating-active"):
        await _converge(run)


@behaviour.process("service.deactivate")
async def deactivate(run: Run) -> None:
    """Stop the containers and keep them."""

    def unit(tx: Tx) -> None:
        for row in _live(tx, run.resource_id):
            if row.state in ("running", "starting", "restarting"):
                run.engine.request(tx, row, "stop")

    await run.step("stop", unit)
    await _settled(run)
    run.finish(lambda tx: _cured(tx, run.resource(tx)))


@behaviour.process("service.remove")
async def remove(run: Run) -> None:
    """Remove the containers, then the links in both directions."""

    def begin(tx: Tx) -> None:
        for row in _live(tx, run.resource_id):
            start_removal(tx, run.engine, row)

    def end(tx: Tx) -> None:
        service = run.resource(tx)
        for key in ("serviceId", "consumedServiceId"):
            for row in tx.find("serviceConsumeMap", **{key: service.id}):
                tx.update(row, state="removed", removed=tx.now)
        _cured(tx, service)

    await run.step("remove", begin)
    await run.wait_for("containers to be removed", lambda tx: not _live(tx, run.resource_id), roots={"instance"})
    run.finish(end)


def members(tx: ReadTx, service_id: int) -> list[scaling.Member]:
    """The containers of a service, as scaling sees them."""
    return [
        scaling.Member(row.id, row.data.get("number", 0), _state(row), bool(row.data.get("leaving")))
        for row in _live(tx, service_id)
    ]


def _state(row: Record) -> str:
    """A container that vanished from its host holds its name no longer, however long its processes take."""
    return "removed" if row.data.get("vanished") else str(row.state)


async def _converge(run: Run) -> None:
    begun: set[int] = set()
    number = 0
    while True:
        number += 1
        ids = await run.step(f"round {number}", lambda tx: _act(tx, run))
        if not ids and await run.read(lambda tx: _complete(tx, run)):
            break
        begun |= set(ids)
        await _settled(run)
        await _check(run, frozenset(begun))
    run.finish(lambda tx: _cured(tx, run.resource(tx)))


async def _check(run: Run, begun: frozenset[int]) -> None:
    """End the process when a container that was begun does not run."""
    reason = await run.read(lambda tx: _failure(tx, begun))
    if reason is not None:
        raise Failed(reason, state="active", unit=lambda tx: _failed(tx, run.resource(tx), reason))


def _act(tx: Tx, run: Run) -> list[int]:
    """Begin what the service lacks; returns the ids of the containers that are to run."""
    service = run.resource(tx)
    wanted = scaling.plan(service.scale or 0, members(tx, service.id))
    for id in wanted.remove:
        start_removal(tx, run.engine, tx.require("instance", id))
    for id in wanted.start:
        run.engine.request(tx, tx.require("instance", id), "start")
    created = [_create(tx, run, service, number) for number in wanted.create]
    return [*wanted.start, *created]


def _create(tx: Tx, run: Run, service: Record, number: int) -> int:
    stack = tx.require("environment", service.environmentId)
    project = tx.require("account", service.accountId)
    config = service.launchConfig or {}
    index = (service.createIndex or 0) + 1
    tx.update(service, createIndex=index)
    row = tx.insert(
        "container",
        **{
            **launch.instance_fields(config),
            "accountId": service.accountId,
            "kind": "container",
            "name": container_name(stack.name, service.name, number),
            "serviceId": service.id,
            "environmentId": stack.id,
            "createIndex": index,
            "startOnCreate": True,
            "data": {"number": number},
        },
    )
    labels = launch.service_labels(stack.name, service.name, project.name or "", row.uuid)
    tx.update(row, labels={**(config.get("labels") or {}), **labels}, deploymentUnitUuid=row.uuid)
    tx.insert(
        "serviceExposeMap",
        accountId=service.accountId,
        state="active",
        serviceId=service.id,
        instanceId=row.id,
        managed=True,
    )
    run.engine.request(tx, row, "create")
    return int(row.id)


async def _settled(run: Run) -> None:
    """Wait until nothing is under way in any container of the service."""

    def condition(tx: ReadTx) -> bool:
        columns = tx.table("instance").c
        statement = sa.select(sa.literal(1)).where(
            columns.serviceId == run.resource_id,
            columns.removed.is_(None),
            columns.state.not_in(["running", "stopped"]),
        )
        return tx.execute(statement.limit(1)).first() is None

    await run.wait_for("containers to start or stop", condition, roots={"instance"})


def _complete(tx: ReadTx, run: Run) -> bool:
    """Whether there is nothing left to do and nothing under way."""
    service = run.resource(tx)
    found = members(tx, service.id)
    return not scaling.plan(service.scale or 0, found) and all(m.state == "running" for m in found if m.counts)


def _failure(tx: ReadTx, begun: frozenset[int]) -> str | None:
    """Why a container that was begun does not run."""
    for row in tx.find("instance", id=begun, removed=ANY):
        if row.state == "running" or row.data.get("leaving"):
            continue
        if row.transitioning == "error":
            return f"{row.name}: {row.transitioningMessage}"
        if row.state == "stopped":
            return f"{row.name}: stopped right after its start, exit code {row.exitCode}"
    return None


def _failed(tx: Tx, service: Record, reason: str) -> None:
    """Keep the reason where people look: on the stack too. Say when it is tried again."""
    failures = service.data.get("failures", 0)
    pause = min(RETRY_MS[1], RETRY_MS[0] * 2 ** min(failures, 10))
    tx.update(service, data={"failures": failures + 1, "retryAt": tx.now + pause}, currentScale=_scale(tx, service))
    stack = tx.get("environment", service.environmentId)
    if stack is not None and stack.state == "active":
        tx.update(stack, transitioning="error", transitioningMessage=f"{service.name}: {reason}")


def _cured(tx: Tx, service: Record) -> None:
    """The service is as it should be: take its reason from the stack, unless another service has one."""
    tx.update(service, data={"failures": None, "retryAt": None}, currentScale=_scale(tx, service))
    stack = tx.get("environment", service.environmentId)
    if stack is None or stack.transitioning != "error" or stack.state != "active":
        return
    for other in tx.find("service", environmentId=stack.id):
        if other.id != service.id and other.data.get("retryAt"):
            tx.update(stack, transitioningMessage=f"{other.name}: {other.transitioningMessage}")
            return
    tx.update(stack, transitioning=None, transitioningMessage=None)


def _scale(tx: ReadTx, service: Record) -> int:
    return sum(member.counts for member in members(tx, service.id))


def _live(tx: ReadTx, service_id: int) -> list[Record]:
    return tx.find("instance", serviceId=service_id)
