# SPDX-License-Identifier: Apache-2.0
"""Links between services: explicit ones, or by a selector for labels of the target services."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from orca.engine import Behaviour, Call, discard
from orca.orchestration.services import labels
from orca.orchestration.syntax import selectors
from orca.orchestration.units import units
from orca.resources import rows
from orca.resources.errors import Refused
from orca.store import Prepared, ReadTx, Tx

behaviour = Behaviour()

Link = tuple[int, str]
"""(consumed service id, alias; empty: its own name)."""

Rules = Mapping[Link, Sequence[str]]
"""The rules of a balancer's links: which requests each target gets."""

_NAME = re.compile(r"^(?![-.])(?!.*(--|\.\.))[A-Za-z0-9._/-]+(?<![-.])$")
NAME_LIMIT, LABEL_LIMIT = 253, 63


@behaviour.action("service.setservicelinks")
def set_service_links(tx: Tx, call: Call, row: rows.Service, data: dict[str, Any]) -> rows.Service:
    """Replace all links of a service."""
    replace_links(tx, call, row, data.get("serviceLinks") or [])
    return row


def replace_links(tx: Tx, call: Call, row: rows.Service, entries: list[dict[str, Any]], *, ruled: bool = False) -> None:
    """Replace all links of a service by those of a request. ``ruled``: their ``ports`` are rules of a balancer."""
    links = [_link(tx, call, row, entry) for entry in entries]
    if len(set(links)) != len(links):
        raise Refused("NotUnique", "the same link is given twice", field="serviceId")
    rules = {link: entry.get("ports") or [] for link, entry in zip(links, entries, strict=True)}
    set_links(tx, row, links, rules if ruled else None)


@behaviour.action("service.addservicelink")
def add_service_link(tx: Tx, call: Call, row: rows.Service, data: dict[str, Any]) -> rows.Service:
    """Add a link; an existing one stays."""
    add_link(tx, call, row, data.get("serviceLink") or {})
    return row


def add_link(tx: Tx, call: Call, row: rows.Service, entry: dict[str, Any], *, ruled: bool = False) -> None:
    """Add the link of a request. ``ruled``: its ``ports`` are rules of a balancer."""
    link = _link(tx, call, row, entry)
    set_links(tx, row, {*links_of(tx, row), link}, {link: entry.get("ports") or []} if ruled else None)


@behaviour.action("service.removeservicelink")
def remove_service_link(tx: Tx, call: Call, row: rows.Service, data: dict[str, Any]) -> rows.Service:
    """Remove a link; without a name, every link to that service."""
    target, name = _link(tx, call, row, data.get("serviceLink") or {})
    set_links(tx, row, [link for link in links_of(tx, row) if link[0] != target or (name and link[1] != name)])
    return row


def links_of(tx: ReadTx, service: rows.Service) -> list[Link]:
    """The explicit links of a service, without those of its selector."""
    return list(_given(tx, service))


def set_links(tx: Tx, service: rows.Service, links: Iterable[Link], rules: Rules | None = None) -> bool:
    """Replace the explicit links of a service; return False if nothing changes.

    A link whose rules differ from ``rules`` is made anew, as in 2015; one that ``rules`` does not name keeps its own.
    """
    wanted, present, rules = set(links), _given(tx, service), rules or {}
    kept = wanted & present.keys()
    stays = {link for link in kept if link not in rules or list(rules[link]) == (present[link].ports or [])}
    for link in present.keys() - stays:
        _unlink(tx, present[link])
    for target, name in sorted(wanted - stays):
        ports = list(rules.get((target, name), ())) or None
        selected = tx.first(rows.ServiceConsumeMap, serviceId=service.id, consumedServiceId=target, name=name or None)
        if selected is not None:
            tx.update(selected, selected=None, ports=ports)
        else:
            _link_up(tx, service, target, name, ports=ports)
    return stays != wanted or stays != present.keys()


def copy_links(tx: Tx, service: rows.Service, target_id: int) -> None:
    """Link those that are linked to ``service`` to another service too, under the same name and with the same rules."""
    for row in tx.find(rows.ServiceConsumeMap, consumedServiceId=service.id):
        consumer = tx.require(rows.Service, row.serviceId)
        link = (target_id, row.name or service.name)
        present = links_of(tx, consumer)
        if consumer.id != target_id and link not in present:
            set_links(tx, consumer, {*present, link}, {link: row.ports or ()})


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


def _link_up(
    tx: Tx, service: rows.Service, target: int, name: str, *, selected: bool = False, ports: list[str] | None = None
) -> None:
    row = tx.insert(
        rows.ServiceConsumeMap,
        accountId=service.accountId,
        state="active",
        serviceId=service.id,
        consumedServiceId=target,
        name=name or None,
        ports=ports,
        selected=selected or None,
    )
    for instance in units.rows_of(tx, service.id):
        units.link_container(tx, row, instance)


def _unlink(tx: Tx, row: rows.ServiceConsumeMap) -> None:
    discard(tx, *tx.find(rows.InstanceLink, serviceConsumeMapId=row.id), row)


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
