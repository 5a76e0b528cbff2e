# SPDX-License-Identifier: Apache-2.0
"""The templates' engine, and the values for the templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup

from orca.api.answers.page import own_url
from orca.api.callers.caller import Caller
from orca.api.html import forms
from orca.api.html.json_text import marked_up, own
from orca.api.html.shown import Shown, command
from orca.api.requests.ask import Ask
from orca.resources.views import TypeView

PLACES = ("host", "environment", "service", "container", "volume", "registry", "processInstance", "setting", "project")
"""The entries of the menu, as far as the caller sees them."""
LABELS = {"environment": "Stacks", "processInstance": "Processes"}
BASE = frozenset({"id", "name", "state", "type", "kind", "uuid", "accountId", "description", "created", "removed",
                  "removeTime", "data", "transitioning", "transitioningMessage", "transitioningProgress"})  # fmt: skip
MAX_COLUMNS = 4
"""A list's columns for particular types."""
SHOWN_APART = frozenset({"id", "type", "baseType", "links", "actions", "actionLinks", "name", "state"})
GOOD = frozenset({"active", "running", "healthy", "created", "finished", "DONE"})
BAD = frozenset({"error", "unhealthy", "disconnected", "erroring", "removed", "purged"})
MODIFIERS = ("eq", "ne", "prefix", "like", "notlike", "lt", "lte", "gt", "gte", "null", "notnull")


@dataclass(frozen=True, kw_only=True)
class Form:
    """A form: its target, purpose and inputs. ``note``: an error about the whole form."""

    name: str
    title: str
    url: str
    schema: str = ""
    inputs: list[forms.Input]
    open: bool = False
    danger: bool = False
    note: str = ""

    @property
    def plain(self) -> bool:
        """True if a button is enough."""
        return not self.inputs

    @property
    def first(self) -> list[forms.Input]:
        """The inputs that are visible at once: required, common, filled-in or wrong ones."""
        if len(self.inputs) <= 8:
            return self.inputs
        return [each for each in self.inputs if each.required or each.error or each.value or each.name in forms.FIRST]

    @property
    def rest(self) -> list[forms.Input]:
        """The others, folded away."""
        return [each for each in self.inputs if each not in self.first]


@cache
def environment() -> jinja2.Environment:
    """The templates: everything is escaped, a missing name is a defect."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("orca.api.html"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["tone"] = tone
    return made


def render(
    ask: Ask,
    caller: Caller | None,
    body: Mapping[str, Any],
    state: Shown,
    *,
    csrf: str,
    assets: Mapping[str, str],
    as_json: bool,
) -> str:
    """A page for an answer."""
    template = template_for(body)
    view = None if caller is None else caller.view
    # Rows of the audit log and of processes have a `resourceType` too: that of their subject.
    name = str(body.get("resourceType" if body.get("type") == "collection" else "type"))
    type = None if view is None else view.types.get(name)
    if template == "collection" and type is None:
        template = "plain"
    shown: dict[str, Any] = {
        "ask": ask,
        "assets": assets,
        "back": own_url(ask).removeprefix(ask.origin) if ask.method == "GET" else "",
        "body": body,
        "caller": caller,
        "crumbs": crumbs(ask),
        "csrf": csrf,
        "form": None,
        "template": template,
        "places": [] if view is None else places(ask, caller),
        "request": state.request or command(ask),
        "state": state,
        "title": title(ask, body),
        "as_json": as_json,
        "json": json_of(body, ask.origin) if template not in ("collection", "types") or as_json else Markup(),
        "own": lambda text: isinstance(text, str) and own(text, ask.origin),
        "markup": lambda value: marked_up(value, ask.origin),
        "type": type,
        "view_json": own_url(ask, _view="json"),
    }
    if template == "collection" and caller is not None and type is not None:
        shown |= {"columns": columns(type, body), "forms": create_forms(ask, caller, type, body, state)}
        shown |= {"filters": chips(ask, body), "modifiers": MODIFIERS}
    elif template == "resource" and caller is not None and type is not None:
        fields = {name: value for name, value in body.items() if name not in SHOWN_APART and not is_twin(name, body)}
        shown |= {
            "forms": resource_forms(caller, type, body, state),
            "fields": {name: value for name, value in fields.items() if value not in (None, "", [], {})},
            "empty": sorted(name for name, value in fields.items() if value in (None, "", [], {})),
            "references": references(type, body),
        }
    return environment().get_template(f"{template}.html").render(shown)


def template_for(body: Mapping[str, Any]) -> str:
    """The template for an answer."""
    type = body.get("type")
    if type == "error":
        return "error"
    if type == "collection":
        return {"schema": "types", "apiVersion": "plain"}.get(str(body.get("resourceType")), "collection")
    if type == "schema":
        return "schema"
    return "resource" if "links" in body and "id" in body and type != "apiVersion" else "plain"


def json_of(body: Mapping[str, Any], origin: str) -> Markup:
    """The answer as JSON; none if the page is not about one."""
    return Markup() if body.get("type") == "error" else marked_up(dict(body), origin)


def title(ask: Ask, body: Mapping[str, Any]) -> str:
    """The page's name."""
    if body.get("type") == "error":
        return "Not possible"
    if body.get("type") == "collection":
        return ask.path[-1] if ask.path else "API"
    return str(body.get("name") or body.get("id") or body.get("type"))


def crumbs(ask: Ask) -> list[tuple[str, str]]:
    """The breadcrumbs: name and URL."""
    found = [("API", f"{ask.origin}/")]
    if ask.version:
        found.append((ask.version, ask.root))
    if ask.project:
        found += [("projects", f"{ask.root}/projects"), (ask.project, ask.base)]
    for end in range(len(ask.path)):
        found.append((ask.path[end], own_url(replace(ask, path=ask.path[: end + 1], query=[]))))
    return found


def places(ask: Ask, caller: Caller | None) -> list[tuple[str, str, bool]]:
    """The menu: name, URL, and whether the page is the current one."""
    found = []
    for name in PLACES:
        type = caller.view.types.get(name) if caller else None
        if type is not None and "GET" in type.collection_methods:
            label = LABELS.get(name) or type.type.plural[0].upper() + type.type.plural[1:]
            found.append((label, f"{ask.base}/{type.path}", ask.path[:1] == [type.path]))
    return found


def columns(type: TypeView, body: Mapping[str, Any]) -> list[tuple[str, str | None, str]]:
    """Columns of a list: field, URL that sorts by it, and the present order."""
    names = ["id"] + [name for name in ("name", "state") if name in type.fields]
    if type.children:
        names.append("type")
    rows = body["data"]
    own_fields = [
        name
        for name, each in type.fields.items()
        if each.modifiers and name not in BASE and any(row.get(name) is not None for row in rows)
    ]
    names += own_fields[:MAX_COLUMNS] + (["created"] if "created" in type.fields else [])
    sort, links = body.get("sort") or {}, body.get("sortLinks") or {}
    return [
        (name, sort["reverse"], sort["order"]) if sort.get("name") == name else (name, links.get(name), "")
        for name in names
    ]


def chips(ask: Ask, body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The active filters: text, and the URL without each."""
    found = []
    for name, applied in (body.get("filters") or {}).items():
        for each in applied or []:
            key = name if each["modifier"] == "eq" else f"{name}_{each['modifier']}"
            rest = [pair for pair in ask.query if pair != (key, each["value"]) and pair[0] != "marker"]
            found.append((f"{name} {each['modifier']} {each['value']}", own_url(replace(ask, query=rest))))
    return found


def is_twin(name: str, body: Mapping[str, Any]) -> bool:
    """True if a field repeats a date in milliseconds."""
    return name.endswith("TS") and name[:-2] in body


def references(type: TypeView, body: Mapping[str, Any]) -> dict[str, str]:
    """The URLs of a resource's references, by field."""
    links = body["links"]
    return {link.field: links[name] for name, link in type.links.items() if link.field and name in links}


def tone(state: object) -> str:
    """The tone of a state: good, bad, or in transition."""
    text = str(state)
    if text in GOOD:
        return "good"
    if text in BAD:
        return "bad"
    return "busy" if text.endswith("ing") or text.startswith("updating") else "calm"


# -- forms -------------------------------------------------------------------------------------------------------------


def create_forms(ask: Ask, caller: Caller, type: TypeView, body: Mapping[str, Any], state: Shown) -> list[Form]:
    """One form for each type that can be created here."""
    found = []
    for each in (type, *(caller.view.types[name] for name in type.children)):
        if "POST" in each.collection_methods:
            url = f"{ask.base}/{each.path}"
            made = form(f"create:{each.name}", f"Create {each.name}", url, each, "c", state, body.get("createDefaults"))
            found.append(made)
    return found


def resource_forms(caller: Caller, type: TypeView, body: Mapping[str, Any], state: Shown) -> list[Form]:
    """Change, remove, and every action that is offered."""
    url = body["links"].get("self", "")
    found = []
    for name, target in body["actions"].items():
        if name in ("update", "remove"):
            continue  # these get forms of their own below
        action = type.actions.get(name)
        input = caller.view.types.get(action.input) if action is not None and action.input else None
        found.append(form(f"action:{name}", name, target, input, "c", state))
    if "PUT" in type.resource_methods:
        made = form("update", "Change", f"{url}?_method=PUT", type, "u", state, body)
        found += [made] if made.inputs else []
    if "DELETE" in type.resource_methods:
        found.append(form("remove", "Remove", f"{url}?_method=DELETE", None, "c", state, danger=True))
    return found


def form(
    name: str,
    title: str,
    url: str,
    type: TypeView | None,
    letter: str,
    state: Shown,
    current: Mapping[str, Any] | None = None,
    *,
    danger: bool = False,
) -> Form:
    """A form, with what was typed if it was just sent."""
    mine = state.form == name and not state.done
    error = state.error if mine else None
    typed = state.typed if mine else None
    inputs = [] if type is None else forms.inputs(type, letter, current=current, typed=typed, error=error)
    beside = any(each.error for each in inputs)
    return Form(
        name=name,
        title=title,
        url=url,
        schema="" if type is None else type.name,
        inputs=inputs,
        open=mine,
        danger=danger,
        note="" if error is None or beside else error.message,
    )
