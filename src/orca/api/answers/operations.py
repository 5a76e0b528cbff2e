# SPDX-License-Identifier: Apache-2.0
"""What a request does, as one unit: read, list, create, update, remove, act.

The order of checks is the v1 one: id, type, action, method, body.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from orca.api import openapi
from orca.api.answers import audited, listing, omissions, schemas, select
from orca.api.answers.included import include, wanted
from orca.api.answers.on_behalf import account_for
from orca.api.answers.page import MAX_LIMIT, page
from orca.api.answers.representation import Renderer
from orca.api.callers import sessions
from orca.api.callers.caller import Caller
from orca.api.requests import query
from orca.api.requests.ask import SCHEMA_PATHS, Ask
from orca.api.requests.reading import Given, Meant
from orca.engine import Behaviour, Call, Core, Later, lookup, request_removal
from orca.provision.audit import entries as audit
from orca.provision.people import roles
from orca.resources import ids, processes_of, rows
from orca.resources.errors import ActionNotAvailable, Refused
from orca.resources.spoken import a, spoken
from orca.resources.views import ActionView, LinkView, TypeView
from orca.store import MissingField, NotUnique, ReadTx, Record, Tx


@dataclass(frozen=True)
class Answer:
    """A status and the body that goes with it."""

    status: int
    body: Any
    cookies: tuple[str, ...] = ()


class Operation:
    """One request inside its unit."""

    def __init__(self, tx: ReadTx, core: Core, ask: Ask, caller: Caller, given: Given | None = None) -> None:
        self.tx = tx
        self.given = given
        self.ask = ask
        self.caller = caller
        self.view = caller.view
        self.core = core
        self._behaviour = core.part(Behaviour)
        self.call = Call(
            core=core,
            role=caller.role,
            account_id=caller.account.id,
            user_id=caller.user.id,
            proof=caller.proof,
            version=ask.version,
            base=ask.base,
            root=ask.root,
            client=ask.client,
            query=dict(ask.query),
            read=None if given is None else given.parsed,
        )

    # -- reading -----------------------------------------------------------------------------------------------------

    def read(self) -> Answer:
        """GET."""
        path = self.ask.path
        if not path or path[0].lower() in SCHEMA_PATHS or path == ["openapi.json"]:
            query.only(self.ask)
            return Answer(200, self.described(path))
        type = self.type(path[0])
        self.allow(type.collection_methods if len(path) == 1 else type.resource_methods, "GET")
        if not type.type.table:
            return Answer(200, self.rowless(type, path[1:]))
        if len(path) == 1:
            return Answer(200, listing.list_rows(self.tx, self.ask, self.caller, self.renderer(), type))
        record = self.row(type, path[1])
        if len(path) == 2:
            query.check(self.ask, type, listed=False)
            most, _ = page(self.ask, MAX_LIMIT[self.ask.version])
            included = include(self.tx, self.caller, self.renderer(), wanted(self.ask, type), [record], most)
            return Answer(200, self.renderer().show(record, type, included.get(record.id)))
        if len(path) == 3:
            return Answer(200, self.behind_link(type, record, path[2]))
        raise not_found()

    def described(self, path: list[str]) -> dict[str, Any]:
        """The version itself: links, schemas, or everything as one document."""
        if not path:
            return self.root()
        return self.schema(path[1:]) if path != ["openapi.json"] else openapi.show(self.view, self.ask.base)

    def root(self) -> dict[str, Any]:
        """The version's own resource, with a link to every collection."""
        links = {"self": self.ask.base, "schemas": f"{self.ask.base}/schemas"}
        for type in self.view.types.values():
            if "GET" in type.collection_methods:
                links[type.type.plural] = f"{self.ask.base}/{type.path}"
        return {"id": self.ask.version, "type": "apiVersion", "links": links, "actions": {}}

    def schema(self, rest: list[str]) -> dict[str, Any]:
        """The schemas, or one of them."""
        found = schemas.show(self.view, self.ask.base)
        if not rest:
            return listing.plain(self.ask, "schema", found)
        for document in found:
            if document["id"].lower() == rest[0].lower() and len(rest) == 1:
                return document
        raise not_found()

    def rowless(self, type: TypeView, rest: list[str]) -> dict[str, Any]:
        """What a type without a table shows."""
        found = lookup(self._behaviour.without_rows, type.name)
        hook = None if found is None else found.show
        query.only(self.ask, found.asked_by if found is not None and not rest else ())
        if not rest:
            objects = hook(self.tx, self.call, None) if hook is not None else []
            return listing.plain(self.ask, type.name, [self.renderer().show_object(type, each) for each in objects])
        objects = hook(self.tx, self.call, rest[0]) if hook is not None else []
        if not objects or len(rest) > 1:
            raise not_found()
        return self.renderer().show_object(type, objects[0])

    def behind_link(self, type: TypeView, record: Record, name: str) -> dict[str, Any] | bytes | Later:
        """What is at the end of a link."""
        shown = self.view.of(record.type, type) or type
        for key, end in self._behaviour.targets.items():
            if key.lower() == f"{shown.name}.{name}".lower() and (
                end.offered is None or end.offered(self.call, record)
            ):
                query.only(self.ask)
                return end.show(self.tx, self.call, record)
        link = next((link for link in shown.links.values() if link.name.lower() == name.lower()), None)
        if link is None:
            raise not_found()
        if link.field is not None:
            target = select.visible(self.tx, self.caller, link.type, record.get(link.field))
            if target is None:
                raise not_found()
            query.only(self.ask)
            return self.renderer().show(target, self.view.types[link.type])
        return self.collection_link(link, record)

    def collection_link(self, link: LinkView, record: Record) -> dict[str, Any]:
        """The rows at the end of a link, with filters and pages of their own."""
        assert link.link is not None
        target = self.view.types[link.type]
        return listing.list_rows(self.tx, self.ask, self.caller, self.renderer(), target, (link.link, record))

    # -- writing -----------------------------------------------------------------------------------------------------

    def write(self) -> Answer:
        """POST, PUT, DELETE. Raises ``Refused``; the unit is rolled back then."""
        try:
            answer = self.change()
            audit.write(self.writing, audited.entry(self.ask, self.caller, answer.body, answer.status))
            return answer
        except NotUnique as error:
            raise Refused("NotUnique", f"{error.field} is already in use", field=error.field) from None

    def change(self) -> Answer:
        """Carry out the change. Raises ``Stale`` if the request must be read again first."""
        if sessions.is_sign_out(self.ask):
            return Answer(200, sessions.sign_out(self.writing, self.call, self.caller.proof))
        meant = self.meant()
        record, action = meant.record, meant.action
        if record is not None and self.caller.role in roles.EVERYWHERE:
            project = self.tx.get(rows.Project, roles.project_of(record))
            if project is not None and record.root != "account":
                self.act_for(project)
        if record is not None and self.ask.method == "DELETE":
            return Answer(200, self.show(self.remove(meant.type, record), meant.type))
        if self.given is None or not self.given.fits(meant):
            raise Stale
        if record is None and action is None:
            return self.create(meant.type, self.given)
        self.given.validator.look_up(self.existing)
        if record is None:
            return self.act_on_all(meant.type, action, self.given.fields)
        if action is not None:
            return self.act(meant.type, record, action, self.given.fields)
        return Answer(200, self.show(self.update(meant.type, record, self.given), meant.type))

    def act_for(self, account: rows.Account) -> None:
        """Go on as inside an account: what comes into being belongs there, and refers to nothing of other projects."""
        self.caller = replace(self.caller, account=account, on_behalf=True)
        self.call = replace(self.call, account_id=account.id)

    def meant(self) -> Meant:
        """Find out which change is requested, and whether it is possible now."""
        path, method = self.ask.path, self.ask.method
        if not path:
            raise NotAllowed(["GET"])
        type = self.type(path[0])
        if len(path) == 1:
            self.allow(type.collection_methods, method)
            shared = type.collection_actions.get((self.ask.first("action") or "").lower())
            query.only(self.ask, () if shared is None else ("action",))
            return Meant(type, None, shared)
        record = self.row(type, path[1])
        if len(path) > 2:
            raise not_found()
        shown = self.view.of(record.type, type) or type
        query.only(self.ask, ("action",))
        action = self.ask.first("action")
        if action is not None:
            if method != "POST":
                raise Refused("InvalidAction", f"an action needs POST, not {method}", detail=action)
            return Meant(shown, record, self.action(shown, record, action))
        self.allow(shown.resource_methods, method)
        roles.check(self.tx, self.call, record, "update" if method == "PUT" else "remove", method)
        if method == "PUT" and record.get("removed") is not None:
            raise ActionNotAvailable(shown.name, "update", record.get("state"))
        return Meant(shown, record)

    def create(self, type: TypeView, given: Given) -> Answer:
        """Make a resource; ``state`` is past ``requested`` in the answer."""
        account = account_for(self.tx, self.caller, type, given.fields)
        if account is not self.caller.account:
            self.act_for(account)
        given.validator.look_up(self.existing)
        hook = lookup(self._behaviour.creates, type.name)
        if hook is None and not type.type.table:
            raise Refused("Not Implemented", f"{a(type.name)} cannot be created", status=501)
        fields = dict(given.fields)
        with omissions.blamed(self.tx.schema, type, given.fields, "c", self.caller.role):
            made = hook(self.writing, self.call, fields) if hook is not None else self.insert(type, fields)
        renderer = self.renderer(created=True)
        if isinstance(made, dict):
            body = renderer.show_object(type, made)
        elif isinstance(made, list):
            body = listing.plain(self.ask, type.name, [renderer.show(record, type) for record in made])
        else:
            body = renderer.show(made, type)
        given.validator.compare(type, lambda: body["data"][0] if isinstance(made, list) else body)
        return Answer(201, body)

    def insert(self, type: TypeView, fields: dict[str, Any]) -> Record:
        """The default for creating a resource."""
        if "accountId" in self.tx.table(type.name).c:
            fields.setdefault("accountId", self.caller.account.id)
        try:
            record = self.writing.insert(type.name, **fields)
        except MissingField as error:
            raise omissions.refusal(error) from None
        if "create" in processes_of(type.name):
            self.request(record, "create")
        return record

    def request(self, record: Record, action: str, **data: Any) -> None:
        """Start a process on a row whose type is known by name only; types without states have none."""
        if not isinstance(record, rows.Resource):
            raise ActionNotAvailable(record.type, action, None)
        self.call.request(self.writing, record, action, **data)

    def update(self, type: TypeView, record: Record, given: Given) -> Record:
        """Change fields; a type with work to do for that goes through its ``update`` process."""
        given.validator.compare(type, lambda: self.renderer().show(record, type))
        changed = {name: value for name, value in given.fields.items() if record.get(name) != value}
        if "accountId" in changed:
            message = f"{a(type.name)} stays in its account; make another one there"
            raise Refused("InvalidOption", message, field="accountId")
        hook = lookup(self._behaviour.updates, record.type)
        with omissions.blamed(self.tx.schema, type, given.fields, "u", self.caller.role):
            if hook is not None:
                return hook(self.writing, self.call, record, changed)
            if not changed:
                return record
            record = self.writing.update(record, **changed)
        if lookup(self._behaviour.processes, record.type, ".update") is not None:
            self.request(record, "update")
        return record

    def remove(self, type: TypeView, record: Record) -> Record:
        """Request the resource's removal; an active one is deactivated first. 405 if its state does not allow it."""
        hook = lookup(self._behaviour.removes, record.type)
        try:
            if hook is not None:
                return hook(self.writing, self.call, record)
            if not isinstance(record, rows.Resource):
                raise ActionNotAvailable(record.type, "remove", None)
            request_removal(self.core.engine, self.writing, record)
        except ActionNotAvailable as error:
            message = f"{a(type.name)} that is {error.state} cannot be removed"
            raise NotAllowed([name for name in type.resource_methods if name != "DELETE"], message) from None
        return record

    def action(self, type: TypeView, record: Record, name: str) -> ActionView:
        """The action of that name, if it is possible now."""
        action = type.actions.get(name.lower())
        if action is None:
            raise Refused("InvalidAction", f"{a(type.name)} has no action {name}", detail=name)
        roles.check(self.tx, self.call, record, action.name, "POST")
        if not action.fits(record):
            raise ActionNotAvailable(type.name, name, record.get("state"))
        offer = lookup(self._behaviour.offers, record.type, f".{action.name}")
        if offer is not None and not offer.holds(self.tx, self.call, record):
            message = offer.otherwise or f"{name} is not offered for this {spoken(type.name)} now"
            raise Refused("ActionNotAvailable", message)
        return action

    def act(self, type: TypeView, record: Record, action: ActionView, fields: dict[str, Any]) -> Answer:
        """Run an action: its behaviour, or else its process."""
        hook = lookup(self._behaviour.actions, record.type, f".{action.name}")
        if hook is not None:
            result = hook(self.writing, self.call, record, dict(fields))
            body = self.show(result, type) if isinstance(result, Record) else result
            return Answer(202 if action.process else 200, body)
        if not action.process:
            raise Refused("Not Implemented", f"{action.name} is not implemented", status=501)
        self.request(record, action.name, **fields)
        return Answer(202, self.show(record, type))

    def act_on_all(self, type: TypeView, action: ActionView | None, fields: dict[str, Any]) -> Answer:
        """Run an action of a collection: 202 with the resource that it changes, or 200 with an object."""
        assert action is not None
        hook = self._behaviour.collectives[f"{type.name}.{action.name}"]
        result = hook(self.tx, self.call, dict(fields))
        return Answer(202, self.show(result, type)) if isinstance(result, Record) else Answer(200, result)

    def methods(self) -> list[str]:
        """The methods that this path accepts. 404 if there is nothing."""
        path = self.ask.path
        if not path or path[0].lower() in ("schemas", "schema") or path == ["openapi.json"] or len(path) > 2:
            return ["GET"]
        type = self.type(path[0])
        if len(path) == 1:
            return type.collection_methods
        return [*type.resource_methods, *(["POST"] if type.actions else [])]

    # -- what all need -----------------------------------------------------------------------------------------------

    @property
    def writing(self) -> Tx:
        """The writing unit."""
        assert isinstance(self.tx, Tx)
        return self.tx

    def type(self, name: str) -> TypeView:
        """The type of a path segment: singular or plural, in any case. A type that the role does not see does not
        exist.
        """
        found = self.view.paths.get(name.lower())
        if found is None:
            raise not_found()
        return found

    def row(self, type: TypeView, text: str) -> Record:
        """The row of a path segment, if it is of the type and the caller may see it."""
        if not type.type.table or "\0" in text:
            raise not_found()
        if type.type.id_field != "id":
            columns = self.tx.table(type.name).c
            named = self.tx.query(type.name).where(columns[type.type.id_field] == text)
            found = self.tx.rows(type.name, self.caller.scope(self.tx, type.name, named))
            record = found[0] if found else None
        else:
            record = select.visible(self.tx, self.caller, type.name, ids.parse(text))
        if record is None:
            raise not_found()
        return record

    def allow(self, methods: list[str], method: str) -> None:
        """405 unless the role may use the method here."""
        if method not in methods:
            raise NotAllowed(methods)

    def existing(self, type: str, ids: Collection[int]) -> Collection[int]:
        """The ids of these rows that exist for this caller."""
        return select.existing(self.tx, self.caller, type, ids)

    def renderer(self, *, created: bool = False) -> Renderer:
        """Return the renderer of rows for this caller."""
        return Renderer(
            tx=self.tx,
            call=self.call,
            view=self.view,
            created=created,
            action_links="x-api-action-links" in self.ask.headers,
        )

    def show(self, record: Record, asked: TypeView) -> dict[str, Any]:
        """The resource after the change."""
        return self.renderer().show(self.writing.own(record), asked)


def not_found() -> Refused:
    """404 in the API's words."""
    return Refused("Not Found", status=404)


class Stale(Exception):
    """The request no longer means what it meant when it was read before the unit; it must be read again."""


class NotAllowed(Refused):
    """405 in the API's words, with the methods that are allowed."""

    def __init__(self, methods: list[str], message: str | None = None) -> None:
        super().__init__("Method not allowed", message, status=405)
        self.methods = methods
