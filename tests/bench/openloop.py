# SPDX-License-Identifier: Apache-2.0
"""Open-loop load: requests go out when they are due, whatever became of those before, and wait from then on.

Latency counts from the intended time, so a server (or a generator) that falls behind is seen to.
"""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """What a run gave: latencies in ms in order of sending, and how busy (%) the generator kept its core."""

    latencies: list[float]
    busy: float


async def open_loop(rate: float, seconds: float, send: Callable[[int, float], Awaitable[None]]) -> Load:
    """Call ``send(number, due)`` at a rate (per second) for a time; ``due`` is on the clock of ``time.monotonic``."""
    count = int(rate * seconds)
    latencies = [0.0] * count
    began, used = time.monotonic() + 0.05, _cpu()

    async def one(number: int, due: float) -> None:
        await send(number, due)
        latencies[number] = (time.monotonic() - due) * 1000

    async with asyncio.TaskGroup() as tasks:
        for number in range(count):
            due = began + number / rate
            if (early := due - time.monotonic()) > 0:
                await asyncio.sleep(early)
            tasks.create_task(one(number, due))
    return Load(latencies, 100 * (_cpu() - used) / (time.monotonic() - began))


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
