# SPDX-License-Identifier: Apache-2.0
"""Links between services: explicit ones, or by a selector for labels of the target services."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import sqlalchemy as sa

from orca.engine import Behaviour, Call
from orca.orchestration.services import labels
from orca.orchestration.syntax import selectors
from orca.orchestration.units import units
from orca.resources import rows
from orca.resources.errors import Refused
from orca.store import Prepared, ReadTx, Tx

behaviour = Behaviour()

Link = tuple[int, str]
"""(consumed service id, alias; empty: its own name)."""

_NAME = re.compile(r"^(?![-.])(?!.*(--|\.\.))[A-Za-z0-9._/-]+(?<![-.])$")
NAME_LIMIT, LABEL_LIMIT = 253, 63


@behaviour.action("service.setservicelinks")
def set_service_links(tx: Tx, call: Call, row: rows.Service, data: dict[str, Any]) -> rows.Service:
    """Replace all links of a service."""
    links = [_link(tx, call, row, entry) for entry in data.get("serviceLinks") or []]
    if len(set(links)) != len(links):
        raise Refused("NotUnique", "the same link is given twice", field="serviceId")
    set_links(tx, row, links)
    return row


@behaviour.action("service.addservicelink")
def add_service_link(tx: Tx, call: Call, row: rows.Service, data: dict[str, Any]) -> rows.Service:
    """Add a link; an existing one stays."""
    link = _link(tx, call, row, data.get("serviceLink") or {})
    set_links(tx, row, {*links_of(tx, row), link})
    return row


@behaviour.action("service.removeservicelink")
def remove_service_link(tx: Tx, call: Call, row: rows.Service, data: dict[str, Any]) -> rows.Service:
    """Remove a link; without a name, every link to that service."""
    target, name = _link(tx, call, row, data.get("serviceLink") or {})
    set_links(tx, row, [link for link in links_of(tx, row) if link[0] != target or (name and link[1] != name)])
    return row


def links_of(tx: ReadTx, service: rows.Service) -> list[Link]:
    """The explicit links of a service, without those of its selector."""
    return list(_given(tx, service))


def set_links(tx: Tx, service: rows.Service, links: Iterable[Link]) -> bool:
    """Replace the explicit links of a service; return False if nothing changes."""
    wanted, present = set(links), _given(tx, service)
    for link in present.keys() - wanted:
        _unlink(tx, present[link])
    added = wanted - present.keys()
    for target, name in sorted(added):
        selected = tx.first(rows.ServiceConsumeMap, serviceId=service.id, consumedServiceId=target, name=name or None)
        if selected is not None:
            tx.update(selected, selected=None)
        else:
            _link_up(tx, service, target, name)
    return wanted != present.keys()


def unlink_all(tx: Tx, service: rows.Service) -> None:
    """Remove the links of a service in both directions; no selector finds it any more."""
    labels.forget(tx, service)
    for key in ("serviceId", "consumedServiceId"):
        for row in tx.find(rows.ServiceConsumeMap, **{key: service.id}):
            _unlink(tx, row)


def apply_selectors(tx: Tx, service: rows.Service) -> None:
    """Link a new or changed service by its selector, and others to it by theirs.

    Only services with a selector are read, those that the selector of this one can match, and those that a selector
    linked earlier.
    """
    labels.write(tx, service)
    for target in _targets(tx, service):
        _select(tx, service, target)
    for consumer in _consumers(tx, service):
        _select(tx, consumer, service)


def _targets(tx: ReadTx, service: rows.Service) -> list[rows.Service]:
    """The services that the selector of this one can match, or matched."""
    links = tx.find(rows.ServiceConsumeMap, serviceId=service.id)
    found = {row.consumedServiceId for row in links if row.selected}
    if service.selectorLink:
        found.update(labels.candidates(tx, service.accountId, service.selectorLink))
    return [tx.require(rows.Service, id) for id in sorted(found - {service.id})]


def _consumers(tx: ReadTx, service: rows.Service) -> list[rows.Service]:
    """The services whose selectors can match this one, or matched it."""
    ids = tx.ask(_selecting(tx.table(rows.Service)), {"project": service.accountId})
    found = {id: tx.require(rows.Service, id) for (id,) in ids}
    for row in tx.find(rows.ServiceConsumeMap, consumedServiceId=service.id):
        if row.selected and row.serviceId not in found:
            found[row.serviceId] = tx.require(rows.Service, row.serviceId)
    return [row for id, row in sorted(found.items()) if id != service.id]


@cache
def _selecting(services: sa.Table) -> Prepared:
    """The query for services of a project with a selector; built once, since every new service runs it."""
    columns = services.c
    mine = columns.accountId == sa.bindparam("project")
    return Prepared(sa.select(columns.id).where(mine, columns.removed.is_(None), columns.selecting == sa.true()))


def _select(tx: Tx, consumer: rows.Service, target: rows.Service) -> None:
    """Link one service to another, or remove the link, as the consumer's selector says."""
    meant = target.state not in ("removing", "removed") and selectors.matches(consumer.selectorLink, labels.of(target))
    found = tx.find(rows.ServiceConsumeMap, serviceId=consumer.id, consumedServiceId=target.id)
    selected = [row for row in found if row.selected]
    if meant and not any(not row.name for row in found):
        _link_up(tx, consumer, target.id, "", selected=True)
    elif not meant:
        for row in selected:
            _unlink(tx, row)


def _given(tx: ReadTx, service: rows.Service) -> dict[Link, rows.ServiceConsumeMap]:
    found = tx.find(rows.ServiceConsumeMap, serviceId=service.id)
    return {(row.consumedServiceId, row.name or ""): row for row in found if not row.selected}


def _link_up(tx: Tx, service: rows.Service, target: int, name: str, *, selected: bool = False) -> None:
    row = tx.insert(
        rows.ServiceConsumeMap,
        accountId=service.accountId,
        state="active",
        serviceId=service.id,
        consumedServiceId=target,
        name=name or None,
        selected=selected or None,
    )
    for instance in units.rows_of(tx, service.id):
        units.link_container(tx, row, instance)


def _unlink(tx: Tx, row: rows.ServiceConsumeMap) -> None:
    for link in tx.find(rows.InstanceLink, serviceConsumeMapId=row.id):
        tx.update(link, state="removed", removed=tx.now)
    tx.update(row, state="removed", removed=tx.now)


def _link(tx: ReadTx, call: Call, service: rows.Service, entry: dict[str, Any]) -> Link:
    target = tx.get(rows.Service, entry.get("serviceId"))
    if target is None or target.accountId != call.account_id or target.state in ("removing", "removed"):
        raise Refused("InvalidReference", "serviceId: there is no such service", field="serviceId")
    if target.id == service.id:
        raise Refused("InvalidReference", "serviceId: a service needs no link to itself", field="serviceId")
    name = str(entry.get("name") or "")
    if name:
        check_link_name(name)
    return target.id, name


def check_link_name(name: str) -> None:
    """Refuse a name that DNS cannot look up.

    Raises:
        Refused: other characters, a hyphen or a dot at the ends or twice, something too long.
    """
    if not _NAME.match(name):
        rule = "letters, digits, '.', '_', '-' and '/' are allowed; '-' and '.' only single and inside"
        raise Refused("InvalidCharacters", f"link name {name!r}: {rule}", field="name")
    if len(name) > NAME_LIMIT or any(len(label) > LABEL_LIMIT for label in name.split(".")):
        message = f"link name: at most {NAME_LIMIT} characters, {LABEL_LIMIT} between dots"
        raise Refused("MaxLengthExceeded", message, field="name")
