# SPDX-License-Identifier: Apache-2.0
"""The check of a strict request's query. v1 ignores unknown parameters, so a list with a misspelt filter shows
everything.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from orca.api.requests.ask import Ask
from orca.resources.errors import Refused
from orca.resources.spoken import a
from orca.resources.validation import MAX_INTEGER, MIN_INTEGER, whole_number
from orca.resources.views import TypeView

MARKER = "m([0-9]{1,10})"
ORDERS = ("asc", "desc")
ANYWHERE = frozenset({"projectId", "all"})
"""Parameters that are known everywhere; so are those that begin with an underscore."""


def check(ask: Ask, type: TypeView, *, listed: bool) -> None:
    """Raise ``Refused`` for an unknown parameter of a strict request."""
    for name, text in ask.query if ask.strict else ():
        if name.startswith("_") or name in ANYWHERE:
            continue
        if name == "include":
            _one_of(name, text, [link.lower() for link in type.links])
        elif not listed or not _listing(type, name, text):
            raise Refused("UnknownField", f"{name} is not a parameter for {a(type.name)}", field=name)


def only(ask: Ask, known: Collection[str] = ()) -> None:
    """Raise ``Refused`` for an unknown parameter of a strict request that lists no rows."""
    for name, _ in ask.query if ask.strict else ():
        if not name.startswith("_") and name not in ANYWHERE and name not in known:
            raise Refused("UnknownField", f"{name} is not a parameter here", field=name)


def _listing(type: TypeView, name: str, text: str) -> bool:
    """True if it is a parameter of a list. Raises ``Refused`` for a value that it cannot have."""
    if name == "limit":
        number = whole_number(text)
        if number is None or not MIN_INTEGER <= number <= MAX_INTEGER:
            raise Refused("InvalidFormat", "limit must be a whole number", field=name)
    elif name == "marker":
        if not re.fullmatch(MARKER, text):
            raise Refused("InvalidFormat", "marker must come from the page before", field=name)
    elif name == "order":
        _one_of(name, text, ORDERS)
    elif name == "sort":
        if text not in type.filters:
            raise Refused("InvalidOption", f"{type.type.plural} cannot be sorted by {text}", field=name)
    else:
        return filter_of(type, name) is not None
    return True


def filter_of(type: TypeView, parameter: str) -> tuple[str, str] | None:
    """The field that a parameter filters by, and how it compares; None if it is not a filter."""
    if parameter in type.filters:
        return parameter, "eq"
    name, _, modifier = parameter.rpartition("_")
    return (name, modifier) if modifier in type.filters.get(name, ()) else None


def _one_of(name: str, text: str, options: Collection[str]) -> None:
    if text.lower() not in options:
        raise Refused("InvalidOption", f"{name} must be one of {', '.join(options)}", field=name)
