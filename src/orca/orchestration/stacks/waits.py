# SPDX-License-Identifier: Apache-2.0
"""Links to missing services of other stacks: stored with their service, and made once the targets exist."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from orca.engine import Core
from orca.orchestration.compose.section import LinkSpec
from orca.orchestration.news import News
from orca.orchestration.services import links as service_links
from orca.resources import rows
from orca.resources.stack import service_key_of, stack_key_of
from orca.store import ReadTx, Tx

FIELD = "waitsFor"


def kept(links: Iterable[LinkSpec]) -> list[dict[str, Any]] | None:
    """Links as the field of a service stores them; None for no links."""
    found = [
        {"stack": link.stack, "service": link.service, "name": link.alias, "ports": list(link.rules)} for link in links
    ]
    return found or None


def read(service: rows.Service) -> tuple[LinkSpec, ...]:
    """The links that a service waits for."""
    found = service.get(FIELD) or []
    return tuple(LinkSpec(row["service"], row["name"], row["stack"], tuple(row["ports"])) for row in found)


class Waits:
    """Follows new services, and makes the links to them that others wait for."""

    roots = frozenset({"service"})

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._waiting: dict[int, dict[int, frozenset[str]]] = {}
        """The names that services wait for, by project and service. For ``look`` alone."""

    def look(self, tx: ReadTx, news: News) -> set[int] | None:
        """The services that wait for one that changed, or have begun to wait."""
        if news.whole:
            self._waiting = {}
            chosen = tx.rows(
                rows.Service, tx.query(rows.Service).where(tx.table(rows.Service).c.data.like(f'%"{FIELD}"%'))
            )
        else:
            chosen = news.rows(rows.Service)
        found = {row.id for row in chosen if self._note(row)}
        for row in chosen:
            waiting = self._waiting.get(row.accountId, {})
            found |= {id for id, names in waiting.items() if str(row.name).casefold() in names}
        return found or None

    def _note(self, service: rows.Service) -> bool:
        of_project = self._waiting.setdefault(service.accountId, {})
        names = frozenset(link.service.casefold() for link in read(service))
        if names and service.removed is None:
            of_project[service.id] = names
            return True
        of_project.pop(service.id, None)
        if not of_project:
            del self._waiting[service.accountId]
        return False

    async def act(self, seen: set[int]) -> None:
        """Make the links that can be made now."""
        for id in sorted(seen):
            await self._db.write(partial(_make, service_id=id))


def _make(tx: Tx, service_id: int) -> None:
    row = tx.get(rows.Service, service_id)
    if row is None or row.removed is not None or row.state == "removing":
        return
    found = [(target, link) for link in read(row) if (target := _target(tx, row.accountId, link)) is not None]
    if not found:
        return
    made = {link for _, link in found}
    links = [*service_links.links_of(tx, row), *((target, link.alias) for target, link in found)]
    rules = {(target, link.alias): link.rules for target, link in found}
    service_links.set_links(tx, row, links, rules if row.kind == "loadBalancerService" else None)
    tx.update(row, **{FIELD: kept(link for link in read(row) if link not in made)})


def _target(tx: ReadTx, project_id: int, link: LinkSpec) -> int | None:
    """The service that a link leads to, if it is there."""
    for (stack_id,) in tx.values(rows.Environment, "id", liveKey=stack_key_of(project_id, str(link.stack))):
        found = tx.values(rows.Service, "id", "state", liveKey=service_key_of(stack_id, link.service))
        return next((id for id, state in found if state != "removing"), None)
    return None
