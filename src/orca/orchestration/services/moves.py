# SPDX-License-Identifier: Apache-2.0
"""Move deployment units on request: away from a host that is drained, or so that hosts have evenly many.

Both are a plan first. Then each service that has something to move runs the process ``move``: one unit at a time, its
successor before it goes. At most four services move at a time in a project.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from orca.engine import Behaviour, Call, Failed, Run
from orca.orchestration.containers import fences
from orca.orchestration.placement import marks, retained
from orca.orchestration.placement.choose import HostFacts, Wanted, refusal
from orca.orchestration.placement.place import constraints_of, host_facts, published
from orca.orchestration.services import balance
from orca.orchestration.services import moving as dead_hosts
from orca.orchestration.services.balance import Unit
from orca.orchestration.services.converge import await_containers, bring_up, complete
from orca.orchestration.units import units
from orca.orchestration.units.plan import GONE
from orca.resources import ids, rows
from orca.resources.errors import ActionNotAvailable
from orca.store import ReadTx, Tx

AT_ONCE = 4
"""Most services of a project that move a unit at the same time."""

behaviour = Behaviour()


@dataclass
class Scene:
    """The units of a project's hosts, and what is needed to move them. ``bound``: why a unit stays where it is."""

    hosts: dict[int, rows.Host]
    services: dict[int, rows.Service]
    members: dict[Unit, list[rows.Instance]] = field(default_factory=dict)
    bound: dict[Unit, str] = field(default_factory=dict)
    facts: dict[int, dict[int, HostFacts]] = field(default_factory=dict)
    wanted: dict[int, Wanted] = field(default_factory=dict)


# -- what is asked for ------------------------------------------------------------------------------------------------


@behaviour.action("host.drain")
def drain(tx: Tx, call: Call, row: rows.Host, data: dict[str, Any]) -> dict[str, Any]:
    """Let a host take no more containers, and move away what may move."""
    if row.state not in ("active", "inactive"):
        raise ActionNotAvailable("host", "drain", row.state)
    scene = _scene(tx, row.accountId)
    here = [unit for unit in scene.members if unit.host == row.id]
    reason = f"{row.name} is drained"
    chosen = []
    for unit in here:
        if unit in scene.bound:
            continue
        why_not = _nowhere(tx, scene, unit)
        if why_not is not None:
            scene.bound[unit] = why_not
        else:
            chosen.append((unit, None, reason))
    if not data.get("dryRun"):
        if row.state == "active":
            call.request(tx, row, "deactivate")
        _begin(tx, call, scene, chosen, drained=row.id)
    return _shown(scene, chosen, [unit for unit in here if unit in scene.bound])


@behaviour.action("project.rebalance")
def rebalance(tx: Tx, call: Call, row: rows.Project, data: dict[str, Any]) -> dict[str, Any]:
    """Spread services over the hosts of a project, and give hosts evenly many containers."""
    scene = _scene(tx, row.id)
    fit = {id: host.name or host.uuid for id, host in scene.hosts.items() if _takes(host)}
    names = {id: service.name for id, service in scene.services.items()}
    moves = balance.plan(fit, list(scene.members), names, partial(_fits, tx, scene))
    chosen = [(move.unit, move.to, move.reason) for move in moves]
    if not data.get("dryRun"):
        _begin(tx, call, scene, chosen, drained=None)
    return _shown(scene, chosen, [])


def _begin(
    tx: Tx, call: Call, scene: Scene, chosen: Iterable[tuple[Unit, int | None, str]], *, drained: int | None
) -> None:
    """Let each service begin to move its units."""
    numbers: dict[int, list[list[int]]] = {}
    for unit, _, _ in chosen:
        numbers.setdefault(unit.service, []).append([unit.number, unit.host])
    for service_id, of_service in numbers.items():
        service = scene.services[service_id]
        process = call.request(tx, service, "move", units=of_service, drained=drained)
        tx.update(service, moveOrder=process.id)


# -- the plan ---------------------------------------------------------------------------------------------------------


def _scene(tx: Tx, project_id: int | None) -> Scene:
    hosts = {row.id: row for row in tx.find(rows.Host, accountId=project_id) if row.kind != "cluster"}
    services = {row.id: row for row in tx.find(rows.Service, accountId=project_id, state="active")}
    scene = Scene(hosts, services)
    together: dict[tuple[int, int, int], list[rows.Instance]] = {}
    for row in tx.find(rows.Instance, serviceId=list(services)) if services else ():
        if not row.leaving and not row.kept and row.hostId in hosts and row.state not in GONE:
            together.setdefault((row.serviceId or 0, marks.number(row), row.hostId or 0), []).append(row)
    for (service_id, number, host_id), members in together.items():
        reason = _bound(tx, hosts[host_id], services[service_id], members)
        unit = Unit(service_id, number, host_id, len(members), movable=reason is None)
        scene.members[unit] = members
        if reason is not None:
            scene.bound[unit] = reason
    return scene


def _bound(tx: ReadTx, host: rows.Host, service: rows.Service, members: list[rows.Instance]) -> str | None:
    """Why a unit stays on its host; None if it may move."""
    if any(row.state != "running" for row in members):
        return "not all of its containers run"
    if retained.retains(service):
        return "its address is retained on this host"
    fence = next((why for why in (fences.why(tx, row) for row in members) if why), None)
    if fence is not None:
        return f"{fence}, so its successor cannot start before it goes"
    return dead_hosts.bound(tx, host, service, members)


def _takes(host: rows.Host) -> bool:
    return host.state == "active" and host.agentState == "active"


def _fits(tx: Tx, scene: Scene, unit: Unit, host_id: int) -> bool:
    """True if a host takes another unit of the service."""
    return _refusal(tx, scene, unit, host_id) is None


def _nowhere(tx: Tx, scene: Scene, unit: Unit) -> str | None:
    """Why no other host takes a unit; None if one does."""
    others = [id for id, host in scene.hosts.items() if id != unit.host and _takes(host)]
    refused = {str(scene.hosts[id].name): _refusal(tx, scene, unit, id) for id in others}
    if any(reason is None for reason in refused.values()):
        return None
    return "; ".join(f"{name}: {reason}" for name, reason in sorted(refused.items())) or "there is no other host"


def _refusal(tx: Tx, scene: Scene, unit: Unit, host_id: int) -> str | None:
    if unit.service not in scene.facts:
        members = scene.members[unit]
        found = [published(row) for row in tx.find(rows.Port, instanceId=[row.id for row in members])]
        public = tuple(port for port in found if port is not None)
        limits = constraints_of(tx, members[0])
        facts = host_facts(tx, members[0].accountId or 0, unit.service, public=public, constraints=limits)
        scene.facts[unit.service] = {each.id: each for each in facts}
        scene.wanted[unit.service] = Wanted(public, constraints=limits)
    return refusal(scene.wanted[unit.service], scene.facts[unit.service][host_id])


def _shown(scene: Scene, moves: Sequence[tuple[Unit, int | None, str]], stays: Iterable[Unit]) -> dict[str, Any]:
    def unit_of(unit: Unit) -> dict[str, Any]:
        host = scene.hosts[unit.host]
        return {
            "containers": sorted(str(row.name) for row in scene.members[unit]),
            "serviceId": ids.show("service", unit.service),
            "host": host.name,
        }

    found = [unit_of(unit) | {"to": to and scene.hosts[to].name, "reason": reason} for unit, to, reason in moves]
    left = [unit_of(unit) | {"reason": scene.bound[unit]} for unit in stays]
    lines = [
        *(f"move {', '.join(m['containers'])}: {m['host']} -> {m['to'] or 'elsewhere'} ({m['reason']})" for m in found),
        *(f"keep {', '.join(each['containers'])} on {each['host']}: {each['reason']}" for each in left),
    ]
    return {"type": "movePlan", "moves": found, "stays": left, "lines": lines}


# -- carrying it out --------------------------------------------------------------------------------------------------


@behaviour.process("service.move")
async def move(run: Run) -> None:
    """Move the units one after another: a successor first, which must be well, then the old one goes."""
    await run.wait_for(f"fewer than {AT_ONCE} services to move", lambda tx: _has_turn(tx, run), roots={"service"})
    wanted = run.data["units"]
    for place, (number, host_id) in enumerate(wanted):
        run.progress(f"unit {place + 1} of {len(wanted)}", 100 * place // len(wanted))
        if await run.step(f"unit {number}", partial(_mark, run=run, number=number, host_id=host_id)):
            await bring_up(run, f"move {number}")
            await await_containers(run)
    await complete(run)


def _has_turn(tx: ReadTx, run: Run) -> bool:
    service = run.resource(tx, rows.Service)
    others = tx.find(rows.Service, accountId=service.accountId, state="moving")
    return sum((other.moveOrder or 0) < (service.moveOrder or 0) for other in others) < AT_ONCE


def _mark(tx: Tx, run: Run, number: int, host_id: int) -> bool:
    """Mark a unit as one that a successor replaces; False if it is not there any more, or need not go."""
    drained = run.data.get("drained")
    if drained is not None:
        host = tx.get(rows.Host, drained)
        if host is None or host.state not in ("deactivating", "inactive"):
            raise Failed("the host takes containers again, so the others stay there", state="active")
    found = [row for row in units.rows_of(tx, run.resource_id) if marks.number(row) == number and not row.leaving]
    if not found or any(row.hostId != host_id for row in found):
        return False
    for row in found:
        tx.update(row, movingFor=run.id)
    return True
