# SPDX-License-Identifier: Apache-2.0
"""The health of services and stacks, as their containers make it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import sqlalchemy as sa

from orca.engine import Core
from orca.orchestration.health import states as health_states
from orca.orchestration.health.states import HEALTHY
from orca.orchestration.news import News
from orca.orchestration.placement import marks
from orca.orchestration.units import units
from orca.resources import rows
from orca.store import Prepared, ReadTx, Tx

COMING = ("requested", "creating", "starting", "running")
"""States of a container that is not being removed."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """Services and stacks whose health must be checked again in a writing unit."""

    services: set[int]
    stacks: set[int]


class Health:
    """Keeps the ``healthState`` of services and stacks in line with their containers."""

    roots = frozenset({"instance", "service", "environment"})

    def __init__(self, core: Core) -> None:
        self._db = core.db

    def look(self, tx: ReadTx, news: News) -> Wrong | None:
        """The services and stacks whose stored health is wrong after the changes."""
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
        """Correct what is still wrong."""
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
    """True if a change of the service may change its stack's health."""
    stack = tx.get(rows.Environment, service.environmentId)
    both = service.removed is None and stack is not None and stack.healthState == service.healthState == HEALTHY
    return not both


def _stack_health(tx: ReadTx, stack_id: int) -> str:
    """The combined health of a stack's services."""
    (found,) = tx.ask(_states_in(tx.table(rows.Service)), {"stack": stack_id})
    return health_states.combined([state for state, there in zip(health_states.ALL, found, strict=True) if there])


@cache
def _states_in(services: sa.Table) -> Prepared:
    """Which health states occur in a stack: one index lookup for each, whatever its size."""
    columns = services.c
    here = (columns.environmentId == sa.bindparam("stack"), columns.removed.is_(None))
    there: list[sa.ColumnElement[Any]] = [
        sa.exists().where(*here, columns.healthState == state) for state in health_states.ALL
    ]
    return Prepared(sa.select(*there))


def service_health(tx: ReadTx, service: rows.Service) -> str:
    """The present health of a service."""
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
    """The same if a unit is one container and none is kept; only containers that do not run or start are read."""
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
    """The query that counts a service's starting and running containers by state and health; built once, since
    used often.
    """
    columns = instances.c
    return Prepared(
        sa.select(columns.state, columns.healthState, sa.func.count())
        .where(columns.serviceId == sa.bindparam("service"), columns.removed.is_(None), columns.state.in_(COMING))
        .group_by(columns.state, columns.healthState)
    )
