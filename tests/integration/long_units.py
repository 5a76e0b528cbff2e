# SPDX-License-Identifier: Apache-2.0
"""Put into a server's process: says in its log which units use more of a writer's processor time than a unit may.

On a slower machine a unit may use as much more as a loop of additions needs there, just then.
"""

from __future__ import annotations

import sys
import time

from orca.store.queue import LONG, Job, WriteQueue
from orca.store.tx import Tx

MARK = "LONG UNIT"
ADDITIONS = 1_000_000
REFERENCE = 0.025
"""Seconds that they take on the machine that the limit is meant for."""

ordinary = WriteQueue.run


def slowness() -> float:
    """How many times slower this machine is now."""
    began, total = time.thread_time(), 0
    for number in range(ADDITIONS):
        total += number
    return max(1.0, (time.thread_time() - began) / REFERENCE)


def run(self: WriteQueue, job: Job, tx: Tx) -> None:
    """Run a unit and look how long it took."""
    began = time.thread_time()
    try:
        ordinary(self, job, tx)
    finally:
        used = time.thread_time() - began
        if used > LONG and used > LONG * (slower := slowness()):
            print(
                f"{MARK} of {job.work.name}: {used * 1000:.0f} ms, slowness {slower:.1f}", file=sys.stderr, flush=True
            )


def install() -> None:
    """Look at every unit of this process from now on."""
    WriteQueue.run = run  # type: ignore[method-assign]
