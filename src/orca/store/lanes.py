# SPDX-License-Identifier: Apache-2.0
"""Fair shares: waiting things stand in lanes, and the lanes take turns."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")
L = TypeVar("L", bound=Hashable)


class Lanes(Generic[L, T]):
    """First come, first served within a lane; round robin between lanes. Not thread-safe.

    A lane exists while something waits in it, so its name (a tenant) need not be known before.
    """

    def __init__(self) -> None:
        self._waiting: dict[L, deque[T]] = {}
        """In the order of turns: a lane that had its turn goes to the end."""
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def put(self, lane: L, item: T) -> None:
        """Wait at the end of a lane."""
        self._waiting.setdefault(lane, deque()).append(item)
        self._length += 1

    def take(self, busy: Collection[L] = ()) -> T | None:
        """The next one; None if nothing waits, or only in lanes that are ``busy``."""
        for lane in self._waiting:
            if lane not in busy:
                return self._first_of(lane)
        return None

    def _first_of(self, lane: L) -> T:
        items = self._waiting.pop(lane)
        item = items.popleft()
        self._length -= 1
        if items:
            self._waiting[lane] = items
        return item
