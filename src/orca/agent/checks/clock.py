# SPDX-License-Identifier: Apache-2.0
"""Whether this checker is on time: one that starves, or was paused, sees failures that are its own fault."""

import time

TICK_SECONDS = 0.25
LATE_SECONDS = 0.5
"""So late is a tick, or so slow an answer of HAProxy, that what was found meanwhile proves nothing."""


class Clock:
    """When this process, or HAProxy, was late. Times are monotonic seconds."""

    def __init__(self) -> None:
        """Begin with a HAProxy that has not answered yet."""
        self._late_until = self._ticked = time.monotonic()
        self._asked: float | None = None
        self._answers = False

    @property
    def late_until(self) -> float:
        """Until when the checker was late for the last time; now, if it is."""
        now = time.monotonic()
        waiting = self._asked is not None and now - self._asked > LATE_SECONDS
        return now if waiting or not self._answers else self._late_until

    def tick(self) -> bool:
        """Note that the loop runs, at least once in ``TICK_SECONDS``; return whether it was late."""
        now = time.monotonic()
        late = now - self._ticked > TICK_SECONDS + LATE_SECONDS
        self._ticked = now
        if late:
            self._late_until = now
        return late

    def asks(self) -> None:
        """Note that HAProxy is asked for a sign of life."""
        self._asked = time.monotonic()

    def answered(self) -> bool:
        """Note its answer; return whether it was late, or came after none."""
        now = time.monotonic()
        late = not self._answers or (self._asked is not None and now - self._asked > LATE_SECONDS)
        self._asked, self._answers = None, True
        if late:
            self._late_until = now
        return late

    def missed(self) -> None:
        """Note that no answer came."""
        self._answers = False
