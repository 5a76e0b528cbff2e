# SPDX-License-Identifier: Apache-2.0
"""The throttle of wrong passwords: failures are counted by name and address together, by address, and by name.

One name at one address is slowed down soon. Many addresses that try one name, or one address that tries many names, are
slowed down later.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

FREE = {"both": 5, "address": 30, "name": 50}
"""Failures without a wait, by kind of count."""
PENALTY = 10.0
"""Seconds to wait after the first failure above that; each further one doubles them."""
MOST = 300.0
FORGET = 900.0
"""Seconds without a failure after which the count is forgotten."""
MAX_ENTRIES = 10_000
"""Most entries, since strangers choose the names; the oldest is dropped."""


@dataclass(slots=True)
class Failures:
    """Their number, when the next attempt is allowed, and when they are forgotten."""

    count: int = 0
    until: float = 0.0
    forgotten: float = 0.0


class Throttle:
    """The failures at one server."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: dict[tuple[str, str, str], Failures] = {}

    def wait(self, name: str, address: str) -> float:
        """Seconds until this address may try this name; 0 means now."""
        now = self._clock()
        known = [self._failures[key] for key in keys(name, address) if key in self._failures]
        return max(0.0, *(each.until - now for each in known)) if known else 0.0

    def attempt(self, name: str, address: str) -> None:
        """Count an attempt as a failure in advance, so that simultaneous attempts count too."""
        now = self._clock()
        for key in keys(name, address):
            failures = self._failures.pop(key, Failures())
            if failures.forgotten < now:
                failures = Failures()
            failures.count += 1
            failures.forgotten = now + FORGET
            beyond = failures.count - FREE[key[0]]
            if beyond >= 0:
                failures.until = now + min(MOST, PENALTY * 2.0 ** min(beyond, 10))
            while len(self._failures) >= MAX_ENTRIES:
                del self._failures[next(iter(self._failures))]
            self._failures[key] = failures

    def succeeded(self, name: str, address: str) -> None:
        """The attempt succeeded: forget it and the earlier failures of this name at this address."""
        both, *others = keys(name, address)
        self._failures.pop(both, None)
        for key in others:
            if key in self._failures:
                self._failures[key].count -= 1
                self._failures[key].until = 0.0


def keys(name: str, address: str) -> list[tuple[str, str, str]]:
    """The keys under which a failure counts."""
    return [("both", name, address), ("address", "", address), ("name", name, "")]
