# SPDX-License-Identifier: Apache-2.0
"""Carry out a plan: its entries become steps on rows, a few of them in one unit.

After a crash the process compares again, so a step that was done is not planned again.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property, partial
from typing import Any, TypeAlias

from orca.engine import Processes, Run
from orca.orchestration.balancers import service as load_balancer_services
from orca.orchestration.compose.section import LinkSpec
from orca.orchestration.compose.specs import ServiceSpec
from orca.orchestration.compose.volumes import VolumeSpec
from orca.orchestration.services import api as services
from orca.orchestration.services import links as service_links
from orca.orchestration.services import upgrade
from orca.orchestration.stacks import volumes as stack_volumes
from orca.orchestration.stacks import waits as stack_waits
from orca.orchestration.stacks.plan import CANCELED, STOPPED, Entry, Plan
from orca.provision.hosts.lifecycle import CONNECTED
from orca.resources import rows
from orca.resources.errors import Refused
from orca.store import ReadTx, Tx

BALANCER = "loadBalancerService"
MOST_STEPS = 60
"""Most steps in one unit: enough for twenty new services with their links."""
UNIT_SECONDS = 0.04
"""Processor time after which a unit takes no further step."""
BUSY = frozenset({"upgrading", "finishing-upgrade", "canceling-upgrade", "rolling-back", "deactivating", "removing"})
"""States in which a service accepts no changes."""

Step: TypeAlias = "Callable[[Rows], None]"


class Rows:
    """The rows of one stack inside a unit, each read once."""

    def __init__(self, tx: Tx, engine: Processes, stack: rows.Environment) -> None:
        self.tx, self.engine, self.stack = tx, engine, stack

    @cached_property
    def ids(self) -> dict[str, int]:
        """The services of the stack by casefolded name."""
        return self._services(self.stack.id)

    @cached_property
    def _stacks(self) -> dict[str, int]:
        found = self.tx.values(rows.Environment, "id", "name", accountId=self.stack.accountId)
        return {name.casefold(): id for id, name in found}

    def target(self, link: LinkSpec) -> int | None:
        """The target of a link, if it still exists."""
        if link.stack is None:
            return self.ids.get(link.service.casefold())
        stack_id = self._stacks.get(link.stack.casefold())
        return None if stack_id is None else self._services(stack_id).get(link.service.casefold())

    def certificates(self, spec: ServiceSpec) -> dict[str, Any]:
        """The certificate fields of a service, with ids instead of names.

        Raises:
            Refused: one no longer exists.
        """

        def id_of(name: str) -> int:
            row = self.tx.first(rows.Certificate, accountId=self.stack.accountId, name=name)
            if row is None:
                raise Refused("InvalidReference", f"service {spec.name}: there is no certificate {name!r}")
            return int(row.id)

        return {
            field: [id_of(name) for name in names] if isinstance(names, list) else id_of(names)
            for field, names in spec.certificates.items()
        }

    def _services(self, stack_id: int) -> dict[str, int]:
        found = self.tx.values(rows.Service, "id", "name", "state", environmentId=stack_id)
        return {name.casefold(): id for id, name, state in found if state != "removing"}


def steps(plan: Plan, *, start: bool, finish: str | None = None) -> Iterator[Step]:
    """The steps of a plan: links are set once all services exist, and services start after that.

    ``start``: new services are started, unless their text says otherwise. ``finish``: see ``upgrade``.
    """
    entries = plan.entries
    for volume in plan.volumes:
        yield partial(_volume, spec=volume)
    for entry in entries:
        if entry.action == "create":
            yield partial(_create, entry=entry)
        elif entry.action == "change":
            yield partial(_change, entry=entry)
    for entry in entries:
        if entry.relink:
            yield partial(_link, entry=entry)
    for entry in entries:
        if entry.starts and (start or entry.action == "start"):
            yield partial(_start, name=entry.service)
        elif entry.action == "replace":
            yield partial(_replace, entry=entry, finish=finish)
        elif entry.action == "remove":
            yield partial(_remove, entry=entry)
    for id in plan.failing:
        yield partial(_try_again, id=id)


async def carry_out(run: Run, todo: Sequence[Step]) -> None:
    """Carry out the steps, in as many units as needed.

    Raises:
        Refused: as a request for the same change would be.
    """
    done = 0
    while done < len(todo):
        # The name is unique: after a crash there is a new plan, of which no unit was done.
        done += await run.step(f"services {uuid.uuid4()}", partial(_some, run=run, todo=todo[done:]))


def _some(tx: Tx, *, run: Run, todo: Sequence[Step]) -> int:
    """Carry out some steps; return how many."""
    writing = Rows(tx, run.engine, run.resource(tx, rows.Environment))
    began = time.thread_time()
    for number, step in enumerate(todo[:MOST_STEPS], 1):
        step(writing)
        if time.thread_time() - began > UNIT_SECONDS:
            return number
    return min(len(todo), MOST_STEPS)


async def await_services(run: Run, names: Collection[str]) -> None:
    """Wait until every service of the stack accepts changes; decide pending upgrades.

    ``names``: casefolded names of services to make. The process also waits for the removal of services of such names.
    """

    def decide(tx: Tx) -> None:
        for row in tx.find(rows.Service, environmentId=run.resource_id, state=["upgraded", CANCELED]):
            run.engine.request(tx, row, "rollback" if row.state == CANCELED else "finishupgrade")

    def busy(tx: ReadTx) -> list[str]:
        found = tx.values(
            rows.Service, "name", "state", environmentId=run.resource_id, state=[*BUSY, "upgraded", CANCELED]
        )
        return [f"{name}: {state}" for name, state in found if state != "removing" or name.casefold() in names]

    while waiting := await run.read(busy):
        await run.step(f"decide {uuid.uuid4()}", decide)
        text = ", ".join(sorted(waiting)[:3])
        await run.wait_for(f"services that are busy ({text})", partial(_other, busy, waiting), roots={"service"})


async def freed(run: Run, ids: Collection[int]) -> None:
    """Wait until removed or replaced services have freed their ports, except on hosts that do not answer."""

    def condition(tx: ReadTx) -> bool:
        going = tx.find(rows.Service, id=list(ids), state=[*BUSY])
        found = tx.find(rows.Instance, serviceId=[row.id for row in going]) if going else []
        hosts = {row.hostId for row in found if row.hostId is not None}
        live = (
            {host.id for host in tx.find(rows.Host, id=list(hosts)) if host.agentState == CONNECTED} if hosts else set()
        )
        return not any(row.hostId in live for row in found)

    await run.wait_for("services that free their ports", condition, roots={"service", "instance", "host"})


def _other(look: Callable[[ReadTx], list[str]], before: list[str], tx: ReadTx) -> bool:
    return look(tx) != before


# -- one step ---------------------------------------------------------------------------------------------------------


def _volume(writing: Rows, spec: VolumeSpec) -> None:
    stack_volumes.make(writing.tx, writing.stack.accountId, spec)


def _create(writing: Rows, entry: Entry) -> None:
    spec = entry.spec
    assert spec is not None
    fields = {**spec.fields, **writing.certificates(spec), "name": spec.name, "startOnCreate": False}
    if spec.type == BALANCER:
        row: rows.Service = load_balancer_services.make(writing.tx, writing.engine, writing.stack, fields)
    else:
        row = services.make(writing.tx, writing.engine, writing.stack, fields, type=services.MADE_HERE[spec.type])
    writing.tx.update(row, strategy=spec.strategy or None)
    writing.ids[spec.name.casefold()] = row.id


def _change(writing: Rows, entry: Entry) -> None:
    spec = entry.spec
    assert spec is not None
    row = _row(writing.tx, entry)
    if row is None:
        return
    if (row.strategy or {}) != spec.strategy:
        row = writing.tx.update(row, strategy=spec.strategy or None)
    if not entry.fields:
        return
    ids = writing.certificates(spec) if entry.fields.keys() & spec.certificates.keys() else {}
    row = services.change(
        writing.tx, writing.engine, row, {name: ids.get(name, entry.fields[name]) for name in entry.fields}
    )
    if isinstance(row, rows.LoadBalancerService):
        load_balancer_services.copy_to_balancer(writing.tx, row)


def _link(writing: Rows, entry: Entry) -> None:
    spec = entry.spec
    assert spec is not None
    id = writing.ids.get(spec.name.casefold())
    if id is None:
        return
    row = writing.tx.require(rows.Service, id)
    targets = [(target, link) for link in spec.links if (target := writing.target(link)) is not None]
    rules = {(target, link.alias): link.rules for target, link in targets}
    service_links.set_links(writing.tx, row, rules, rules if row.kind == BALANCER else None)
    if (row.get(stack_waits.FIELD) or None) != stack_waits.kept(entry.waits):
        row = writing.tx.update(row, **{stack_waits.FIELD: stack_waits.kept(entry.waits)})


def _start(writing: Rows, name: str) -> None:
    id = writing.ids.get(name.casefold())
    row = None if id is None else writing.tx.require(rows.Service, id)
    if row is None:
        return
    row = writing.tx.update(row, startOnCreate=True)  # one that is still being created starts afterwards
    if row.state in STOPPED:
        writing.engine.request(writing.tx, row, "activate")


def _replace(writing: Rows, entry: Entry, finish: str | None) -> None:
    row = _row(writing.tx, entry)
    if row is not None:
        upgrade.begin_in_service(writing.tx, row, {**entry.fields, "finish": finish})
        writing.engine.request(writing.tx, row, "upgrade")


def _remove(writing: Rows, entry: Entry) -> None:
    row = _row(writing.tx, entry)
    if row is not None:
        writing.engine.request(writing.tx, row, "remove")


def _try_again(writing: Rows, id: int) -> None:
    row = writing.tx.get(rows.Service, id)
    if row is not None and row.state == "active" and row.transitioning == "error":
        writing.engine.request(writing.tx, row, "update")


def _row(tx: Tx, entry: Entry) -> rows.Service | None:
    """The service of an entry, unless it was removed meanwhile."""
    row = tx.get(rows.Service, entry.id)
    return None if row is None or row.removed is not None or row.state == "removing" else row
