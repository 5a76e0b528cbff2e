# SPDX-License-Identifier: Apache-2.0
"""One number for a set of config items and their versions, so that host and server compare without naming each item.

It is a sum, so that the server keeps it up to date by adding and subtracting what changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

MODULUS: Final = (1 << 61) - 1
"""A sum of two parts fits into 64 bits. Two different sets have the same number once in 10^18 times."""


def part(name: str, version: int | None) -> int:
    """What an item adds to the number; 0 for no version at all."""
    if version is None:
        return 0
    return int.from_bytes(hashlib.sha256(f"{version} {name}".encode()).digest()[:8]) % MODULUS


def total(items: Mapping[str, int]) -> int:
    """The number of a whole set, by name the version."""
    return sum(part(name, version) for name, version in items.items()) % MODULUS


def text(number: int) -> str:
    """The number as a hello has it."""
    return f"{number:x}"
