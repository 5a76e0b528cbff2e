# SPDX-License-Identifier: Apache-2.0
"""The key ``healthcheck`` of compose files: the engine's own check of a container, in the API's form and back.

Source: the Compose specification, "healthcheck"; its durations are Go's (``1m30s``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from orca.orchestration.compose import values
from orca.orchestration.compose.errors import Wrong
from orca.orchestration.compose.tree import Node
from orca.orchestration.health.command import NONE, SHELL

_UNITS = {
    "ns": Fraction(1, 1_000_000),
    "us": Fraction(1, 1000),
    "µs": Fraction(1, 1000),
    "μs": Fraction(1, 1000),
    "ms": Fraction(1),
    "s": Fraction(1000),
    "m": Fraction(60_000),
    "h": Fraction(3_600_000),
}
"""Milliseconds of a unit; two characters look alike."""
_PART = re.compile(r"(\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_DURATION = re.compile(f"(?:{_PART.pattern})+")
_LONGEST = 10
"""Most parts of a duration."""


def duration(node: Node) -> int:
    """A time in milliseconds, rounded up, so that only nothing is 0."""
    text = values.string(node)
    if text == "0":
        return 0
    found = _PART.findall(text)
    if not _DURATION.fullmatch(text) or len(found) > _LONGEST:
        raise Wrong(node.place, f"{text[:80]!r} is no duration such as 10s or 1m30s")
    return -int(-sum(Fraction(Decimal(number)) * _UNITS[unit] for number, unit in found) // 1)


_PARTS: dict[str, tuple[str, Callable[[Node], Any]]] = {
    "interval": ("interval", duration),
    "timeout": ("timeout", duration),
    "retries": ("retries", values.integer),
    "start_period": ("startPeriod", duration),
    "start_interval": ("startInterval", duration),
}


def read(node: Node) -> dict[str, Any] | None:
    """The API's ``engineHealthCheck``; None for an empty mapping, which says nothing."""
    found: dict[str, Any] = {}
    disabled = False
    for key, inner in node.entries().items():
        if inner.value is None or key.startswith("x-"):
            continue
        try:
            if key == "test":
                found["test"] = _test(inner)
            elif key == "disable":
                disabled = values.boolean(inner)
            elif key in _PARTS:
                field, form = _PARTS[key]
                found[field] = form(inner)
            else:
                raise Wrong(inner.named, "unsupported config option")
        except Wrong as error:
            raise Wrong(error.place, f"{key}: {error.message}") from error
    if disabled:
        return {"test": [NONE]}
    return found or None


def write(check: dict[str, Any]) -> dict[str, Any] | None:
    """The value of the key; None if the check says nothing that the key can say."""
    found: dict[str, Any] = {"test": check["test"]} if check.get("test") else {}
    for key, (field, form) in _PARTS.items():
        value = check.get(field)
        if value is not None:
            found[key] = f"{value}ms" if form is duration else value
    return found or None


def _test(node: Node) -> list[str]:
    if not isinstance(node.value, list):
        return [SHELL, values.string(node)]
    if not node.value:
        raise Wrong(node.place, "an empty list says nothing: leave it out")
    return values.strings(node)
