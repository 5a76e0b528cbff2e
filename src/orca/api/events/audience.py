# SPDX-License-Identifier: Apache-2.0
"""Audiences: subscribers of one audience see the same and get one text, made once."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

from orca.api.answers import included, select
from orca.api.answers.operations import Operation
from orca.api.answers.representation import Renderer
from orca.api.callers.caller import Caller
from orca.api.requests.ask import Ask
from orca.engine import Core
from orca.provision.people.roles import EVERYWHERE
from orca.resources import ids
from orca.store import Change, ReadTx, Record

OWN_ROWS = frozenset({"account", "agent", "projectMember"})
"""Roots whose rows do not belong to an account by ``accountId``: the caller's scope decides on each row."""


class Sharing(NamedTuple):
    """What decides how a resource is shown: the audience's identity."""

    role: str
    account_id: int
    user_id: int | None
    agent_id: int | None
    version: str
    base: str
    include: tuple[str, ...]
    action_links: bool


class Audience:
    """How one subscriber sees changes; ``key(root)`` is equal for those who see rows of that root alike."""

    def __init__(self, core: Core, ask: Ask, caller: Caller) -> None:
        self.core = core
        self.caller = caller
        self.include = tuple(sorted({value.lower() for name, value in ask.query if name == "include" and value}))
        action_links = ask.first("_actionLinks") not in (None, "false")
        self.ask = dataclasses.replace(ask, method="GET", query=[], body=b"", headers={})
        self._shared = Sharing(
            caller.role, caller.account.id, None, caller.agent_id, ask.version, ask.base, self.include, action_links
        )
        self.own = self._shared._replace(user_id=caller.user.id)
        """Equal for subscribers who see everything alike."""

    def key(self, root: str) -> Sharing:
        """Everybody of a role sees the project's rows alike, but not accounts and members."""
        return self.own if root in OWN_ROWS else self._shared

    def concerns(self, change: Change) -> bool:
        """True if the caller might see the row; cheap, before anything is read."""
        if self.caller.view.of(change.type) is None:
            return False
        if self.caller.role in EVERYWHERE or change.root in OWN_ROWS:
            return True
        owned = "accountId" in self.core.db.schema[change.root].table.c
        return not owned or change.account_id == self.caller.account.id

    def show(self, tx: ReadTx, changes: list[Change]) -> list[Shown | None]:
        """The rows as they are now; None for rows that the caller does not see."""
        operation = Operation(tx, self.core, self.ask, self.caller)
        renderer = operation.renderer()
        return [self._show(tx, renderer, change) for change in changes]

    def _show(self, tx: ReadTx, renderer: Renderer, change: Change) -> Shown | None:
        record = select.visible(tx, self.caller, change.type, change.id)
        if record is None:
            purged = tx.get(change.root, change.id) is None
            mine = self.caller.role in EVERYWHERE or change.account_id == self.caller.account.id
            return self._shown(self._stub(change), gone=True) if purged and mine else None
        if record.get("removed") is not None and record.get("state") != "removed":
            return self._shown(self._stub(change), gone=True)
        resource = renderer.show(record)
        if self.include:
            resource |= self._included(tx, renderer, record)
        return self._shown(resource, gone=record.get("removed") is not None)

    def _shown(self, resource: dict[str, Any], *, gone: bool) -> Shown:
        """The resource, with its actions beside it if the client requested them (``_actionLinks``)."""
        beside = {"actionLinks": resource.pop("actions")} if self._shared.action_links else {}
        return Shown({**beside, "resource": resource}, gone)

    def _stub(self, change: Change) -> dict[str, Any]:
        """The data of a row that is being purged, or is gone."""
        type = self.caller.view.of(change.type)
        assert type is not None
        return {
            "id": ids.show(type.name, change.id),
            "type": type.name,
            "links": {},
            "actions": {},
            "baseType": type.root.name,
            "state": "removed",
        }

    def _included(self, tx: ReadTx, renderer: Renderer, record: Record) -> dict[str, Any]:
        type = self.caller.view.of(record.type)
        assert type is not None
        links = [link for link in type.links.values() if link.name.lower() in self.include]
        return {link.name: included.included(tx, self.caller, renderer, link, record) for link in links}


class Shown(NamedTuple):
    """What an event's ``data`` says of a resource, as an audience sees it, and whether it is gone."""

    data: dict[str, Any]
    gone: bool
