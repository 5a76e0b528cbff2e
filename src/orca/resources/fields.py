# SPDX-License-Identifier: Apache-2.0
"""How a field is declared: type, default, limits, and who may do what with it.

Rights are letters: ``c`` may be given at creation, ``r`` is shown, ``u`` may be changed later, ``o`` is shown only in
the answer to the creation. They are cut to what a role may do with the type as a whole, so ``"cru"`` on a type that
administrators only read is ``"r"`` for them. Field types follow the v1 grammar (``string``, ``array[T]``,
``reference[T]`` and so on).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final


class _Unset:
    """Says that a field has no default; None is a default."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = _Unset()

OPERATORS: Final = frozenset({"admin", "readAdmin", "service"})
"""Roles that see a resource's inner data."""
NOBODY: Final[frozenset[str]] = frozenset()
"""A field that only the superadmin role sees, or no role at all."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a resource type. ``column``: it can be filtered and searched by; others lie in the JSON column.

    ``roles``: who sees it (None: everyone who sees the type; superadmin always). ``by_role`` overrides ``rights``.
    ``reverse``: the name of the link on the referenced type that lists these rows (empty: no such link; None: the
    plural). ``far``: in a type that ties two others together, the name of the link from the other one to this field's
    resource (None: its type's plural).
    ``pattern``: what the whole text looks like, for those who write one; whoever reads it refuses another in words of
    its own. ``wrong``: says what is wrong with a text, None for a good one; what the validator refuses with.
    ``big``: a number that 32 bits do not hold. ``also``: letters added in ``/v2``. ``ours``: shown in ``/v2`` only.
    ``secret``: no role ever reads it back (``o`` excepted).
    ``most``: entries of a list or an object that may be given, fewer than of any (``orca.resources.limits``), because
    each of them is a row or more.
    ``always``: no row is without it: the store refuses None, and Python code need not ask for it.
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
        """The type a reference field points at; None for any other field."""
        return self.type[10:-1] if self.type.startswith("reference[") else None


@dataclass(frozen=True)
class OwnKey:
    """A key of the JSON column beside the fields: the server's own, no field of the API.

    ``type``: as of a field. ``key``: what it is called in the column, where that is not the name it is declared by.
    """

    type: str
    key: str | None = None


def string(rights: str = "r", **options: Any) -> Field:
    """Text, at most 255 characters unless said otherwise."""
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
    """The id of another resource; an indexed column unless said otherwise."""
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
    """An object of another declared type, kept inside this one."""
    return Field(type=type, rights=rights, **options)
