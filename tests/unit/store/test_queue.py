# SPDX-License-Identifier: Apache-2.0
"""Whose unit is next, and what is said of one that takes too long."""

import asyncio
import contextlib
import threading
import time

import pytest

from orca.store import REQUESTS, WORK, Work
from orca.store.queue import LONG


class Held:
    """Keeps the writer busy until the units behind it are queued."""

    def __init__(self):
        self.began = threading.Event()
        self.go = threading.Event()

    def __call__(self, tx):
        self.began.set()
        self.go.wait()


@contextlib.asynccontextmanager
async def busy(db):
    """While the block lasts, nothing of what is queued in it has its turn."""
    held = Held()
    first = asyncio.ensure_future(db.write(held))
    await asyncio.to_thread(held.began.wait)
    try:
        yield
    finally:
        held.go.set()
    await first


def write(db, unit, work):
    """Queue a unit on somebody's behalf."""

    async def queue():
        WORK.set(work)
        return await db.write(unit)

    return asyncio.create_task(queue())


async def order_of(db, works):
    """The order in which units had their turn: the names of their work."""
    done = []
    async with busy(db):
        tasks = [write(db, lambda tx, name=work.name: done.append(name), work) for work in works]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    return done


async def test_a_users_request_does_not_wait_for_the_engines_queue(db):
    engine = [Work(owner=1, name=f"process {number}") for number in range(1000)]
    done = await order_of(db, [*engine, Work(REQUESTS, 7, "request")])
    assert done.index("request") <= 1
    assert len(done) == 1001


async def test_nor_for_another_tenants(db):
    many = [Work(REQUESTS, 1, f"many {number}") for number in range(1000)]
    done = await order_of(db, [*many, Work(REQUESTS, 2, "one")])
    assert done.index("one") <= 1


async def test_an_agent_does_not_wait_for_another_ones_reports(db):
    many = [Work(owner=("agent", 1), name=f"many {number}") for number in range(1000)]
    done = await order_of(db, [*many, Work(owner=("agent", 2), name="one"), Work(owner=5, name="process")])
    assert max(done.index("one"), done.index("process")) <= 2


async def test_units_of_one_owner_keep_their_order(db):
    works = [Work(owner=number % 3, name=f"{number % 3} {number}") for number in range(60)]
    done = await order_of(db, works)
    for owner in "012":
        own = [name for name in done if name.startswith(owner)]
        assert own == sorted(own, key=lambda name: int(name.split()[1]))


async def test_what_waits_is_counted_by_share(db):
    async with busy(db):
        tasks = [write(db, lambda tx: None, work) for work in (Work(), Work(), Work(REQUESTS))]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert db.queued == {"requests": 1, "engine": 2}
    await asyncio.gather(*tasks)
    assert db.queued == {"requests": 0, "engine": 0}


async def test_a_unit_that_uses_too_much_of_the_writer_is_told_by_name(db, caplog):
    def slow(tx):
        end = time.thread_time() + LONG * 1.2
        while time.thread_time() < end:
            pass

    await write(db, lambda tx: time.sleep(LONG * 1.2), Work(name="a unit that only waits"))
    assert db.long_units == 0
    await write(db, slow, Work(REQUESTS, 1, "POST /v2/containers"))
    assert db.long_units == 1
    (record,) = [record for record in caplog.records if record.name == "orca.store.queue"]
    assert "POST /v2/containers: a unit used" in record.getMessage()


async def test_one_that_fails_is_told_too(db):
    def slow(tx):
        end = time.thread_time() + LONG * 1.2
        while time.thread_time() < end:
            pass
        raise ValueError

    with pytest.raises(ValueError):
        await db.write(slow)
    assert db.long_units == 1


async def test_the_time_of_a_commit_is_shared_among_few_units_when_they_are_slow(db):
    """A group of units ends by time: the first of them is answered while the last still wait."""
    answered = []

    def slow(tx):
        time.sleep(0.01)

    async with busy(db):
        tasks = [write(db, slow, Work(owner=1)) for _ in range(20)]
        for number, task in enumerate(tasks):
            task.add_done_callback(lambda _, number=number: answered.append((number, db.queued["engine"])))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert answered[0][1] > 0, "the first was answered only after the last had run"


async def test_units_whose_callers_are_gone_do_not_hold_up_the_end(db):
    ran = []
    async with busy(db):
        gone = [write(db, lambda tx: ran.append("gone"), Work()) for _ in range(5)]
        awaited = write(db, lambda tx: ran.append("awaited"), Work())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for task in gone:
            task.cancel()
        await asyncio.sleep(0)
        closing = asyncio.create_task(db.close())
        await asyncio.to_thread(db._writer.queue.closing.wait)
    await asyncio.gather(awaited, closing)
    assert ran == ["awaited"]
