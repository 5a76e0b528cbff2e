# SPDX-License-Identifier: Apache-2.0
"""Reading before the unit: work that takes time and needs no rows runs in a few threads, not in the writer.

Work is bounded by counting (``orca.resources.limits``), not by clocks. A project has at most one thread, so that its
large texts delay only its own requests.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from orca.resources.errors import Refused
from orca.store.lanes import Lanes

T = TypeVar("T")

THREADS = 2
MOST_BYTES = 64 * 1024 * 1024
"""Most bytes of requests that are held while they are read and written."""
SHARE_BYTES = MOST_BYTES // 4
"""Most bytes of them for the requests of one project."""


@dataclass(eq=False, slots=True)
class _Waiting:
    owner: int | None
    turn: asyncio.Future[None]


class Readings:
    """The threads that read. Called from the event loop."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="orca-reading")
        self._waiting: Lanes[int | None, _Waiting] = Lanes()
        self._working: set[int | None] = set()
        self._bytes: Counter[int | None] = Counter()

    @property
    def queued(self) -> int:
        """Readings that wait for a thread."""
        return len(self._waiting)

    @contextlib.contextmanager
    def room(self, owner: int | None, size: int) -> Iterator[None]:
        """Hold ``size`` bytes for a request of ``owner`` (an account) during the block. Raises ``Refused`` (429) if too
        many are held.
        """
        if self._bytes[owner] + size > SHARE_BYTES or self._bytes.total() + size > MOST_BYTES:
            raise _too_much()
        self._bytes[owner] += size
        try:
            yield
        finally:
            self._bytes[owner] -= size
            if not self._bytes[owner]:
                del self._bytes[owner]

    async def run(self, owner: int | None, work: Callable[[], T]) -> T:
        """Run ``work`` in a thread when it is the turn of ``owner`` (an account); return its result. Raises what
        ``work`` raises.
        """
        await self._turn(owner)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._working.discard(owner)
            self._next()

    async def _turn(self, owner: int | None) -> None:
        waiting = _Waiting(owner, asyncio.get_running_loop().create_future())
        self._waiting.put(owner, waiting)
        self._next()
        try:
            await waiting.turn
        except asyncio.CancelledError:
            if waiting.turn.done() and not waiting.turn.cancelled():
                self._working.discard(owner)
                self._next()
            raise

    def _next(self) -> None:
        """Start waiting readings while threads are free."""
        while len(self._working) < THREADS:
            waiting = self._waiting.take(self._working)
            if waiting is None:
                return
            if not waiting.turn.done():
                self._working.add(waiting.owner)
                waiting.turn.set_result(None)


def _too_much() -> Refused:
    refused = Refused("Too Many Requests", "too many large requests at once; send them one after another", status=429)
    refused.retry_after = 1
    return refused
