# SPDX-License-Identifier: Apache-2.0
"""The one reader of changes: who looks at what, who waits for it, and what an error does."""

import asyncio
import contextlib

import pytest

from orca.orchestration.news import BACKLOG, Newsroom
from orca.resources import rows, schema
from orca.store import Database


class Watcher:
    """A follower that keeps what it saw; ``go_on`` cleared keeps it in its next act."""

    def __init__(self, *types):
        self.types = types
        self.roots = frozenset(type.TYPE for type in types)
        self.seen = []
        self.acted = []
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.broken = False

    def look(self, tx, news):
        if self.broken:
            raise OSError("the database is being restarted")
        self.seen.append(
            "whole" if news.whole else {type.TYPE: [row.name for row in news.rows(type)] for type in self.types}
        )
        return len(self.seen)

    async def act(self, seen):
        await self.go_on.wait()
        self.acted.append(seen)


@pytest.fixture
async def db(tmp_path):
    database = await Database.open(f"sqlite:///{tmp_path / 'test.db'}", schema())
    yield database
    await database.close()


@contextlib.asynccontextmanager
async def reading(db, *followers):
    newsroom = Newsroom(db, followers)
    task = asyncio.create_task(newsroom.run())
    try:
        async with asyncio.timeout(30):
            yield newsroom
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def come(db, name, type=rows.Container, **fields):
    await db.write(lambda tx: tx.insert(type, name=name, accountId=7, **fields))


async def test_each_looks_at_everything_once_and_then_at_what_concerns_it(db):
    containers, stacks = Watcher(rows.Instance), Watcher(rows.Environment, rows.Instance)
    async with reading(db, containers, stacks) as newsroom:
        await newsroom.acted(containers)
        await come(db, "shop", rows.Environment)
        await newsroom.acted(stacks)
        await come(db, "c", imageUuid="docker:a")
        await newsroom.acted(containers)
        await newsroom.acted(stacks)
    assert containers.seen == ["whole", {"instance": ["c"]}]
    assert stacks.seen == ["whole", {"environment": ["shop"], "instance": []}, {"environment": [], "instance": ["c"]}]


async def test_a_row_is_read_once_for_all_and_as_it_is_now(db):
    found = []

    class Reader(Watcher):
        def look(self, tx, news):
            found.append(news.rows(rows.Instance))

    first, second = Reader(rows.Instance), Reader(rows.Instance)
    async with reading(db, first, second) as newsroom:
        await newsroom.acted(second)
        found.clear()
        made = await db.write(lambda tx: tx.insert(rows.Container, name="a", accountId=7, imageUuid="docker:a"))
        await db.write(lambda tx: tx.update(tx.require(rows.Container, made.id), name="b", removed=1))
        await newsroom.acted(second)
    assert found[-1] is found[-2]
    assert found[-1][0].name == "b"


async def test_who_waits_is_answered_when_everything_before_is_done_and_nobody_holds_up_another(db):
    slow, quick = Watcher(rows.Instance), Watcher(rows.Instance)
    async with reading(db, slow, quick) as newsroom:
        await newsroom.acted(slow)
        slow.go_on.clear()
        await come(db, "c", imageUuid="docker:a")
        waiting = asyncio.create_task(newsroom.acted(slow))
        await newsroom.acted(quick)
        assert quick.acted == [1, 2] and not waiting.done()
        slow.go_on.set()
        await waiting
        assert slow.acted == [1, 2]


async def test_changes_wait_in_the_bus_for_one_that_is_far_behind(db):
    slow = Watcher(rows.Instance)
    async with reading(db, slow) as newsroom:
        await newsroom.acted(slow)
        slow.go_on.clear()
        for number in range(2 * BACKLOG):
            await come(db, f"c{number}", imageUuid="docker:a")
        slow.go_on.set()
        await newsroom.acted(slow)
        assert len(slow.seen) <= BACKLOG + 4
        assert sum(len(seen["instance"]) for seen in slow.seen[1:]) == 2 * BACKLOG


async def test_after_an_error_everything_is_looked_at_again_and_who_waited_is_answered(db):
    watcher = Watcher(rows.Instance)
    newsroom = Newsroom(db, [watcher])
    task = asyncio.create_task(newsroom.run())
    async with asyncio.timeout(30):
        await newsroom.acted(watcher)
        watcher.broken = True
        await come(db, "c", imageUuid="docker:a")
        waiting = asyncio.create_task(newsroom.acted(watcher))
        with pytest.raises(ExceptionGroup):
            await task
        assert not waiting.done()
        watcher.broken = False
        again = asyncio.create_task(newsroom.run())
        await waiting
        again.cancel()
        await asyncio.gather(again, return_exceptions=True)
    assert watcher.seen == ["whole", "whole"]
