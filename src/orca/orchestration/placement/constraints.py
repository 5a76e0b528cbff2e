# SPDX-License-Identifier: Apache-2.0
"""Constraints on the host of a container, from labels or Swarm's variables in its environment. Pure.

Comparisons ignore case. Each part of a list is a constraint of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from orca.orchestration.syntax.labels import AFFINITY, GLOBAL, STACK_SERVICE

Subject = Literal["host_label", "container_label", "container"]

_KEY = re.compile(rf"^{AFFINITY}(host_label|container_label|container)(_soft)?(_ne)?$")
_SWARM = re.compile(r"^(constraint|affinity):(.+?)(==|!=)(~?)(.*)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Constraint:
    """One constraint: ``subject`` ``key`` (a label's name; empty for a container) is, or is not, ``value``."""

    subject: Subject
    key: str
    value: str
    negative: bool = False
    soft: bool = False

    def __str__(self) -> str:
        name = self.subject.replace("_", " ")
        sign = "!=" if self.negative else "="
        return f"{name} {self.key}{sign}{self.value}" if self.key else f"{name}{sign}{self.value}"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What constraints compare on one host, in lower case: its labels, its containers' labels, names and uuids."""

    labels: Mapping[str, str] = field(default_factory=dict)
    container_labels: frozenset[tuple[str, str]] = frozenset()
    containers: frozenset[str] = frozenset()


NOTHING = Surroundings()
"""A host without labels and containers."""


def read(
    labels: Mapping[str, str], environment: Mapping[str, str], macros: Mapping[str, str] | None = None
) -> tuple[Constraint, ...]:
    """The constraints of a container. ``macros`` are the values of ``${stack_name}`` and so on."""
    found: list[Constraint] = []
    for name, text in labels.items():
        match = _KEY.match(name.lower())
        if match is not None:
            subject, soft, negative = match.groups()
            for part in _expand(text, macros or {}).lower().split(","):
                found += _constraint(subject, part.strip(), bool(negative), bool(soft), macros or {})
    for name, rest in environment.items():
        # Docker splits a variable `affinity:container==x` at its first `=`.
        match = _SWARM.match(f"{name}={rest}" if rest else name)
        if match is not None:
            word, key, sign, soft, value = match.groups()
            subject = "host_label" if word == "constraint" else "container" if key == "container" else "container_label"
            part = value if subject == "container" else f"{key}={value}"
            found += _constraint(subject, part.strip().lower(), sign == "!=", bool(soft), macros or {})
    return tuple(found)


def holds(constraint: Constraint, host: Surroundings) -> bool:
    """True if a host meets the constraint."""
    if constraint.subject == "host_label":
        found = host.labels.get(constraint.key) == constraint.value
    elif constraint.subject == "container_label":
        found = (constraint.key, constraint.value) in host.container_labels
    else:
        found = constraint.value in host.containers
    return found != constraint.negative


def lower(labels: Mapping[str, str] | None) -> dict[str, str]:
    """Labels as constraints compare them."""
    return {name.lower(): str(value).lower() for name, value in (labels or {}).items()}


def is_constraint(label: str) -> bool:
    """True if a label of this name is a constraint."""
    return _KEY.match(label.lower()) is not None


def is_global(labels: Mapping[str, str] | None) -> bool:
    """True if a service with these labels has a unit on every host."""
    return str((labels or {}).get(GLOBAL, "")).lower() == "true"


def _constraint(subject: str, part: str, negative: bool, soft: bool, macros: Mapping[str, str]) -> Iterable[Constraint]:
    if not part:
        return
    if subject == "container":
        yield Constraint("container", "", part, negative, soft)
        return
    key, _, value = part.partition("=")
    if subject == "container_label" and key == STACK_SERVICE and "/" not in value and "stack_name" in macros:
        value = f"{macros['stack_name'].lower()}/{value}"
    yield Constraint("host_label" if subject == "host_label" else "container_label", key, value, negative, soft)


def _expand(text: str, macros: Mapping[str, str]) -> str:
    for name, value in macros.items():
        text = text.replace(f"${{{name}}}", value)
    return text
