# SPDX-License-Identifier: Apache-2.0
"""What is read before its unit: in turn, and not more than there is room for."""

import asyncio
import contextlib
import threading

import pytest

from orca.engine.reading import MOST_BYTES, SHARE_BYTES, THREADS, Readings
from orca.resources.errors import Refused


class Held:
    """Work that goes on until it is told to end."""

    def __init__(self):
        self.began = threading.Event()
        self.end = threading.Event()

    def __call__(self):
        self.began.set()
        self.end.wait()
        return "done"

    async def under_way(self):
        await asyncio.to_thread(self.began.wait)


async def test_the_result_and_the_exception_come_back():
    readings = Readings()
    assert await readings.run(1, lambda: 2 + 2) == 4
    with pytest.raises(ZeroDivisionError):
        await readings.run(1, lambda: 1 / 0)
    assert await readings.run(1, lambda: "again") == "again"


async def test_a_project_has_one_thread_and_others_do_not_wait_for_it():
    readings, slow, next = Readings(), Held(), Held()
    first = asyncio.create_task(readings.run(1, slow))
    await slow.under_way()
    second = asyncio.create_task(readings.run(1, next))
    assert await readings.run(2, lambda: "at once") == "at once"
    assert not next.began.is_set()
    assert readings.queued == 1
    next.end.set()
    slow.end.set()
    assert await asyncio.gather(first, second) == ["done", "done"]
    assert readings.queued == 0


async def test_who_gives_up_waiting_takes_no_turn():
    readings = Readings()
    holding = [Held() for _ in range(THREADS)]
    tasks = [asyncio.create_task(readings.run(owner, work)) for owner, work in enumerate(holding)]
    for work in holding:
        await work.under_way()
    given_up = asyncio.create_task(readings.run(7, lambda: 1))
    await asyncio.sleep(0)
    given_up.cancel()
    waiting = asyncio.create_task(readings.run(8, lambda: "turn"))
    for work in holding:
        work.end.set()
    await asyncio.gather(*tasks)
    assert await waiting == "turn"
    assert given_up.cancelled()


def test_more_bytes_than_there_is_room_for_are_refused_until_there_is():
    readings = Readings()
    with readings.room(1, SHARE_BYTES):
        with pytest.raises(Refused) as refused, readings.room(1, 1):
            pass
        assert (refused.value.status, refused.value.retry_after) == (429, 1)
        with readings.room(2, SHARE_BYTES):
            pass
    with readings.room(1, SHARE_BYTES):
        pass


def test_all_together_have_an_end_too():
    readings = Readings()
    with contextlib.ExitStack() as held:
        for owner in range(MOST_BYTES // SHARE_BYTES):
            held.enter_context(readings.room(owner, SHARE_BYTES))
        with pytest.raises(Refused):
            held.enter_context(readings.room(99, 1))
