# SPDX-License-Identifier: Apache-2.0
"""The in-process bus: subscribers get changes after COMMIT, in commit order.

``Change.seq`` is the number of the event row. The writer numbers rows in the order of commits, so the number is also
the resume cursor of subscribers.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """Something about one resource changed. ``type`` is the most specific type, ``root`` the table it lies in."""

    seq: int
    type: str
    root: str
    id: int
    account_id: int | None


class Overflow(Exception):
    """A subscriber was too slow; it missed changes and must read the present state again."""


class Subscription:
    """Changes since the subscription was made, as an async iterator. Close it, or use it as a context manager."""

    def __init__(self, bus: Bus, roots: frozenset[str] | None, limit: int, account_id: int | None) -> None:
        self._bus = bus
        self._roots = roots
        self._accounts = None if account_id is None else (None, account_id)
        self._limit = limit
        self._queue: deque[Change] = deque()
        self._ready = asyncio.Event()
        self._overflown = False

    def offer(self, changes: Iterable[Change]) -> None:
        """Take changes from the bus; runs in the event loop."""
        wanted = [
            change
            for change in changes
            if (self._roots is None or change.root in self._roots)
            and (self._accounts is None or change.account_id in self._accounts)
        ]
        if not wanted:
            return
        if len(self._queue) + len(wanted) > self._limit:
            self._overflown = True
            self._bus.overflows += 1
            self._queue.clear()
        else:
            self._queue.extend(wanted)
        self._ready.set()

    async def batch(self) -> list[Change]:
        """Wait for a change, or for ``wake``, and return all changes so far. Raises ``Overflow`` once after a loss."""
        await self._ready.wait()
        self._ready.clear()
        if self._overflown:
            self._overflown = False
            raise Overflow
        changes = list(self._queue)
        self._queue.clear()
        return changes

    def wake(self) -> None:
        """Have ``batch`` return now, even with no change."""
        self._ready.set()

    @property
    def waiting(self) -> bool:
        """True if changes wait, or were lost."""
        return self._ready.is_set()

    def __len__(self) -> int:
        return len(self._queue)

    def forget(self) -> None:
        """Drop waiting changes, because the present state is about to be read."""
        self._queue.clear()
        self._overflown = False
        self._ready.clear()

    def close(self) -> None:
        """Stop receiving. Closing twice is harmless."""
        self._bus.drop(self)

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class Bus:
    """Hands committed changes to subscriptions. Everything here runs in the event loop."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()
        self.overflows = 0
        """How often a subscriber has been too slow."""

    @property
    def waiting(self) -> int:
        """Changes that wait for the slowest subscriber."""
        return max((len(each) for each in self._subscriptions), default=0)

    def subscribe(
        self, roots: Collection[str] | None = None, limit: int = 10_000, *, account_id: int | None = None
    ) -> Subscription:
        """Subscribe to changes of these root types (None: of all). At most ``limit`` wait; more is an ``Overflow``.

        With ``account_id`` only those of that account's rows, and of rows that no account has.
        """
        subscription = Subscription(self, None if roots is None else frozenset(roots), limit, account_id)
        self._subscriptions.add(subscription)
        return subscription

    def drop(self, subscription: Subscription) -> None:
        """Forget a subscription."""
        self._subscriptions.discard(subscription)

    def publish(self, changes: list[Change]) -> None:
        """Hand changes out; called once per COMMIT."""
        for subscription in tuple(self._subscriptions):
            subscription.offer(changes)
