# SPDX-License-Identifier: Apache-2.0
"""Included links: what ``include=<link>`` puts into the resources of an answer. Source: docs/v1.md, section 3.

A page of ``/v1`` counts what it includes: it has at most ``limit`` pairs of a resource and one of its rows at the end
of the link. A resource with more rows comes again on the next page, with the rest.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from orca.api.answers.page import MAX_LIMIT
from orca.api.answers.representation import Renderer
from orca.api.answers.select import linked, rows_of, visible, with_view
from orca.api.callers.caller import Caller
from orca.api.requests.ask import Ask
from orca.resources.types import Link
from orca.resources.views import LinkView, TypeView
from orca.store import ANY, ReadTx, Record


def wanted(ask: Ask, type: TypeView) -> LinkView | None:
    """The link of the first ``include``; None if there is none, or the caller does not see it."""
    name = (ask.first("include") or "").lower()
    return next((link for link in type.links.values() if link.name.lower() == name), None)


def include(
    tx: ReadTx, caller: Caller, renderer: Renderer, link: LinkView | None, rows: list[Record], most: int
) -> dict[int, dict[str, Any]]:
    """What a link adds to each row, by row id; ``most``: rows of a list."""
    if link is None:
        return {}
    return {row.id: {link.name: included(tx, caller, renderer, link, row, most)} for row in rows}


def included(
    tx: ReadTx, caller: Caller, renderer: Renderer, link: LinkView, row: Record, most: int | None = None
) -> Any:
    """The resource or list at the end of a link."""
    if link.field is not None:
        target = visible(tx, caller, link.type, row.get(link.field))
        return None if target is None else renderer.show(target, renderer.view.types[link.type])
    found = linked(tx, caller, link, row)
    return [renderer.show(target) for target in found[: most or MAX_LIMIT[caller.view.version]]]


def paired(
    tx: ReadTx, caller: Caller, link: LinkView, parents: sa.Select[Any], type: str, limit: int, offset: int
) -> tuple[list[tuple[Record, list[Record]]], bool]:
    """A page of resources, each with its rows at the end of a collection link, and whether another page follows.

    ``parents``: the SELECT of the resources, in their order. A resource without such rows counts as one pair.
    """
    assert link.link is not None
    parent = tx.table(type).c
    child = caller.scope(tx, link.type, tx.query(link.type)).order_by(None).subquery("included")
    joined: Any = parents.with_only_columns(parent.id, child.c.id, maintain_column_froms=True)
    joined = joined.outerjoin(child, _at_the_end(tx, link.link, parent, child.c)).order_by(child.c.id)
    joined = joined.limit(limit + 1).offset(offset)
    for name in dict.fromkeys((type, link.type, link.link.through or type)):
        joined = with_view(tx, name, joined)
    pairs: list[Any] = list(tx.execute(joined))
    page: dict[int, list[int]] = {}
    for parent_id, child_id in pairs[:limit]:
        page.setdefault(parent_id, []).extend([] if child_id is None else [child_id])
    resources = _by_id(tx, type, page)
    members = _by_id(tx, link.type, [id for ids in page.values() for id in ids])
    return [(resources[id], [members[each] for each in ids]) for id, ids in page.items()], len(pairs) > limit


def _at_the_end(tx: ReadTx, link: Link, parent: Any, child: Any) -> Any:
    """The SQL condition of ``select.at_the_end``, between the columns of two SELECTs."""
    if link.through is None:
        return child[link.target] == parent[link.source]
    between = tx.table(link.through).c
    reached = sa.select(between[link.target]).where(between[link.near] == parent.id, between.removed.is_(None))
    return child.id.in_(reached.correlate(parent.id.table))


def _by_id(tx: ReadTx, type: str, ids: Collection[int]) -> dict[int, Record]:
    columns = tx.table(type).c
    query = tx.query(type, removed=ANY) if "removed" in columns else tx.query(type)
    return {row.id: row for row in rows_of(tx, type, query.where(columns.id.in_(ids)))}
