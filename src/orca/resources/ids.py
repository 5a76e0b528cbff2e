# SPDX-License-Identifier: Apache-2.0
"""Ids on the wire: the root type's prefix and the number, ``1h5``.

They are unique per type only; prefixes collide between types.
"""

from __future__ import annotations

import re

from orca.resources.catalog import TYPES, root

MAX_ID = 10**18 - 1
_FORM = re.compile(r"1?[a-z]*([0-9]{1,18})", re.IGNORECASE)


def show(type: str, id: int) -> str:
    """The id of a row of that type as clients see it."""
    return f"{root(type).prefix}{id}"


def parse(text: object) -> int | None:
    """The number in an id; a plain number is accepted too. None if the text is not an id.

    The prefix is not checked against a type, as in v1. The leading ``1`` counts as a prefix only before letters.
    """
    if isinstance(text, int) and not isinstance(text, bool):
        return text if 0 <= text <= MAX_ID else None
    if not isinstance(text, str):
        return None
    if text.isdecimal():
        return int(text) if len(text) <= 18 else None
    match = _FORM.fullmatch(text)
    return int(match.group(1)) if match else None


def is_reference(type: str) -> bool:
    """True if a declared reference type has rows to point at."""
    return type in TYPES and TYPES[type].table
