# SPDX-License-Identifier: Apache-2.0
"""The time of a simulated host: it stands still until the caller sets it."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable


class Clock:
    """A clock with alarms; ``now`` is in UTC milliseconds."""

    def __init__(self) -> None:
        self.now = 0
        self._alarms: list[tuple[int, int, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self.earlier: Callable[[], object] = lambda: None
        """Called when an action is planned that comes before all others."""

    def after(self, pause: int, action: Callable[[], object]) -> None:
        """Let ``run`` call ``action`` once ``pause`` milliseconds have passed."""
        alarm = (self.now + pause, next(self._numbers), action)
        heapq.heappush(self._alarms, alarm)
        if self._alarms[0] is alarm:
            self.earlier()

    @property
    def due(self) -> int | None:
        """The time of the next action; None if there is none."""
        return self._alarms[0][0] if self._alarms else None

    def set(self, now: int) -> None:
        """Set the time, which never goes back; actions that are due wait for ``run``."""
        self.now = max(self.now, now)

    def run(self) -> None:
        """Do what is due, in order. Actions that these make due wait for the next ``run``."""
        due = []
        while self._alarms and self._alarms[0][0] <= self.now:
            due.append(heapq.heappop(self._alarms)[2])
        for action in due:
            action()
