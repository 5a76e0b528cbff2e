# SPDX-License-Identifier: Apache-2.0
"""The queue of the writer: users' requests and the engine's units take turns, and within each the owners do.

So a request waits for at most one unit of each other owner, however many units they have queued.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from orca.store.errors import Closed
from orca.store.lanes import Lanes
from orca.store.tx import Tx
from orca.store.work import SHARES, WORK, Work

log = logging.getLogger(__name__)

LONG = 0.1
"""Seconds of the writer's own processor time that no unit may need."""


@dataclass(slots=True, eq=False)
class Job:
    """A unit waiting for its turn, and where its answer goes."""

    unit: Callable[[Tx], Any]
    future: asyncio.Future[Any]
    work: Work = field(default_factory=WORK.get)
    result: Any = None
    error: BaseException | None = None
    tx: Tx | None = None


class WriteQueue:
    """Filled by the event loop, emptied by the writer's thread.

    Not bounded here: callers wait for the answers of their units, and are bounded themselves (connections, processes,
    agents' reports).
    """

    def __init__(self) -> None:
        self._shares: dict[str, Lanes[Hashable, Job]] = {share: Lanes() for share in SHARES}
        self._turns: Lanes[str, str] = Lanes()
        """The name of the share of each waiting job."""
        self._changed = threading.Condition()
        self.closing = threading.Event()
        self.long_units = 0
        """Units that needed more than ``LONG``."""

    def submit(self, unit: Callable[[Tx], Any], loop: asyncio.AbstractEventLoop) -> asyncio.Future[Any]:
        """Queue a unit. The future ends after COMMIT, with the unit's result or its exception.

        Raises ``Closed``.
        """
        future: asyncio.Future[Any] = loop.create_future()
        self.put(Job(unit, future))
        return future

    def put(self, job: Job) -> None:
        """Wait for a turn. Raises ``Closed``."""
        with self._changed:
            if self.closing.is_set():
                raise Closed
            self._shares[job.work.share].put(job.work.owner, job)
            self._turns.put(job.work.share, job.work.share)
            self._changed.notify()

    def get(self, patience: float | None = None) -> Job | None:
        """The next job; it waits for one so many seconds (None: for ever). None if none came, or the queue is closed
        and empty.
        """
        with self._changed:
            self._changed.wait_for(lambda: len(self._turns) or self.closing.is_set(), patience)
            return self._take()

    def close(self) -> None:
        """End all waiting. Jobs that are queued are still given out, unless their caller is gone."""
        with self._changed:
            self.closing.set()
            self._changed.notify_all()

    def lengths(self) -> dict[str, int]:
        """How many wait, by share."""
        return {share: len(lanes) for share, lanes in self._shares.items()}

    def run(self, job: Job, tx: Tx) -> None:
        """Run a job's unit; one that takes too long is logged under its name."""
        began = time.thread_time()
        try:
            job.result = job.unit(tx)
            tx.flush()
        finally:
            used = time.thread_time() - began
            if used > LONG:
                self.long_units += 1
                unit = getattr(job.unit, "func", job.unit)  # of a partial
                unit = getattr(unit, "__qualname__", type(unit).__name__)
                log.warning("%s: a unit used %d ms of the writer (%s)", job.work.name, used * 1000, unit)

    def _take(self) -> Job | None:
        while (share := self._turns.take()) is not None:
            job = self._shares[share].take()
            if job is not None and not (self.closing.is_set() and job.future.cancelled()):
                return job
        return None
