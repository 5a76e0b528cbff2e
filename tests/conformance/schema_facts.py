# SPDX-License-Identifier: Apache-2.0
"""Compares what each role is shown in `/v1` with `types.json`, the facts of the v1 API, and says where they differ.

`types.json`, per type: names, `fields` (type; `!` required, `?` nullable), `filters` by kind of modifiers, `actions`
(input and output), `links`, and the `rights` of each role: letters on the type and on each field, actions offered
(`=role`: the same as that role's). What is marked `later…` came after October 2015: it may be left out, and is as
stated where it is there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from orca.resources import TYPES
from orca.resources.fields import UNSET
from orca.resources.views import NUMBER_MODIFIERS, STRING_MODIFIERS, VALUE_MODIFIERS, TypeView, view

ROLES = (
    "superadmin",
    "service",
    "admin",
    "readAdmin",
    "user",
    "project",
    "owner",
    "member",
    "restricted",
    "readonly",
    "agent",
    "register",
    "token",
)
MODIFIERS = {"value": VALUE_MODIFIERS, "number": NUMBER_MODIFIERS, "string": STRING_MODIFIERS}


@cache
def expected() -> dict[str, dict[str, Any]]:
    """The facts, by type."""
    facts: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "types.json").read_text())
    return facts


def rights(type: str, role: str) -> dict[str, Any] | None:
    """What a role may do with a type; None where it does not see it. Owners and members are like the project's key."""
    given = expected()[type]["rights"]
    found = given.get("project" if role in ("owner", "member") else role)
    while isinstance(found, str):
        found = given[found[1:]]
    return found


def names(facts: dict[str, Any], key: str) -> set[str]:
    """A set written as words."""
    return set(facts.get(key, "").split())


def differences() -> Iterator[tuple[str, str]]:
    """Everything that is not as the facts say: a key to name it by, and what is expected and what is there."""
    for name, facts in expected().items():
        if name not in TYPES:
            if facts.get("since") != "later":
                yield f"type {name}", "is not declared"
            continue
        everything = view("superadmin", "v1").types.get(name)
        if everything is None:
            yield f"type {name}", "is not shown"
            continue
        yield from of_type(name, facts, everything)
        for role in ROLES:
            yield from of_role(name, facts, role, everything)
    for role in ROLES:
        for name in view(role, "v1").types:
            if name not in expected():
                yield f"unknown {name} {role}", "is shown, and no such type is known"


def of_type(name: str, facts: dict[str, Any], shown: TypeView) -> Iterator[tuple[str, str]]:
    """What holds for all roles: names, fields, filters, links, actions."""
    declared = TYPES[name]
    for key, here in (("plural", declared.plural), ("parent", declared.parent)):
        if here != facts.get(key):
            yield f"{key} {name}", f"{facts.get(key)}, not {here}"
    if declared.table and shown.root.prefix != facts["prefix"]:
        yield f"prefix {name}", f"{facts['prefix']}, not {shown.root.prefix}"
    yield from fields(name, facts, shown)
    yield from filters(name, facts, shown)
    if declared.table:
        for link in sorted((names(facts, "links") - {"self"}) ^ set(shown.links)):
            yield f"link {name}.{link}", "not known" if link in shown.links else "missing"
    known = facts.get("actions", {})
    for action in sorted(set(known) | set(shown.actions)):
        there = shown.actions.get(action)
        here = None if there is None else f"{there.input or '-'} {there.output or '-'}"
        if here != known.get(action) and not (here is None and action in names(facts, "laterActions")):
            yield f"action {name}.{action}", f"{known.get(action)}, not {here}"


def fields(name: str, facts: dict[str, Any], shown: TypeView) -> Iterator[tuple[str, str]]:
    """Types, defaults, options and limits of fields."""
    known: dict[str, str] = facts.get("fields", {})
    for field in sorted(set(known) | set(shown.fields)):
        if field not in known:
            yield f"field {name}.{field}", "not known"
        elif field not in shown.fields:
            if field not in names(facts, "laterFields"):
                yield f"field {name}.{field}", "missing"
        else:
            here, stated = shown.fields[field].field, known[field]
            if here.type != stated.rstrip("!?"):
                yield f"kind {name}.{field}", f"{stated}, not {here.type}"
            if can_be_given(name, field):
                if here.required != ("!" in stated):
                    yield f"required {name}.{field}", f"{'!' in stated}, not {here.required}"
                if "?" in stated and not here.nullable:
                    yield f"nullable {name}.{field}", "refuses null"
            default = None if here.default is UNSET else here.default
            if default != facts.get("defaults", {}).get(field):
                yield f"default {name}.{field}", f"{facts.get('defaults', {}).get(field)}, not {default}"
            options = names(facts.get("options", {}), field)
            if field != "state" and options != set(here.options):
                yield f"options {name}.{field}", f"{sorted(options)}, not {sorted(here.options)}"
            limits = {
                "min": here.min,
                "max": here.max,
                "minLength": here.min_length,
                "validChars": here.valid_chars,
            }
            limits = {key: value for key, value in limits.items() if value is not None}
            if limits != facts.get("limits", {}).get(field, {}):
                yield f"limits {name}.{field}", f"{facts.get('limits', {}).get(field, {})}, not {limits}"


def can_be_given(name: str, field: str) -> bool:
    """Whether some role besides superadmin may give the field."""
    return any(
        ("c" in letters or "u" in letters) and field in words.split()
        for role in ROLES
        if role != "superadmin"
        for letters, words in ((rights(name, role) or {}).get("fields") or {}).items()
    )


def filters(name: str, facts: dict[str, Any], shown: TypeView) -> Iterator[tuple[str, str]]:
    """What can be filtered by, and how."""
    known = {
        field: MODIFIERS.get(kind, tuple(kind.split()))
        for kind, words in facts.get("filters", {}).items()
        for field in words.split()
    }
    for field, there in sorted(shown.fields.items()):
        if set(known.get(field, ())) != set(there.modifiers):
            yield f"filter {name}.{field}", f"{' '.join(known.get(field, ()))}, not {' '.join(there.modifiers)}"


def of_role(name: str, facts: dict[str, Any], role: str, everything: TypeView) -> Iterator[tuple[str, str]]:
    """What one role may do."""
    stated, shown = rights(name, role), view(role, "v1").types.get(name)
    if stated is None or shown is None:
        if shown is not None:
            yield f"visible {name} {role}", "is shown"
        elif stated is not None:
            yield f"visible {name} {role}", "is not shown"
        return
    if set(stated["type"]) != set(shown.letters):
        yield f"rights {name} {role}", f"{stated['type']}, not {shown.letters}"
    letters = {field: key for key, words in stated["fields"].items() if key != "*" for field in words.split()}
    for field in sorted(set(facts.get("fields", {})) & set(everything.fields)):
        here = shown.stated(shown.fields[field]) if field in shown.fields else ""
        wanted = "cru" if stated["fields"].get("*") else letters.get(field, "")
        allowed = {frozenset(wanted), frozenset(wanted + facts.get("laterLetters", {}).get(field, ""))}
        if "c" not in stated["type"]:
            allowed |= {letters - {"o"} for letters in allowed}
        if field in names(facts, "laterFields"):
            allowed.add(frozenset())
        if frozenset(here) not in allowed:
            yield f"rights {name}.{field} {role}", f"{wanted or '-'}, not {here or '-'}"
    actions = set(facts.get("actions", {})) if stated["actions"] == "*" else set(stated["actions"].split())
    for action in sorted(set(facts.get("actions", {})) & set(everything.actions)):
        if (action in actions) != (action in shown.actions) and action not in names(facts, "laterActions") - set(
            shown.actions
        ):
            yield f"offered {name}.{action} {role}", "is offered" if action in shown.actions else "is not offered"
