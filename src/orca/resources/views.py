# SPDX-License-Identifier: Apache-2.0
"""The view of one role in one version of the API: types, fields, methods, actions. Compiled once from the declarations.

``/v1`` shows the v1 API; ``/v2`` adds our own types and fields. Ids, rows and handlers are the same for both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from types import MappingProxyType
from typing import Any, Protocol

from orca.resources.catalog import TYPES, processes_of
from orca.resources.catalog import root as root_of
from orca.resources.fields import Field
from orca.resources.processes import transitioning_states
from orca.resources.types import OWNERS, ROLES, Link, ResourceType

VERSIONS = ("v1", "v2")
OPERATING_ROLES = frozenset({"superadmin", "service", "admin", "user", "project", "owner", "member"})
"""Roles that get actions on every type they see; others only if they may change something."""
PERHAPS_OWNERS = OWNERS | {"user"}
"""Roles that own the projects of some rows; a user outside of projects may own some and not others."""
INSIDE = "owner"
"""The role that sees most from inside a resource that is a scope."""

STRING_MODIFIERS = ("eq", "ne", "prefix", "like", "notlike", "null", "notnull")
NUMBER_MODIFIERS = ("eq", "ne", "lt", "lte", "gt", "gte", "null", "notnull")
VALUE_MODIFIERS = ("eq", "ne", "null", "notnull")


@dataclass(frozen=True)
class FieldView:
    """One field as a role sees it. ``letters``: what is left of ``c``, ``r``, ``u``, ``o``."""

    name: str
    field: Field
    letters: str

    def taken(self, letter: str, role: str, *, part: bool) -> bool:
        """True if a request may give the field: ``c`` for something new, ``u`` later.

        ``part``: in an action's input or a part of another object. Then only the declarations of the fields count, not
        the role's rights on the type.
        """
        return letter in self.letters or (part and letter in self.field.letters(role))

    @property
    def modifiers(self) -> tuple[str, ...]:
        """The filter modifiers of the field; empty if it cannot be filtered."""
        if not self.field.column or "r" not in self.letters or self.field.secret:
            return ()
        if self.field.reference or self.field.type == "boolean" or self.name == "state":
            return VALUE_MODIFIERS
        return NUMBER_MODIFIERS if self.field.type in ("int", "date") else STRING_MODIFIERS


class Row(Protocol):
    """Values of a row by field."""

    def get(self, name: str, /) -> Any: ...


@dataclass(frozen=True)
class ActionView:
    """An action as a role sees it. ``process``: it starts one of the type's processes; ``looks``: it changes
    nothing.
    """

    name: str
    input: str | None
    output: str | None
    states: frozenset[str] | None
    state_field: str
    process: bool
    looks: bool = False

    def fits(self, row: Row) -> bool:
        """True if a row's state allows it. Without states it is allowed until the row is removed."""
        return row.get("removed") is None if self.states is None else row.get(self.state_field) in self.states


@dataclass(frozen=True)
class LinkView:
    """A link: to the resource that a field of this one names (``field``), or to a collection (``link``)."""

    name: str
    type: str
    field: str | None = None
    link: Link | None = None


@dataclass(frozen=True)
class TypeView:
    """One type as a role sees it."""

    type: ResourceType
    root: ResourceType
    letters: str
    fields: Mapping[str, FieldView]
    actions: Mapping[str, ActionView]
    collection_actions: Mapping[str, ActionView]
    links: Mapping[str, LinkView]
    children: tuple[str, ...]
    transitioning: frozenset[str]

    @property
    def name(self) -> str:
        """The type's name, which is its schema's id."""
        return self.type.name

    @property
    def path(self) -> str:
        """How URLs name the collection."""
        return self.type.plural.lower()

    @cached_property
    def filters(self) -> Mapping[str, tuple[str, ...]]:
        """The fields by which a collection can be filtered and sorted, with their modifiers."""
        return {name: shown.modifiers for name, shown in sorted(self.fields.items()) if shown.modifiers}

    def stated(self, shown: FieldView) -> str:
        """A field's rights in the schema. In a part, the role's rights on the part limit them, although they do not
        limit requests that contain the part.
        """
        if not self.type.part:
            return shown.letters
        return "".join(letter for letter in shown.letters if letter in "ro" or letter in self.letters)

    @property
    def stated_methods(self) -> tuple[list[str], list[str]]:
        """Methods on the collection and on one resource in the schema; parts have no URLs."""
        on_one = [method for letter, method in (("r", "GET"), ("u", "PUT"), ("d", "DELETE")) if letter in self.letters]
        if self.type.part:
            return ["POST"] if "c" in self.letters else [], on_one
        return self.collection_methods, on_one

    @property
    def collection_methods(self) -> list[str]:
        """Methods on the collection; parts of other resources have none."""
        if self.type.part:
            return []
        return [
            method
            for letter, method in (("r", "GET"), ("c", "POST"))
            if letter in self.letters and (method != "GET" or self.type.listed)
        ]

    @property
    def resource_methods(self) -> list[str]:
        """Methods on one resource."""
        if self.type.part:
            return []
        return [method for letter, method in (("r", "GET"), ("u", "PUT"), ("d", "DELETE")) if letter in self.letters]


@dataclass(frozen=True)
class View:
    """Everything a role sees in a version."""

    role: str
    version: str
    types: Mapping[str, TypeView]
    paths: Mapping[str, TypeView]

    def of(self, type: str, asked: TypeView | None = None) -> TypeView | None:
        """The view of a type or, where the role does not see it, of the nearest type above it. ``asked``: the type that
        is asked for, which counts for kinds that stand apart.
        """
        if asked is not None and TYPES[type].apart and TYPES[type].parent == asked.name:
            return asked
        name: str | None = TYPES[type].shown_as or type
        while name is not None:
            found = self.types.get(name)
            if found is not None:
                return found
            name = TYPES[name].parent
        return None


@cache
def view(role: str, version: str) -> View:
    """The view of a role; an unknown role sees what a user sees."""
    visible = visible_types(role, version)
    types = {name: type_view(TYPES[name], letters, role, version, visible) for name, letters in visible.items()}
    paths = {type.path: type for type in types.values()} | {name.lower(): type for name, type in types.items()}
    return View(role, version, types, paths)


@cache
def visible_types(role: str, version: str) -> Mapping[str, str]:
    """The names of the types that a role sees, and its rights on them."""
    visible: dict[str, str] = {}
    for type in TYPES.values():
        letters = granted(type, role)
        if version != "v1":
            letters += "".join(letter for letter in type.also.get(role, "") if letter not in letters)
        if letters and not (type.ours and version == "v1"):
            visible[type.name] = letters
    return visible


def granted(type: ResourceType, role: str) -> str:
    """A role's rights on a type in both versions."""
    return type.access.get(role, "" if role in ROLES else type.access.get("user", ""))


def type_view(type: ResourceType, letters: str, role: str, version: str, visible: Mapping[str, str]) -> TypeView:
    """Cut a declaration to what the role may see and do."""
    fields = {}
    for name, field in inherited_fields(type).items():
        left = field_letters(type, field, letters, role, version)
        if left and not (field.ours and version == "v1"):
            fields[name] = FieldView(name, field, left)
    return TypeView(
        type=type,
        root=root_of(type.name),
        letters=letters,
        fields=fields,
        actions=actions(type, letters, role, version),
        collection_actions=collection_actions(type, letters, version),
        links={link.name: link for link in links(type, fields, visible) if leads(type, link, version)},
        children=tuple(sorted(name for name in visible if TYPES[name].parent == type.name)),
        transitioning=transitioning_states(processes_of(type.name)),
    )


def inherited_fields(type: ResourceType) -> Mapping[str, Field]:
    """A kind has the fields of the types above it, in its own words where it declares them again."""
    return _inherited_fields(type.name)


@cache
def _inherited_fields(name: str) -> Mapping[str, Field]:
    type = TYPES[name]
    if type.parent is None:
        return type.all_fields
    declared = {name for parent in ancestry(type)[:-1] for name in TYPES[parent].fields}
    basic = {name: field for name, field in type.all_fields.items() if name not in declared}
    return MappingProxyType({**_inherited_fields(type.parent), **basic, **type.fields})


@cache
def referrers() -> Mapping[str, list[tuple[ResourceType, str, Field]]]:
    """By type: what refers to it in columns, as (type, field's name, field)."""
    found: dict[str, list[tuple[ResourceType, str, Field]]] = {}
    for type in TYPES.values():
        for name, field in type.all_fields.items() if type.table else ():
            if field.reference is not None and field.column and field.reverse != "":
                found.setdefault(field.reference, []).append((type, name, field))
    return found


@cache
def ties() -> Mapping[str, list[tuple[str, Link]]]:
    """By type: links that lead through a map, a type that does little more than tie two others together."""
    found: dict[str, list[tuple[str, Link]]] = {}
    for type in TYPES.values():
        ends = [
            (name, field)
            for name, field in type.fields.items()
            if type.table and field.reference and field.column and name != "accountId"
        ]
        if not type.name.endswith("Map") or len(ends) != 2:
            continue
        for (near, here), (target, there) in (ends, reversed(ends)):
            assert here.reference is not None
            assert there.reference is not None
            if here.reference != there.reference or there.far is not None:
                link = Link(there.reference, target, through=type.name, near=near)
                found.setdefault(here.reference, []).append((there.far or TYPES[there.reference].plural, link))
    return found


def field_letters(type: ResourceType, field: Field, letters: str, role: str, version: str) -> str:
    """A field's rights, cut to those on the type. Wire-only types (inputs, parts) are not cut: their owner is."""
    declared = field.letters(role)
    if version != "v1":
        declared += "".join(letter for letter in field.also if letter not in declared)
    if not type.table and "c" not in "".join(type.access.values()):
        return declared
    if role == "superadmin":
        return declared
    left = "".join(letter for letter in declared if letter in "ro" or letter in letters)
    return left.replace("o", "") if "c" not in letters else left


def actions(type: ResourceType, letters: str, role: str, version: str) -> dict[str, ActionView]:
    """Processes and other actions the role may ask for."""
    # What /v2 alone shows to a role is there to be looked at.
    only_looks = type.view is not None or role in type.inactive_roles or not granted(type, role)
    only_looks = only_looks or (role not in OPERATING_ROLES and letters == "r")
    root = root_of(type.name).name
    above = [TYPES[name] for name in ancestry(type)]
    inputs = {name: input for each in above for name, input in each.inputs.items()}
    hidden = frozenset().union(*(each.hidden_actions for each in above))
    if role not in PERHAPS_OWNERS:
        hidden |= type.for_owners
    found = {
        name: ActionView(name, inputs.get(name), root, process.start | process.transitioning, process.field, True)
        for name, process in processes_of(type.name).items()
        if name not in hidden and not only_looks
    }
    for name, action in type.actions.items():
        if name not in hidden and not (action.ours and version == "v1") and (action.looks or not only_looks):
            found[name] = ActionView(name, action.input, action.output, action.states, "state", False)
    return found


def collection_actions(type: ResourceType, letters: str, version: str) -> dict[str, ActionView]:
    """The actions of a collection, for roles that may create rows of the type."""
    return {
        name: ActionView(name, action.input, action.output, None, "state", False, action.looks)
        for name, action in type.collection_actions.items()
        if "c" in letters and not (action.ours and version == "v1")
    }


def links(type: ResourceType, fields: Mapping[str, FieldView], visible: Mapping[str, str]) -> list[LinkView]:
    """Where one can go from a resource: along its references, and to what refers to it."""
    if not type.table:
        return []
    found = []
    for name, shown in fields.items():
        target = shown.field.reference
        if target is None or target not in visible or not TYPES[target].table:
            continue
        if name.endswith("Id") and "r" in shown.letters:
            found.append(LinkView(name[:-2], target, field=name))
    for member in ancestry(type):
        for other, name, field in referrers().get(member, ()):
            if other.name in visible and not ancestor_has(other, name, visible):
                found.append(LinkView(field.reverse or other.plural, other.name, link=Link(other.name, name)))
        found += [LinkView(name, link.type, link=link) for name, link in ties().get(member, ()) if link.type in visible]
    found += [LinkView(name, link.type, link=link) for name, link in type.links.items() if link.type in visible]
    return found


def leads(type: ResourceType, link: LinkView, version: str) -> bool:
    """True if there is something at the end of a link. Inside of a scope it is what is listed there by that name."""
    if not type.scope:
        return True
    return link.name == TYPES[link.type].plural and "r" in visible_types(INSIDE, version).get(link.type, "")


def ancestry(type: ResourceType) -> list[str]:
    """The type's name and those of the types above it, from the top."""
    names = [type.name]
    while type.parent is not None:
        type = TYPES[type.parent]
        names.insert(0, type.name)
    return names


def ancestor_has(type: ResourceType, field: str, visible: Mapping[str, str]) -> bool:
    """True if a visible type above this one already gives the same rows under the same field."""
    return type.parent is not None and type.parent in visible and field in inherited_fields(TYPES[type.parent])
