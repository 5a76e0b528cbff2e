# SPDX-License-Identifier: Apache-2.0
"""How often somebody may be wrong: failures are counted by name and address together, by address, and by name.

Somebody at one address is slowed down soon; many addresses that try one name, or one that tries many names, later.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

FREE = {"both": 5, "address": 30, "name": 50}
"""Failures that cost nothing, by what they are counted by."""
PENALTY = 10.0
"""Seconds to wait after the first failure beyond; doubled by each further one."""
MOST = 300.0
FORGET = 900.0
"""Seconds without a failure after which all is forgotten."""
MAX_ENTRIES = 10_000
"""Strangers choose the names: the oldest entry goes."""


@dataclass(slots=True)
class Failures:
    """How many there were, until when the next attempt is refused, when all is forgotten."""

    count: int = 0
    until: float = 0.0
    forgotten: float = 0.0


class Throttle:
    """Failures of one server's visitors."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: dict[tuple[str, str, str], Failures] = {}

    def wait(self, name: str, address: str) -> float:
        """Seconds until this name may be tried from this address; 0 is now."""
        now = self._clock()
        known = [self._failures[key] for key in keys(name, address) if key in self._failures]
        return max(0.0, *(each.until - now for each in known)) if known else 0.0

    def attempt(self, name: str, address: str) -> None:
        """Count a failure, before it is known to be one: attempts at the same time count too."""
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
        """The attempt was no failure, and the earlier ones of this name at this address are forgiven."""
        both, *others = keys(name, address)
        self._failures.pop(both, None)
        for key in others:
            if key in self._failures:
                self._failures[key].count -= 1
                self._failures[key].until = 0.0


def keys(name: str, address: str) -> list[tuple[str, str, str]]:
    """What failures are counted by."""
    return [("both", name, address), ("address", "", address), ("name", name, "")]
