# SPDX-License-Identifier: Apache-2.0
"""Collections: filters, order, pages. Source: docs/v1.md, section 3."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from orca.api.answers.included import include, paired, wanted
from orca.api.answers.page import MAX_LIMIT, own_url, page, pagination
from orca.api.answers.representation import Renderer
from orca.api.answers.select import at_the_end, rows_of
from orca.api.callers.caller import Caller, member_projects
from orca.api.requests import query
from orca.api.requests.ask import Ask
from orca.provision.people.roles import EVERYWHERE
from orca.resources import ids
from orca.resources.errors import Refused
from orca.resources.fields import Field
from orca.resources.types import Link
from orca.resources.validation import MAX_INTEGER, MIN_INTEGER, parse_date, whole_number
from orca.resources.views import FieldView, TypeView
from orca.store import ANY, ReadTx, Record

PATTERNS = frozenset({"prefix", "like", "notlike"})
MAX_PATTERN = 1000
"""Most characters of a pattern: matching cost grows with it, and databases refuse long ones."""


def list_rows(
    tx: ReadTx,
    ask: Ask,
    caller: Caller,
    renderer: Renderer,
    type: TypeView,
    followed: tuple[Link, Record] | None = None,
) -> dict[str, Any]:
    """The collection of a type. ``followed``: only the rows at the end of that link of that resource."""
    query.check(ask, type, listed=True)
    base = tx.query(type.name, removed=ANY) if has_removed(tx, type) else tx.query(type.name)
    statement = caller.scope(tx, type.name, base)
    if followed is not None:
        statement = statement.where(at_the_end(tx, *followed))
    statement, applied = filtered(tx, ask, caller, type, statement)
    statement, sort = ordered(tx, ask, type, statement)
    limit, offset = page(ask)
    data, more = shown_page(tx, ask, caller, renderer, type, statement, limit, offset)
    return {
        "type": "collection",
        "resourceType": type.name,
        "links": {"self": own_url(ask)},
        "createTypes": create_types(renderer, type),
        "actions": {} if followed is not None else actions(ask, type),
        "data": data,
        "sortLinks": {} if type.name == "project" else sort_links(ask, type),
        "pagination": pagination(ask, limit, offset, more),
        "sort": sort,
        "filters": {} if type.name == "project" else applied,
        "createDefaults": {} if followed is None else create_defaults(type, *followed),
    }


def shown_page(
    tx: ReadTx,
    ask: Ask,
    caller: Caller,
    renderer: Renderer,
    type: TypeView,
    statement: sa.Select[Any],
    limit: int,
    offset: int,
) -> tuple[list[dict[str, Any]], bool]:
    """The resources of a page with what they include, and whether another page follows."""
    link = wanted(ask, type)
    if ask.version == "v1" and link is not None and link.link is not None:
        pairs, more = paired(tx, caller, link, statement, type.name, limit, offset)
        return [
            renderer.show(row, type, {link.name: [renderer.show(each) for each in ends]}) for row, ends in pairs
        ], more
    found = rows_of(tx, type.name, statement.limit(limit + 1).offset(offset))
    added = include(tx, caller, renderer, link, found[:limit], MAX_LIMIT[ask.version])
    return [renderer.show(row, type, added.get(row.id)) for row in found[:limit]], len(found) > limit


def plain(ask: Ask, resource_type: str, data: list[dict[str, Any]]) -> dict[str, Any]:
    """A collection that comes from no table."""
    return {
        "type": "collection",
        "resourceType": resource_type,
        "links": {"self": own_url(ask)},
        "createTypes": {},
        "actions": {},
        "data": data,
        "sortLinks": {},
        "pagination": None,
        "sort": None,
        "filters": {},
        "createDefaults": {},
    }


def has_removed(tx: ReadTx, type: TypeView) -> bool:
    """True if rows of the type can be removed."""
    return "removed" in tx.schema[type.name].table.c


# -- filters ----------------------------------------------------------------------------------------------------------


def filtered(
    tx: ReadTx, ask: Ask, caller: Caller, type: TypeView, statement: sa.Select[Any]
) -> tuple[sa.Select[Any], dict[str, Any]]:
    """Apply the filters in the query; unknown ones are ignored, as in v1. Also returns the applied ones, for the
    answer.
    """
    applied: dict[str, Any] = dict.fromkeys(type.filters)
    columns = tx.table(type.name).c
    for key, text in ask.query:
        found = query.filter_of(type, key)
        if found is None:
            continue
        name, modifier = found
        statement = statement.where(condition(columns[name], type.fields[name], modifier, text))
        applied[name] = (applied[name] or []) + [{"modifier": modifier, "value": text}]
    if "removed" in columns and not applied.get("removed") and ask.first("_removed") is None:
        statement = statement.where(live(ask, columns, tx.now))
    if type.name == "project" and caller.role in EVERYWHERE and (ask.first("all") or "").lower() != "true":
        statement = statement.where(columns.id.in_(member_projects(tx, caller.user.id)))
    return statement, applied


def live(ask: Ask, columns: Any, now: int) -> Any:
    """Which rows a list shows: v1 keeps removed ones until they may be purged, /v2 hides them at once."""
    if ask.version == "v1" and "removeTime" in columns:
        return columns.removed.is_(None) | (columns.removeTime > now)
    return columns.removed.is_(None)


def condition(column: sa.Column[Any], shown: FieldView, modifier: str, text: str) -> Any:
    """One filter as SQL. A value that does not have the field's type matches nothing. Raises ``Refused``."""
    if modifier in ("null", "notnull"):
        return column.is_(None) if modifier == "null" else column.is_not(None)
    value = filter_value(shown, text)
    if value is None:
        return sa.false()
    if modifier in PATTERNS and len(text) > MAX_PATTERN:
        message = f"{shown.name}_{modifier} takes at most {MAX_PATTERN} characters"
        raise Refused("MaxLengthExceeded", message, field=f"{shown.name}_{modifier}")
    return OPERATORS[modifier](column, value)


def filter_value(shown: FieldView, text: str) -> Any:
    """A filter's text as the column's type; None when it is not one."""
    field: Field = shown.field
    if field.reference or shown.name in ("id", "resourceId"):
        number = ids.parse(text)
        return str(number) if number is not None and shown.name == "resourceId" else number
    if field.type == "int":
        number = whole_number(text)
        return number if number is not None and MIN_INTEGER <= number <= MAX_INTEGER else None
    if field.type == "date":
        return parse_date(text)
    if field.type == "boolean":
        return {"true": True, "1": True, "false": False, "0": False}.get(text.lower())
    return None if "\0" in text else text


OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "eq": lambda column, value: column == value,
    "ne": lambda column, value: column != value,
    "lt": lambda column, value: column < value,
    "lte": lambda column, value: column <= value,
    "gt": lambda column, value: column > value,
    "gte": lambda column, value: column >= value,
    "prefix": lambda column, value: column.startswith(value, autoescape=True),
    "like": lambda column, value: like(column, value),
    "notlike": lambda column, value: ~like(column, value),
}


def like(column: Any, pattern: str) -> Any:
    """``LIKE`` without an escape character: a backslash, which some databases treat as one, is plain text."""
    return column.like(pattern.replace("/", "//"), escape="/")


# -- order and pages --------------------------------------------------------------------------------------------------


def ordered(
    tx: ReadTx, ask: Ask, type: TypeView, statement: sa.Select[Any]
) -> tuple[sa.Select[Any], dict[str, Any] | None]:
    """Apply ``sort`` and ``order``; by id otherwise, and after it, so that pages never overlap."""
    name = ask.first("sort")
    if name is None or name not in type.filters:
        return statement, None
    columns = tx.table(type.name).c
    order = "desc" if (ask.first("order") or "").lower() == "desc" else "asc"
    statement = statement.order_by(None).order_by(getattr(columns[name], order)(), getattr(columns.id, order)())
    reverse = own_url(ask, order="asc" if order == "desc" else "desc", marker=None)
    return statement, {"name": name, "order": order, "reverse": reverse}


def sort_links(ask: Ask, type: TypeView) -> dict[str, str]:
    """One URL per field that can be sorted by."""
    return {name: own_url(ask, sort=name, marker=None, order=None) for name in type.filters}


def create_types(renderer: Renderer, type: TypeView) -> dict[str, str]:
    """The kinds that can be created in this collection, if there is more than one."""
    if not type.children:
        return {}
    names = (type.name, *type.children)
    types = [renderer.view.types[name] for name in names if "c" in renderer.view.types[name].letters]
    return {each.name: f"{renderer.call.base}/{each.path}" for each in types}


def actions(ask: Ask, type: TypeView) -> dict[str, str]:
    """The actions of the collection."""
    return {name: f"{ask.base}/{type.path}?action={name}" for name in type.collection_actions}


def create_defaults(type: TypeView, link: Link, record: Record) -> dict[str, Any]:
    """The defaults of a new member of a followed link's collection."""
    shown = type.fields.get(link.target)
    if link.through is not None or shown is None or "c" not in shown.letters or shown.field.reference is None:
        return {}
    return {link.target: ids.show(shown.field.reference, record.get(link.source))}
