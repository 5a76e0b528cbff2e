# SPDX-License-Identifier: Apache-2.0
"""Passwords: stored as argon2id, checked in a few threads of their own, with guesses throttled.

Hashing costs tens of milliseconds and megabytes on purpose, so no unit does it. A unit that needs it raises
``Unchecked`` or ``Unhashed``; ``resolve`` does the work in a thread and runs the unit again. The server remembers a
right password for a while, as a keyed hash, so that HTTP Basic does not pay for it with each request.
"""

from __future__ import annotations

import asyncio
import hmac
import math
import os
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any, TypeVar

from orca.provision.people.throttle import Throttle
from orca.resources.credential import MIN_PASSWORD
from orca.resources.errors import Refused

T = TypeVar("T")

MEMORY_KIB = 19_456
PASSES = 2
"""OWASP's second recommendation for argon2id: 19 MiB, two passes, one lane."""
REMEMBER = 300.0
"""Seconds a right password is remembered."""
THREADS = 2
MOST_WAITING = 32
"""Most passwords that wait for a thread; further callers must try again later."""
MAX_ENTRIES = 10_000
NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$YWJjZGVmZ2hpamtsbW5vcA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
"""Replaces the hash of an unknown login, so that refusing it takes as long as refusing a wrong password."""


class Unchecked(Exception):
    """A password must be checked outside of the unit."""

    def __init__(self, name: str, address: str, kept: str, password: str) -> None:
        super().__init__()
        self.name, self.address, self.kept, self.password = name, address, kept, password


class Unhashed(Exception):
    """A new password must be hashed outside of the unit."""

    def __init__(self, password: str) -> None:
        super().__init__()
        self.password = password


class TooMany(Refused):
    """Too many wrong passwords, or too many at once."""

    def __init__(self, seconds: float) -> None:
        wait = math.ceil(seconds)
        super().__init__("Too Many Requests", f"too many wrong passwords; wait {wait} s", status=429)
        self.retry_after = wait


def hash_password(password: str) -> str:
    """The stored hash of a password."""
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1).hash(password)


def matches(kept: str, password: str) -> bool:
    """True if a password matches the stored hash."""
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return PasswordHasher().verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


class Passwords:
    """Works on passwords for one server."""

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._right: dict[bytes, float] = {}
        self._wrong: set[bytes] = set()
        self._hashed: dict[bytes, str] = {}
        self._throttle = Throttle()
        self._waiting = 0
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="orca-password")

    def matches(self, name: str, address: str, kept: str, password: str) -> bool:
        """True if a login's password is right, for a unit. A wrong one is reported once, since each attempt is a guess.

        Raises ``Unchecked`` until it was checked.
        """
        tag = self._tag(kept, password)
        if self._right.get(tag, 0.0) > time.monotonic():
            return True
        if tag in self._wrong:
            self._wrong.discard(tag)
            return False
        raise Unchecked(name, address, kept, password)

    def hashed(self, password: str, field: str) -> str:
        """The hash of a new password, for a unit. Raises ``Refused`` for a short one, ``Unhashed`` until it was
        hashed.
        """
        if len(password) < MIN_PASSWORD:
            raise Refused("MinLengthExceeded", f"a password has at least {MIN_PASSWORD} characters", field=field)
        kept = self._hashed.get(self._tag("", password))
        if kept is None:
            raise Unhashed(password)
        return kept

    async def resolve(self, run: Callable[[], Awaitable[T]]) -> T:
        """Run ``run``, checking and hashing the passwords that its units need in between. Raises ``TooMany``."""
        mine: list[bytes] = []
        try:
            for _ in range(4):
                try:
                    return await run()
                except Unchecked as need:
                    await self._check(need)
                except Unhashed as need:
                    made = await self._work(hash_password, need.password)
                    mine.append(self._tag("", need.password))
                    _bound(self._hashed)
                    self._hashed[mine[-1]] = made
        finally:
            # Not earlier, because the unit may be run again, and needs them again.
            for tag in mine:
                self._hashed.pop(tag, None)
        # Other requests took this one's answers: the same guess, many times at once.
        raise TooMany(1.0)

    async def _check(self, need: Unchecked) -> None:
        wait = self._throttle.wait(need.name, need.address)
        if wait > 0:
            raise TooMany(wait)
        self._throttle.attempt(need.name, need.address)
        tag = self._tag(need.kept, need.password)
        if await self._work(matches, need.kept, need.password):
            self._throttle.succeeded(need.name, need.address)
            _bound(self._right)
            self._right[tag] = time.monotonic() + REMEMBER
        else:
            if len(self._wrong) >= MAX_ENTRIES:
                self._wrong.pop()
            self._wrong.add(tag)

    async def _work(self, function: Callable[..., T], *arguments: str) -> T:
        if self._waiting >= MOST_WAITING:
            raise TooMany(1.0)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)
        finally:
            self._waiting -= 1

    def _tag(self, kept: str, password: str) -> bytes:
        return hmac.digest(self._key, f"{kept}\0{password}".encode("utf-8", "surrogatepass"), sha256)


def _bound(entries: dict[Any, Any]) -> None:
    """Bound a table that strangers fill: drop the oldest entry."""
    if len(entries) >= MAX_ENTRIES:
        del entries[next(iter(entries))]
