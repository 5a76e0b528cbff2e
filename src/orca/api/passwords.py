# SPDX-License-Identifier: Apache-2.0
"""Passwords: argon2id at rest, checked in a thread of their own, and not as often as somebody may guess.

Checking costs tens of milliseconds and megabytes on purpose; a password that was right is remembered for a while (as a
keyed hash), so that HTTP Basic does not pay for it with each request.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

MEMORY_KIB = 19_456
PASSES = 2
"""OWASP's second recommendation for argon2id: 19 MiB, two passes, one lane."""
REMEMBER = 300.0
"""Seconds a right password is remembered."""
FREE_FAILURES = 5
PENALTY = 10.0
"""Seconds that a name and address wait after each failure beyond the free ones."""
MAX_ENTRIES = 10_000


class TooMany(Exception):
    """Too many wrong passwords; wait."""


def hash_password(password: str) -> str:
    """What is kept of a password."""
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1).hash(password)


def matches(kept: str, password: str) -> bool:
    """Whether a password is the one that was kept."""
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return PasswordHasher().verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


class Passwords:
    """Checks passwords for one server."""

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._right: dict[bytes, float] = {}
        self._wrong: dict[tuple[str, str], tuple[int, float]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="orca-password")

    def known(self, kept: str, password: str) -> bool:
        """Whether this password was right for this hash not long ago."""
        return self._right.get(self._tag(kept, password), 0.0) > time.monotonic()

    async def check(self, name: str, client: str, kept: str, password: str) -> bool:
        """Check and remember. Raises ``TooMany`` instead of checking after too many failures."""
        failures, until = self._wrong.get((name, client), (0, 0.0))
        if failures >= FREE_FAILURES and until > time.monotonic():
            raise TooMany
        right = await asyncio.get_running_loop().run_in_executor(self._thread, matches, kept, password)
        now = time.monotonic()
        if right:
            _bound(self._right)
            self._right[self._tag(kept, password)] = now + REMEMBER
            self._wrong.pop((name, client), None)
        else:
            _bound(self._wrong)
            self._wrong[name, client] = (failures + 1, now + PENALTY)
        return right

    def _tag(self, kept: str, password: str) -> bytes:
        return hmac.digest(self._key, f"{kept}\0{password}".encode(), sha256)


def _bound(entries: dict[Any, Any]) -> None:
    """Keep a table of strangers' making small: the oldest entry goes."""
    if len(entries) >= MAX_ENTRIES:
        del entries[next(iter(entries))]
