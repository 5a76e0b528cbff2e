# SPDX-License-Identifier: Apache-2.0
"""Health checks as rows: who checks a container, what they report, what follows for it, its service and its stack.

Agents check; the server gets what changed. A container that is unhealthy is replaced by the process of its service, as
its check's strategy says (``units``).
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import sqlalchemy as sa

from orca.engine import Behaviour, Call, Core
from orca.orchestration.health import states as health_states
from orca.orchestration.health.states import HEALTHY, INITIALIZING, REINITIALIZING, UNHEALTHY
from orca.orchestration.news import News
from orca.orchestration.placement import marks
from orca.orchestration.units import rows as units
from orca.provision.hosts.lifecycle import CONNECTED
from orca.resources import rows
from orca.resources.errors import Refused
from orca.store import Prepared, ReadTx, Tx

CHECKERS = 3
"""Hosts that check a container, its own among them."""
WAITING = (INITIALIZING, REINITIALIZING)

behaviour = Behaviour()


# -- who checks -------------------------------------------------------------------------------------------------------


def begin(tx: Tx, core: Core, instance: rows.Instance) -> None:
    """A container has started: it is checked from now on, and is not healthy before somebody says so."""
    if not instance.healthCheck:
        return
    health = INITIALIZING if instance.healthState is None else REINITIALIZING
    check = tx.first(rows.HealthcheckInstance, instanceId=instance.id)
    if check is None:
        check = tx.insert(
            rows.HealthcheckInstance, accountId=instance.accountId, state="active", instanceId=instance.id
        )
    for row in _maps(tx, instance):
        tx.update(row, healthState=health)
    _choose(tx, instance, check, health)
    timeout = health_states.timeout_of(instance.healthCheck, health)
    deadline = None if timeout is None else tx.now + timeout
    tx.update(instance, healthState=health, healthDeadline=deadline)
    if deadline is not None:
        tx.after_commit(partial(core.part(Deadlines).add, instance.id, deadline))


def end(tx: Tx, instance: rows.Instance) -> None:
    """A container is gone: nobody checks it any more."""
    for type in ("healthcheckInstance", "healthcheckInstanceHostMap"):
        for row in tx.find(type, instanceId=instance.id):
            tx.update(row, state="removed", removed=tx.now)


def host_gone(tx: Tx, host: rows.Host) -> None:
    """A host leaves: others check what it checked, and what they say counts."""
    for row in tx.find(rows.HealthcheckInstanceHostMap, hostId=host.id):
        tx.update(row, state="removed", removed=tx.now)
        instance = tx.get(rows.Instance, row.instanceId)
        check = tx.get(rows.HealthcheckInstance, row.healthcheckInstanceId)
        if instance is not None and instance.removed is None and instance.hostId != host.id and check is not None:
            _evaluate(tx, instance)
            _choose(tx, instance, check, INITIALIZING)


def _choose(tx: Tx, instance: rows.Instance, check: rows.HealthcheckInstance, health: str) -> None:
    """Complete the hosts that check a container: its own, and others at random."""
    present = {row.hostId for row in _maps(tx, instance)}
    hosts = tx.find(rows.Host, accountId=instance.accountId, state="active", agentState=CONNECTED)
    others = [host.id for host in hosts if host.id not in present and host.id != instance.hostId]
    chosen = [] if instance.hostId in present else [instance.hostId]
    room = CHECKERS - len(present) - len(chosen)
    chosen += random.sample(others, max(0, min(room, len(others))))
    for host_id in chosen:
        tx.insert(
            rows.HealthcheckInstanceHostMap,
            accountId=instance.accountId,
            state="active",
            healthState=health,
            healthcheckInstanceId=check.id,
            hostId=host_id,
            instanceId=instance.id,
        )


def _maps(tx: ReadTx, instance: rows.Instance) -> list[rows.HealthcheckInstanceHostMap]:
    return tx.find(rows.HealthcheckInstanceHostMap, instanceId=instance.id)


# -- what they report -------------------------------------------------------------------------------------------------


@behaviour.create("serviceEvent")
def report(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.ServiceEvent:
    """An agent says how a container is that one of its hosts checks. An older report than the last one is only kept."""
    agents = [agent.id for agent in tx.find(rows.Agent, accountId=call.account_id)]
    hosts = {host.id for host in tx.find(rows.Host, agentId=agents)} if agents else set()
    row = tx.first(rows.HealthcheckInstanceHostMap, uuid=str(fields.get("healthcheckUuid") or ""))
    if row is None or row.hostId not in hosts:
        raise Refused("CantVerifyHealthcheck", "no host of this agent has such a check", field="healthcheckUuid")
    event = tx.insert(
        rows.ServiceEvent,
        **{
            **fields,
            "accountId": row.accountId,
            "hostId": row.hostId,
            "instanceId": row.instanceId,
            "healthcheckInstanceId": row.healthcheckInstanceId,
        },
    )
    call.request(tx, event, "create")
    word = str(fields.get("reportedHealth") or "").upper()
    if fields["externalTimestamp"] >= (row.externalTimestamp or 0) and word != "INIT":
        health = HEALTHY if word == "UP" else UNHEALTHY
        tx.update(row, healthState=health, externalTimestamp=fields["externalTimestamp"])
        instance = tx.get(rows.Instance, row.instanceId)
        if instance is not None and instance.state == "running":
            _evaluate(tx, instance)
    return event


def _evaluate(tx: Tx, instance: rows.Instance) -> None:
    """What the checkers together say of a container. With none left it stays as it is."""
    health = health_states.of_checkers(instance.healthState, [row.healthState for row in _maps(tx, instance)])
    if health != instance.healthState:
        tx.update(instance, healthState=health, healthDeadline=None)


# -- what takes too long ----------------------------------------------------------------------------------------------


class Deadlines:
    """Containers that are to become healthy in time; one that does not is unhealthy."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._due: dict[int, int] = {}
        """Instance id -> when it is late (UTC milliseconds)."""
        self._wake = asyncio.Event()

    def add(self, instance_id: int, deadline: int) -> None:
        """Watch a container."""
        self._due[instance_id] = deadline
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled."""
        self._due |= await self._db.read(_deadlines)
        while True:
            self._wake.clear()
            now = await self._db.read(lambda tx: tx.now)
            late = [id for id, deadline in self._due.items() if deadline <= now]
            for id in late:
                if self._due[id] > now:
                    continue  # it has started anew while others were dealt with
                del self._due[id]
                await self._db.write(partial(_late, instance_id=id))
            left = (min(self._due.values()) - now) / 1000 if self._due else None
            try:
                async with asyncio.timeout(left):
                    await self._wake.wait()
            except TimeoutError:
                continue


def _deadlines(tx: ReadTx) -> dict[int, int]:
    found = tx.find(rows.Instance, healthState=WAITING)
    return {row.id: row.healthDeadline for row in found if row.healthDeadline}


def _late(tx: Tx, instance_id: int) -> None:
    instance = tx.get(rows.Instance, instance_id)
    if instance is None or instance.healthState not in WAITING or instance.state != "running":
        return
    if (instance.healthDeadline or tx.now + 1) <= tx.now:
        tx.update(instance, healthState=UNHEALTHY, healthDeadline=None)


# -- services and stacks ----------------------------------------------------------------------------------------------


COMING = ("requested", "creating", "starting", "running")
"""States of a container that nobody takes away: on its way out it has others."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """Services and stacks whose health is to be looked at again where it can be changed."""

    services: set[int]
    stacks: set[int]


class Health:
    """Keeps the ``healthState`` of services and stacks what their containers make it."""

    roots = frozenset({"instance", "service", "environment"})

    def __init__(self, core: Core) -> None:
        self._db = core.db

    def look(self, tx: ReadTx, news: News) -> Wrong | None:
        """The services and stacks that changed, or whose parts did, and say something else of themselves than is."""
        if news.whole:
            services, stacks = tx.find(rows.Service), {stack.id for stack in tx.find(rows.Environment)}
        else:
            above = {row.serviceId for row in news.rows(rows.Instance)}
            services = [*news.rows(rows.Service), *news.others(rows.Service, {id for id in above if id is not None})]
            stacks = {row.environmentId for row in news.rows(rows.Service) if _concerns_its_stack(tx, row)}
            stacks |= news.ids(rows.Environment)
        wrong = Wrong(
            {row.id for row in services if row.removed is None and row.healthState != service_health(tx, row)},
            {id for id in stacks if _stack_differs(tx, id)},
        )
        return wrong if wrong.services or wrong.stacks else None

    async def act(self, seen: Wrong) -> None:
        """Put right what is still wrong."""
        await self._db.write(partial(_right, wrong=seen))


def _right(tx: Tx, wrong: Wrong) -> None:
    stacks = set(wrong.stacks)
    for service in (tx.get(rows.Service, id) for id in sorted(wrong.services)):
        if service is not None and service.removed is None:
            tx.update(service, healthState=service_health(tx, service))
            stacks.add(service.environmentId)
    for id in sorted(stacks):
        if _stack_differs(tx, id):
            tx.update(tx.require(rows.Environment, id), healthState=_stack_health(tx, id))


def _stack_differs(tx: ReadTx, stack_id: int) -> bool:
    stack = tx.get(rows.Environment, stack_id)
    return stack is not None and stack.removed is None and stack.healthState != _stack_health(tx, stack_id)


def _concerns_its_stack(tx: ReadTx, service: rows.Service) -> bool:
    """True unless both are healthy: then the stack is so whatever its other services are."""
    stack = tx.get(rows.Environment, service.environmentId)
    both = service.removed is None and stack is not None and stack.healthState == service.healthState == HEALTHY
    return not both


def _stack_health(tx: ReadTx, stack_id: int) -> str:
    """What the services of a stack say of themselves, together."""
    (found,) = tx.ask(_states_in(tx.table(rows.Service)), {"stack": stack_id})
    return health_states.combined([state for state, there in zip(health_states.ALL, found, strict=True) if there])


@cache
def _states_in(services: sa.Table) -> Prepared:
    """Whether each health state is there in a stack: one look into the index for each, whatever there is."""
    columns = services.c
    here = (columns.environmentId == sa.bindparam("stack"), columns.removed.is_(None))
    there: list[sa.ColumnElement[Any]] = [
        sa.exists().where(*here, columns.healthState == state) for state in health_states.ALL
    ]
    return Prepared(sa.select(*there))


def service_health(tx: ReadTx, service: rows.Service) -> str:
    """How a service is now."""
    parts = units.parts_of(service)
    if not parts:
        return HEALTHY
    states, present = _by_numbers(tx, service) if len(parts) == 1 and not service.upgrade else _by_rows(tx, service)
    hosts = units.global_hosts(tx, service)
    wanted = units.wanted_scale(service) if hosts is None else len(hosts)
    return health_states.of_service(service.state, states, wanted - present)


def _by_rows(tx: ReadTx, service: rows.Service) -> tuple[set[str], int]:
    """The health of the service's containers, and how many units it has."""
    found = [row for row in units.rows_of(tx, service.id) if not row.leaving]
    return {_health_of(row) for row in found}, len({marks.number(row) for row in found})


def _by_numbers(tx: ReadTx, service: rows.Service) -> tuple[set[str], int]:
    """The same where a unit is one container and none is kept aside; only those that do not come or run are read."""
    table = tx.table(rows.Instance)
    counted = tx.ask(_coming(table), {"service": service.id})
    found = {health_states.of_container(state, health, once=False) for state, health, _ in counted}
    others = tx.query(rows.Instance, serviceId=service.id).where(table.c.state.not_in(COMING))
    chosen = [row for row in tx.rows(rows.Instance, others) if not row.leaving and not row.kept]
    return found | {_health_of(row) for row in chosen}, sum(number for _, _, number in counted) + len(chosen)


def _health_of(row: rows.Instance) -> str:
    return health_states.of_container(row.state, row.healthState, once=units.runs_once(row.labels))


@cache
def _coming(instances: sa.Table) -> Prepared:
    """How many containers of a service come or run, by state and health. Built once: most changes ask for it."""
    columns = instances.c
    return Prepared(
        sa.select(columns.state, columns.healthState, sa.func.count())
        .where(columns.serviceId == sa.bindparam("service"), columns.removed.is_(None), columns.state.in_(COMING))
        .group_by(columns.state, columns.healthState)
    )
