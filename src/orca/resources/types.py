# SPDX-License-Identifier: Apache-2.0
"""Declarations of resource types. Everything else about a type follows from its declaration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

import sqlalchemy as sa

from orca.resources.fields import OPERATORS, Field, OwnKey, date, enum, integer, mapping, ref, string
from orca.resources.processes import ProcessTable, states

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


OWNERS = frozenset({"superadmin", "service", "admin", "owner"})
"""Roles that own the project of a row: its owners, and those who own every project."""


def access(tenant: str = "", *, admin: str | None = None, **others: str) -> dict[str, str]:
    """Rights per role on a type: ``c`` create, ``r`` read, ``u`` update, ``d`` remove; empty: it does not exist there.

    ``tenant`` is for roles of a project (``project``, ``owner``, ``member``, ``restricted``) and for services.
    Read-only roles may read what a tenant may read. Any role can be given by name.
    """
    look = "r" if "r" in tenant else ""
    rights = {
        "superadmin": "crud",
        "service": tenant or admin or "",
        "admin": look if admin is None else admin,
        "user": look,
        "project": tenant,
        "restricted": tenant,
        "readonly": look,
    } | others
    rights.setdefault("owner", rights["project"])
    rights.setdefault("member", rights["project"])
    rights.setdefault("readAdmin", "r" if rights["admin"] else "")
    return rights


def given(tenant: str = "r", *, user: str = "r", admin: str | None = None) -> dict[str, str]:
    """Rights on an object without rows: ``c`` to give one, ``u`` to change it in place.

    ``user``: for administrators and users outside of projects; ``admin`` if those two differ.
    """
    return access(tenant, superadmin="crud", admin=user if admin is None else admin, user=user, readAdmin="r")


@dataclass(frozen=True)
class Action:
    """An action besides the processes. ``states``: where it is offered (None: until the resource is removed).

    ``looks``: it changes nothing, so read-only roles may use it too.
    """

    input: str | None = None
    output: str | None = None
    states: frozenset[str] | None = None
    ours: bool = False
    looks: bool = False


@dataclass(frozen=True)
class Link:
    """A collection reached from a resource: rows of ``type`` whose ``target`` equals this resource's ``source``.

    ``through``: a type whose live rows tie the two together; ``target`` is then the field there that names the row
    reached, and ``near`` the one that names this resource.
    """

    type: str
    target: str
    source: str = "id"
    through: str | None = None
    near: str = ""


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """One resource type.

    ``prefix``: the part of ids before the number. ``parent``: the type it is a kind of (same table, same ids).
    ``fields``: without the base ones. ``own``: keys of the JSON column that are no fields, by the name that rows have
    them under in Python; kinds have them too. ``named``: rights on ``name`` and ``description``. ``processes``: by
    action; ``inputs``: the input types of those that take some; ``hidden_actions``: processes that clients cannot
    request; ``actions``: further actions besides the processes. ``collection_actions``: actions of the collection, for
    roles that may create rows of the type. ``for_owners``: actions, and the verbs ``update`` and ``remove``, that only
    owners of a row's project may use. ``inactive_roles``: roles that are offered no actions, although they make rows.
    ``live_key``: text unique among the live rows, blamed on ``unique_field``. ``listed``: False if there is no
    collection to read. ``table``: False for types that exist only on the wire; ``part``: and only inside others.
    ``base``: False if rows have no base fields. ``also``: rights that roles have in ``/v2`` beyond those of ``/v1``.
    ``view``: the SELECT that makes the rows, if they only repeat other rows. It gets the tables by root type, and
    labels its columns as the fields. Only the API reads it; the type's own table is empty. ``shown_as``: the kind that
    its rows are shown as, if the row does not tell. ``apart``: a request for the type above shows its rows as that
    type; otherwise rows are shown as their own type. ``scope``: what follows an id in a URL is everything as seen from
    inside the resource. ``looked_up``: fields by which live rows are found although removed ones pile up. Each has an
    index of live rows only; after a field come further columns of its index. ``tally``: the field by whose values live
    rows are counted (``tx.tally``). ``derived``: fields that follow from the other fields of a row; the store computes
    them. ``id_field``: the field that is the id on the wire, for types with names as ids. ``ours``: shown in ``/v2``
    only. ``one_of``: the fields of which a new row has exactly one, after the code of the refusal.
    """

    name: str
    plural: str
    prefix: str = ""
    parent: str | None = None
    fields: Mapping[str, Field] = field(default_factory=dict)
    own: Mapping[str, OwnKey] = field(default_factory=dict)
    access: Mapping[str, str] = field(default_factory=dict)
    also: Mapping[str, str] = field(default_factory=dict)
    named: str = "cru"
    processes: ProcessTable = field(default_factory=dict)
    actions: Mapping[str, Action] = field(default_factory=dict)
    collection_actions: Mapping[str, Action] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    hidden_actions: frozenset[str] = frozenset()
    for_owners: frozenset[str] = frozenset()
    inactive_roles: frozenset[str] = frozenset()
    links: Mapping[str, Link] = field(default_factory=dict)
    live_key: Callable[[Any], str | None] | None = None
    unique_field: str = "name"
    listed: bool = True
    table: bool = True
    view: Callable[[Mapping[str, sa.Table]], sa.Select[Any]] | None = None
    base: bool = True
    shown_as: str | None = None
    apart: bool = False
    scope: bool = False
    looked_up: tuple[str | tuple[str, ...], ...] = ()
    tally: str | None = None
    derived: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    id_field: str = "id"
    ours: bool = False
    part: bool = False
    one_of: tuple[str, tuple[str, ...]] | None = None

    @cached_property
    def all_fields(self) -> Mapping[str, Field]:
        """Base fields and the type's own, in declaration order; the type's own win, but ``always`` stays."""
        if not self.base or not self.table:
            return self.fields
        base = base_fields(self)
        own = {
            name: replace(field, always=True) if name in base and base[name].always else field
            for name, field in self.fields.items()
        }
        return MappingProxyType({**base, **own})


BASE: Final[Mapping[str, Field]] = {
    "id": integer(column=True, always=True),
    "accountId": ref("account"),
    "created": date(column=True, always=True),
    "data": mapping("json", roles=OPERATORS, by_role={"superadmin": "cru"}),
    "description": string(column=True, max_length=1024),
    "kind": string(column=True, always=True),
    "name": string(column=True),
    "removeTime": date(column=True, roles=OPERATORS),
    "removed": date(column=True),
    "uuid": string(column=True, max_length=128, always=True),
}
"""The fields of every stored resource, without rights on ``name`` and ``description``."""
TRANSITION: Final[Mapping[str, Field]] = {
    "transitioning": enum("yes", "no", "error", nullable=False),
    "transitioningMessage": string(max_length=None),
    "transitioningProgress": integer(),
}
"""Further fields of what has processes."""


def base_fields(type: ResourceType) -> dict[str, Field]:
    """The fields that a stored resource has without declaring them."""
    named = {name: replace(BASE[name], rights=type.named) for name in ("description", "name")}
    if not type.processes:
        return {**BASE, **named}
    state = enum(*states(type.processes), column=True, max_length=64, nullable=False, always=True)
    return {**BASE, **named, "state": state, **TRANSITION}


def wire_only(name: str, fields: Mapping[str, Field], *, plural: str = "", **options: object) -> ResourceType:
    """A type without rows: an object inside another resource, or the input of an action. ``access``: see ``given``."""
    options.setdefault("access", given())
    options.setdefault("part", True)
    return ResourceType(name=name, plural=plural or f"{name}s", fields=fields, table=False, **options)  # type: ignore[arg-type]
