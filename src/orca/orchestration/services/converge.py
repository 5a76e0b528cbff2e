# SPDX-License-Identifier: Apache-2.0
"""A service's processes: bring its containers to the wanted scale, stop them, remove them.

``activate`` and ``update`` converge: compare, act, wait for the containers, compare again. If a container cannot start,
the process ends with the reason on service and stack. ``keeper`` tries again later, and the reason stays until a try
succeeds.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from orca.engine import Behaviour, Failed, Run, discard
from orca.orchestration.containers.api import start_removal
from orca.orchestration.placement import retained
from orca.orchestration.services import api as services
from orca.orchestration.services import links as service_links
from orca.orchestration.units import units
from orca.orchestration.units.plan import Plan
from orca.provision.hosts.lifecycle import CONNECTED
from orca.resources import rows
from orca.store import ANY, ReadTx, Tx

RETRY_MS = (5_000, 120_000)
"""Pause before the first retry of a service that could not start (doubled each time), and the longest one."""
AT_ONCE = 50
"""Most containers that one unit starts, stops or removes, so that other writes need not wait long."""
BATCH, INTERVAL = 1, 2000
"""Defaults of upgrades and restarts: deployment units per batch, and milliseconds between two batches."""

behaviour = Behaviour()


@behaviour.process("service.create")
async def create(run: Run) -> None:
    """Create a service; it starts automatically if the request said so."""

    def unit(tx: Tx) -> None:
        if run.resource(tx, rows.Service).startOnCreate:
            run.chain = "activate"

    run.finish(unit)


@behaviour.process("service.activate")
async def activate(run: Run) -> None:
    """Bring all containers up."""
    await _converge(run)


@behaviour.process("service.update")
async def update(run: Run) -> None:
    """Apply a changed scale, or replace lost containers; an inactive service needs nothing."""
    if await run.read(lambda tx: run.resource(tx, rows.Service).state == "updating-active"):
        await _converge(run)


@behaviour.process("service.deactivate")
async def deactivate(run: Run) -> None:
    """Stop the containers and keep them."""

    def stop(tx: Tx, row: rows.Instance) -> None:
        if row.state in ("running", "starting", "restarting"):
            run.engine.request(tx, row, "stop")

    await each(run, "stop", _live, stop)
    await await_containers(run)
    scale = await run.read(lambda tx: scale_of(tx, run.resource_id))

    def end(tx: Tx) -> None:
        service = run.resource(tx, rows.Service)
        services.hide(tx, service)
        cured(tx, service, scale)

    run.finish(end)


@behaviour.process("service.remove")
async def remove(run: Run) -> None:
    """Remove the containers, then the links in both directions."""

    def end(tx: Tx) -> None:
        service = run.resource(tx, rows.Service)
        service_links.unlink_all(tx, service)
        discard(tx, *tx.find(rows.ServiceExposeMap, serviceId=service.id))
        if retained.retains(service):
            units.forget_addresses(tx, service)
        cured(tx, service, 0)

    await each(run, "remove", _live, lambda tx, row: start_removal(tx, run.engine, row))
    await run.wait_for(
        "the removal of containers",
        lambda tx: tx.first(rows.Instance, serviceId=run.resource_id) is None,
        roots={"instance"},
    )
    run.finish(end)


async def _converge(run: Run) -> None:
    await bring_up(run)
    await complete(run)


async def complete(run: Run) -> None:
    """End a process of a service that has all its containers."""
    scale = await run.read(lambda tx: scale_of(tx, run.resource_id))

    def end(tx: Tx) -> None:
        service = run.resource(tx, rows.Service)
        services.expose(tx, service)
        if retained.retains(service):
            units.forget_addresses(tx, service)
        # The keeper's try kept the reason of the one before, which no longer holds.
        service = tx.update(service, transitioning=None, transitioningMessage=None)
        cured(tx, service, scale)

    run.finish(end)


async def bring_up(run: Run, label: str = "round") -> None:
    """Compare, act, wait, compare again, until the service is complete. ``label`` names the steps.

    Raises:
        Failed: a new container does not run. A service with a scale policy lowers its scale first.
    """
    begun: set[int] = set()
    number = 0
    while True:
        number += 1
        ids = await _act(run, f"{label} {number}")
        if not ids:
            if await run.read(lambda tx: _complete(tx, run)):
                if not await run.step(f"{label} {number}: more", lambda tx: _aim_higher(tx, run)):
                    return
                continue
            await run.wait_for("containers to come and go", lambda tx: _moved(tx, run), roots={"instance"})
        begun |= set(ids)
        await await_containers(run)
        if await _less(run, frozenset(begun), f"{label} {number}: less"):
            begun.clear()


async def _less(run: Run, begun: frozenset[int], step: str) -> bool:
    """True if the service lowers its scale because a new container does not run. Raises ``Failed``."""
    reason = await run.read(lambda tx: _failure(tx, begun))
    if reason is None:
        return False
    if not await run.step(step, lambda tx: _lower_aim(tx, run)):
        scale = await run.read(lambda tx: scale_of(tx, run.resource_id))
        raise Failed(reason, state="active", unit=lambda tx: _failed(tx, run.resource(tx, rows.Service), reason, scale))
    return True


def _aim_higher(tx: Tx, run: Run) -> bool:
    """Raise the scale one step towards the policy's maximum; return False if no further step is possible now."""
    service = run.resource(tx, rows.Service)
    policy = service.scalePolicy
    if policy is None or service.full:
        return False
    scale = units.wanted_scale(service)
    higher = min(scale + (policy.get("increment") or 1), policy.get("max") or 1)
    tx.update(service, aim=higher, desiredScale=higher)
    return higher > scale


async def _act(run: Run, label: str) -> list[int]:
    """Start what the service lacks, some containers in a unit; return the ids of those that should run.

    A reader finds what is lacking: nobody else makes containers of the service while this process is ours.
    """
    ids: list[int] = []
    number = 1
    while run.has(_slice(label, number)):  # done before a crash
        ids += await run.step(_slice(label, number), lambda tx: list[int]())
        number += 1
    wanted, beside = await run.read(lambda tx: _lack(tx, run))
    for part in wanted.slices(AT_ONCE):
        ids += await run.step(_slice(label, number), partial(_begin, run=run, wanted=part, beside=beside))
        number += 1
    return ids


def _slice(label: str, number: int) -> str:
    return label if number == 1 else f"{label}, part {number}"


def _lack(tx: ReadTx, run: Run) -> tuple[Plan, units.Neighbours]:
    service = run.resource(tx, rows.Service)
    return units.plan(tx, service), units.neighbours(tx, service.id)


def _begin(tx: Tx, run: Run, wanted: Plan, beside: units.Neighbours) -> list[int]:
    """Carry out one slice of a plan. The present state of a container decides whether it is started."""
    if wanted.sick:
        service = run.resource(tx, rows.Service)
        tx.update(service, **units.noted(tx, service))
    for id in wanted.remove:
        start_removal(tx, run.engine, tx.require(rows.Instance, id))
    started = [row.id for row in tx.find(rows.Instance, id=list(wanted.start), state="stopped")] if wanted.start else []
    for id in started:
        run.engine.request(tx, tx.require(rows.Instance, id), "start")
    if not wanted.create:
        return started
    maker = units.Maker(
        tx,
        run.engine,
        run.resource(tx, rows.Service),
        {new.number: beside.get(new.number, {}) for new in wanted.create},
    )
    return [*started, *(int(maker.make(new).id) for new in wanted.create)]


async def each(
    run: Run, label: str, find: Callable[[ReadTx, int], list[rows.Instance]], act: Callable[[Tx, rows.Instance], object]
) -> None:
    """Call ``act`` for every container of the service that ``find`` returns, some of them in a unit."""
    ids = await run.read(lambda tx: [row.id for row in find(tx, run.resource_id)])

    def unit(tx: Tx, part: list[int]) -> None:
        for row in tx.find(rows.Instance, id=part):
            act(tx, row)

    for first in range(0, len(ids), AT_ONCE):
        part = ids[first : first + AT_ONCE]
        # After a crash ``find`` may return others; their step has another name, so nothing is done twice.
        await run.step(f"{label} {part[0]} to {part[-1]}", partial(unit, part=part))


def _lower_aim(tx: Tx, run: Run) -> bool:
    """Lower the scale one step if the policy allows; a new host raises it again."""
    service = run.resource(tx, rows.Service)
    policy = service.scalePolicy
    if policy is None:
        return False
    low = policy.get("min") or 1
    lower = max(low, units.wanted_scale(service) - (policy.get("increment") or 1))
    if service.full or lower == units.wanted_scale(service):
        return False
    tx.update(service, aim=lower, full=True, lockedScale=lower, desiredScale=lower)
    return True


async def await_containers(run: Run) -> None:
    """Wait until no container of the service is changing, except on hosts that do not answer."""

    def condition(tx: ReadTx) -> bool:
        states = tx.table(rows.Instance).c.state
        busy = tx.query(rows.Instance, serviceId=run.resource_id).where(states.not_in(["running", "stopped"]))
        if tx.rows(rows.Instance, busy.where(states.not_in(["stopping", "removing"])).limit(1)):
            return False
        ending = tx.rows(rows.Instance, busy)
        hosts = {row.hostId for row in ending if row.hostId is not None}
        lost = {host.id for host in tx.find(rows.Host, id=hosts) if host.agentState != CONNECTED}
        # A removal from a host that does not answer may never end.
        return all(row.hostId in lost and row.leaving for row in ending)

    await run.wait_for("containers to start or stop", condition, roots={"instance", "host"})


def _moved(tx: ReadTx, run: Run) -> bool:
    """True if postponed work can be done now."""
    return units.plan(tx, run.resource(tx, rows.Service)).acts or _complete(tx, run)


def _complete(tx: ReadTx, run: Run) -> bool:
    """True if there is nothing left to do and nothing under way."""
    service = run.resource(tx, rows.Service)
    if units.plan(tx, service):
        return False
    parts = units.parts_of(service)
    return all(
        member.state == "running" or (member.state == "stopped" and parts[member.part].once)
        for member in units.members(tx, service.id)
        if member.counts
    )


def _failure(tx: ReadTx, begun: frozenset[int]) -> str | None:
    """Why a new container does not run."""
    for row in tx.find(rows.Instance, id=begun, removed=ANY):
        if row.state == "running" or row.leaving:
            continue
        if row.transitioning == "error":
            return f"{row.name}: {row.transitioningMessage}"
        if row.state == "stopped" and not units.runs_once(row.labels):
            return f"{row.name}: stopped right after its start, exit code {row.exitCode}"
    return None


def _failed(tx: Tx, service: rows.Service, reason: str, scale: int) -> None:
    """Keep the reason on the service and the stack, with the time of the next try."""
    failures = service.failures or 0
    pause = min(RETRY_MS[1], RETRY_MS[0] * 2 ** min(failures, 10))
    tx.update(service, failures=failures + 1, retryAt=tx.now + pause, currentScale=scale)
    tell_stack(tx, service, reason)


def tell_stack(tx: Tx, service: rows.Service, reason: str) -> None:
    """Show on an idle stack why one of its services failed."""
    stack = tx.get(rows.Environment, service.environmentId)
    if stack is not None and stack.state == "active":
        tx.update(stack, transitioning="error", transitioningMessage=f"{service.name}: {reason}")


def cured(tx: Tx, service: rows.Service, scale: int) -> None:
    """The service is complete: remove its reason from the stack, unless another service has one."""
    tx.update(service, failures=None, retryAt=None, currentScale=scale)
    stack = tx.get(rows.Environment, service.environmentId)
    if stack is None or stack.transitioning != "error" or stack.state != "active":
        return
    for other in tx.find(rows.Service, environmentId=stack.id):
        if other.id != service.id and other.transitioning == "error":
            tx.update(stack, transitioningMessage=f"{other.name}: {other.transitioningMessage}")
            return
    tx.update(stack, transitioning=None, transitioningMessage=None)


def scale_of(tx: ReadTx, service_id: int) -> int:
    """The number of deployment units of the service."""
    return len({member.number for member in units.members(tx, service_id) if member.counts})


def _live(tx: ReadTx, service_id: int) -> list[rows.Instance]:
    """Every container of the service, including those that an upgrade keeps."""
    return tx.find(rows.Instance, serviceId=service_id)
