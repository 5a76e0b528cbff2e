# SPDX-License-Identifier: Apache-2.0
"""Discovery's worker: what it looks at again, who waits for it, and what an error of the database does."""

import asyncio
import contextlib

import pytest

from orca.network.config import ConfigItems
from orca.orchestration.discovery import Discovery
from orca.resources import schema
from orca.store import Database


class Watched(Discovery):
    """Says what it does; ``go_on`` cleared keeps the listener in its look at a batch, ``busy`` the worker."""

    def __init__(self, db):
        super().__init__(db, ConfigItems(lambda host_id, item: None))
        self.updated = []
        self.looking, self.go_on = asyncio.Event(), asyncio.Event()
        self.go_on.set()
        self.updating, self.busy = asyncio.Event(), asyncio.Event()
        self.busy.set()
        self.broken = False

    async def _concerned(self, batch):
        self.looking.set()
        await self.go_on.wait()
        if self.broken:
            raise OSError("the database is being restarted")
        return await super()._concerned(batch)

    async def _update(self, project_id):
        self.updated.append(project_id)
        if not self.busy.is_set():
            self.updating.set()
            await self.busy.wait()
        await super()._update(project_id)


@pytest.fixture
async def db(tmp_path):
    database = await Database.open(f"sqlite:///{tmp_path / 'test.db'}", schema())
    yield database
    await database.close()


@pytest.fixture
async def discovery(db):
    made = Watched(db)
    made.running = asyncio.create_task(made.run())
    yield made
    made.running.cancel()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await made.running


async def settled(discovery, *projects):
    async with asyncio.timeout(5):
        await asyncio.gather(*(discovery.settled(project) for project in projects))


async def come_alone(db):
    """A container that stands alone has come."""
    await db.write(lambda tx: tx.insert("container", name="c", accountId=7))


async def test_a_container_that_stands_alone_has_no_project_looked_at_again(db, discovery):
    await db.write(lambda tx: tx.insert("environment", name="shop", accountId=1))
    await discovery.looking.wait()
    await asyncio.sleep(0.05)
    assert discovery.updated == [1]
    discovery.updated.clear()
    for _ in range(3):
        discovery.looking.clear()
        await come_alone(db)
        await discovery.looking.wait()
        await asyncio.sleep(0.05)
    assert discovery.updated == []


async def test_who_asks_while_changes_are_looked_at_is_answered(db, discovery):
    await settled(discovery, 1)
    discovery.go_on.clear()
    await come_alone(db)
    await discovery.looking.wait()
    await settled(discovery, 3)
    # The worker has begun a new set meanwhile; what is put into that one must not be lost.
    discovery.busy.clear()
    first = asyncio.create_task(discovery.settled(1))
    await discovery.updating.wait()
    second = asyncio.create_task(discovery.settled(2))
    await asyncio.sleep(0)
    discovery.go_on.set()
    await asyncio.sleep(0.05)
    discovery.busy.set()
    async with asyncio.timeout(5):
        await asyncio.gather(first, second)


async def test_an_error_of_the_listener_ends_the_worker_so_that_it_begins_anew(db, discovery):
    await settled(discovery, 1)
    discovery.broken = True
    await come_alone(db)
    with pytest.raises(ExceptionGroup):
        async with asyncio.timeout(5):
            await asyncio.shield(discovery.running)
