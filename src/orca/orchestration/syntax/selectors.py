# SPDX-License-Identifier: Apache-2.0
"""Selectors of labels, such as ``tier=web, env in (a, b), !old``. Pure. All requirements must hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

_NAME = r"[A-Za-z0-9][A-Za-z0-9._/-]*"
_SET = re.compile(rf"^({_NAME})\s+(in|notin)\s*\(([^()]*)\)$")
_EQUAL = re.compile(rf"^({_NAME})\s*(!=|==?)\s*([^=!()\s]*)$")
_EXISTS = re.compile(rf"^(!?)\s*({_NAME})$")


class BadSelector(ValueError):
    """A selector that cannot be read; the message shows the part."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """A label has (or, negated, does not have) one of these values; without values: it exists (or does not)."""

    key: str
    values: frozenset[str] | None = None
    negated: bool = False

    def holds(self, labels: Mapping[str, str]) -> bool:
        """True if the labels meet it."""
        found = self.key in labels and (self.values is None or labels[self.key] in self.values)
        return found != self.negated


@lru_cache(1000)
def parse(text: str) -> tuple[Requirement, ...]:
    """Read a selector; an empty one has no requirements.

    Raises:
        BadSelector: a part of another form.
    """
    # A comma inside parentheses separates values.
    parts = re.split(r",(?![^(]*\))", text)
    return tuple(_requirement(part.strip()) for part in parts) if text.strip() else ()


def matches(text: str | None, labels: Mapping[str, str] | None) -> bool:
    """True if labels are selected; no selector selects nothing."""
    requirements = parse(text or "")
    return bool(requirements) and all(requirement.holds(labels or {}) for requirement in requirements)


def _requirement(part: str) -> Requirement:
    if match := _SET.match(part):
        values = frozenset(value.strip() for value in match[3].split(","))
        if "" in values:
            raise BadSelector(f"selector {part!r}: values are separated by single commas")
        return Requirement(match[1], values, match[2] == "notin")
    if match := _EQUAL.match(part):
        return Requirement(match[1], frozenset({match[3]}), match[2] == "!=")
    if match := _EXISTS.match(part):
        return Requirement(match[2], None, bool(match[1]))
    raise BadSelector(f"selector {part!r} has none of the forms k=v, k!=v, k in (a,b), k notin (a,b), k, !k")
