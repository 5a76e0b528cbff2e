# SPDX-License-Identifier: Apache-2.0
"""The time of a pretended host: it stands still until somebody lets it pass."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable


class Clock:
    """``now`` is in UTC milliseconds."""

    def __init__(self) -> None:
        self.now = 0
        self._alarms: list[tuple[int, int, Callable[[], object]]] = []
        self._numbers = itertools.count()

    def after(self, pause: int, action: Callable[[], object]) -> None:
        """Have something done once so many milliseconds have passed."""
        heapq.heappush(self._alarms, (self.now + pause, next(self._numbers), action))

    @property
    def due(self) -> int | None:
        """When the next thing happens; None: nothing will."""
        return self._alarms[0][0] if self._alarms else None

    def set(self, now: int) -> None:
        """Let time pass until ``now``, without what is due: that is for ``run``. It never goes back."""
        self.now = max(self.now, now)

    def run(self) -> None:
        """Have done what is due, in order. What that makes due at once is for the next run."""
        due = []
        while self._alarms and self._alarms[0][0] <= self.now:
            due.append(heapq.heappop(self._alarms)[2])
        for action in due:
            action()
