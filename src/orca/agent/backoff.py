# SPDX-License-Identifier: Apache-2.0
"""Waiting times between attempts: growing, bounded, and different on every host."""

import random

FIRST = 0.25
CAP = 15.0


class Backoff:
    """Doubling delays up to a cap; each is drawn from the upper half of its span, so that hosts spread out."""

    def __init__(self, first: float = FIRST, cap: float = CAP) -> None:
        """Args: bounds in seconds."""
        self._first, self._cap = first, cap
        self._span = first

    def reset(self) -> None:
        """Begin again with the shortest delay, after a success."""
        self._span = self._first

    def delay(self) -> float:
        """Return the seconds to wait now, and double the next wait."""
        span, self._span = self._span, min(self._cap, self._span * 2)
        return random.uniform(span / 2, span)  # noqa: S311 (spreading load, not a secret)
