# SPDX-License-Identifier: Apache-2.0
"""Limits of one request: bounds by counting, so that the largest request takes about a second to read.

A refusal names the field, the limit and the cure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orca.resources.errors import Refused

MOST_NODES = 100_000
"""Values in one body, counting those of nested lists and maps."""
MOST_ITEMS = 10_000
"""Entries of one list or map."""
MOST_DEPTH = 64
"""Levels of nested lists and maps, including the body."""
MOST_DIGITS = 40
"""Digits of one number."""
MOST_ROWS = 1000
"""Entries of one list or map with a row for each entry: references, parts with fields, labels."""
MOST_VOLUMES = 256
"""Volumes of one container: each needs rows for itself, its mount and its place."""
MOST_SHARERS = 100
"""Containers that share the network of one: all of them are restarted in one unit."""
MOST_AT_ONCE = 250
"""Containers that one request makes, all in one unit."""
MOST_SIDEKICKS = 100
"""Sidekicks of one service."""
PORTS_OF_CONTAINER = 1024
PORTS_OF_REQUEST = 4096
"""Published ports."""

_LARGEST = 10**MOST_DIGITS


def check(body: Mapping[str, Any]) -> None:
    """Refuse too large a body. The limits bound the cost of this check.

    Raises:
        Refused: too many entries, too many values, too deep, a number with too many digits.
    """
    _count(None, len(body))
    left = MOST_NODES
    for name, value in body.items():
        layer, depth = [value], 1
        while layer:
            left -= len(layer)
            if left < 0:
                raise _exceeded(name, f"the body holds more than {MOST_NODES} values", "make several requests")
            deeper: list[Any] = []
            for item in layer:
                if isinstance(item, dict | list):
                    _count(name, len(item))
                    deeper += item.values() if isinstance(item, dict) else item
                elif isinstance(item, int) and not -_LARGEST < item < _LARGEST:
                    raise too_long_number(name)
            layer = deeper
            depth += 1
            if depth >= MOST_DEPTH and any(isinstance(item, dict | list) for item in layer):
                deep = f"{name}: the body is nested more than {MOST_DEPTH} deep; make it flatter"
                raise Refused("InvalidBodyContent", deep, field=name)


def too_long_number(name: str | None) -> Refused:
    """A number has too many digits."""
    return _exceeded(name, f"a number has at most {MOST_DIGITS} digits", "give a shorter one, or give it as text")


def count_rows(name: str, items: int, most: int = MOST_ROWS) -> None:
    """Refuse a list or an object with more than ``most`` entries, each of which is a row. Raises ``Refused``."""
    if items > most:
        raise _exceeded(name, f"at most {most} entries, not {items}", "leave some out")


def _count(name: str | None, items: int) -> None:
    if items > MOST_ITEMS:
        what = f"a list or an object has at most {MOST_ITEMS} entries, not {items}"
        raise _exceeded(name, what, "make several requests, or bring long texts as a file or a volume")


def _exceeded(name: str | None, limit: str, cure: str) -> Refused:
    return Refused("MaxLimitExceeded", f"{name or 'the body'}: {limit}; {cure}", field=name)
