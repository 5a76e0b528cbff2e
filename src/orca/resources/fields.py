# SPDX-License-Identifier: Apache-2.0
"""Declarations of fields: type, default, limits and rights.

Rights are letters: ``c`` may be given at creation, ``r`` is shown, ``u`` may be changed later, ``o`` is shown only in
the answer to the creation. A role's rights on the type limit them, so ``"cru"`` on a type that administrators only read
is ``"r"`` for them. Field types follow the v1 grammar (``string``, ``array[T]``, ``reference[T]`` and so on).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final


class _Unset:
    """Marks a field without a default; None is a default."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = _Unset()

OPERATORS: Final = frozenset({"admin", "readAdmin", "service"})
"""Roles that see a resource's internal data."""
NOBODY: Final[frozenset[str]] = frozenset()
"""A field that only the superadmin role sees, or no role at all."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a resource type. ``column``: it can be filtered by; other fields are in the JSON column.

    ``roles``: who sees it (None: everyone who sees the type; superadmin always). ``by_role`` overrides ``rights``.
    ``reverse``: the name of the link on the referenced type that lists these rows (empty: no such link; None: the
    plural). ``far``: in a type that ties two others together, the name of the link from the other one to this field's
    resource (None: its type's plural). ``pattern``: the form of the whole text, for clients; the code that reads the
    text refuses others with its own message. ``wrong``: returns the error of a text, None for a valid one; the
    validator refuses with it. ``big``: a number that needs more than 32 bits. ``also``: letters added in ``/v2``.
    ``ours``: shown in ``/v2`` only. ``secret``: no role ever reads it back (except ``o``). ``most``: most entries of a
    list or an object, fewer than the general limit (``orca.resources.limits``), because each is a row or more.
    ``linked``: ``/v1`` takes it and does not show it, since a link has its name, which clients would not reach.
    ``always``: every row has it: the store refuses None, and Python code need not check.
    """

    type: str
    rights: str = "r"
    column: bool = False
    index: bool = False
    default: Any = UNSET
    nullable: bool = True
    required: bool = False
    options: tuple[str, ...] = ()
    min: int | None = None
    max: int | None = None
    big: bool = False
    min_length: int | None = None
    max_length: int | None = None
    valid_chars: str | None = None
    pattern: str | None = None
    wrong: Callable[[str], str | None] | None = None
    roles: frozenset[str] | None = None
    by_role: Mapping[str, str] = field(default_factory=dict)
    reverse: str | None = None
    far: str | None = None
    ours: bool = False
    also: str = ""
    secret: bool = False
    most: int | None = None
    linked: bool = False
    always: bool = False
    description: str | None = None

    def letters(self, role: str) -> str:
        """The declared rights of a role, not yet cut to the role's rights on the type."""
        if not self.rights and not self.by_role:
            return ""
        if role == "superadmin":
            return "cru"
        if role in self.by_role:
            return self.by_role[role]
        if self.roles is not None and role not in self.roles:
            return ""
        return self.rights

    @property
    def reference(self) -> str | None:
        """The type of a reference field; None for any other field."""
        return self.type[10:-1] if self.type.startswith("reference[") else None


@dataclass(frozen=True)
class OwnKey:
    """A key of the JSON column beside the fields: the server's own, no field of the API.

    ``type``: as of a field. ``key``: its name in the column, if that differs from the declared name.
    """

    type: str
    key: str | None = None


def string(rights: str = "r", **options: Any) -> Field:
    """Text, by default at most 255 characters."""
    return Field(type="string", rights=rights, **{"max_length": 255, **options})


def text(rights: str = "r", **options: Any) -> Field:
    """Text of any length."""
    return Field(type="string", rights=rights, **options)


def integer(rights: str = "r", **options: Any) -> Field:
    """A whole number."""
    return Field(type="int", rights=rights, **options)


def boolean(rights: str = "r", **options: Any) -> Field:
    """True or false."""
    return Field(type="boolean", rights=rights, **options)


def date(rights: str = "r", **options: Any) -> Field:
    """A point in time: UTC milliseconds inside, ISO 8601 on the wire."""
    return Field(type="date", rights=rights, **options)


def enum(*options: str, rights: str = "r", **more: Any) -> Field:
    """One of the given words."""
    return Field(type="enum", rights=rights, options=options, **more)


def ref(type: str, rights: str = "r", **options: Any) -> Field:
    """The id of another resource; by default an indexed column."""
    column = options.pop("column", True)
    return Field(type=f"reference[{type}]", rights=rights, column=column, **{"index": column, **options})


def array(of: str, rights: str = "r", **options: Any) -> Field:
    """A list."""
    return Field(type=f"array[{of}]", rights=rights, **options)


def mapping(of: str, rights: str = "r", **options: Any) -> Field:
    """An object with text keys."""
    return Field(type=f"map[{of}]", rights=rights, **options)


def any_json(rights: str = "r", **options: Any) -> Field:
    """Any JSON value."""
    return Field(type="json", rights=rights, **options)


def embedded(type: str, rights: str = "r", **options: Any) -> Field:
    """An object of another declared type, stored inside this one."""
    return Field(type=type, rights=rights, **options)
