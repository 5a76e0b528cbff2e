# SPDX-License-Identifier: Apache-2.0
"""Two servers on one database: a process is in the hands of one of them, also when that one was away for too long."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest
import sqlalchemy as sa
from databases import SERVERS

from orca.engine import Assembly, Behaviour, Server
from orca.resources import rows, schema
from orca.store import Database, Vault


@pytest.fixture(params=list(SERVERS))
async def pair(request, servers, tmp_path):
    """The services of two servers; what they do is the test's to say."""
    with servers(request.param).database() as url:
        made = []
        for name in ("one", "two"):
            server = Server(id=name, data_dir=tmp_path, url="", ca_sha256="", ca_pem="", version="0")
            made.append(Assembly(db=await Database.open(url, schema()), vault=Vault(bytes(32)), server=server))
        yield made
        for core in made:
            await core.engine.stop()
            await core.db.close()


def create(core, name):
    def unit(tx):
        record = tx.insert(rows.Container, name=name, accountId=1, imageUuid="docker:test")
        core.engine.request(tx, record, "create")
        return record

    return core.db.write(unit)


def lapse(core):
    """Every lease has run out."""

    def unit(tx):
        tx.execute(sa.update(tx.table(rows.ProcessInstance)).values(leaseUntil=0))

    return core.db.write(unit)


def processes(core):
    return core.db.read(lambda tx: tx.find(rows.ProcessInstance, processName="instance.create"))


async def test_who_was_away_beyond_the_lease_writes_nothing(pair):
    one, two = pair
    reached, go_on, written = asyncio.Event(), asyncio.Event(), []

    def work(name, pause):
        behaviour = Behaviour()

        @behaviour.process("instance.create")
        async def create(run):
            run.chain = None
            await run.step("begin", lambda tx: name)
            if pause:
                reached.set()
                await go_on.wait()
            await run.step("end", lambda tx: tx.after_commit(lambda: written.append(name)))

        return behaviour

    one.add(work("one", True))
    two.add(work("two", False))
    made = await create(one, "c")
    await asyncio.wait_for(reached.wait(), 10)
    await lapse(one)
    assert await two.engine.replay() == 1
    await asyncio.wait_for(two.engine.idle(), 10)
    go_on.set()
    await asyncio.wait_for(one.engine.idle(), 10)
    assert written == ["two"]
    (row,) = await processes(one)
    assert (row.runningProcessServerId, row.epoch, row.result) == ("two", 2, "SUCCESS")
    assert (await two.db.read(lambda tx: tx.require(rows.Container, made.id))).state != "creating"


async def test_what_was_left_is_picked_up_by_one_server_each(pair):
    one, two = pair
    done, go = Counter(), asyncio.Event()
    third = Assembly(db=one.db, vault=one.vault, server=replace(one.server, id="gone"))
    for core in (*pair, third):
        behaviour = Behaviour()

        @behaviour.process("instance.create")
        async def work(run):
            run.chain = None
            await go.wait()
            await run.step("work", lambda tx: tx.after_commit(lambda: done.update([run.id])))

        core.add(behaviour)
    await asyncio.gather(*(create(third, f"c{n}") for n in range(30)))
    await third.engine.stop()
    await lapse(one)
    # Each takes what the other does not: together everything, and nothing twice.
    async with asyncio.timeout(20):
        while sum(await asyncio.gather(one.engine.replay(), two.engine.replay())) < 30:
            pass
    go.set()
    await asyncio.wait_for(asyncio.gather(one.engine.idle(), two.engine.idle()), 20)
    assert set(done.values()) == {1}
    assert {(row.epoch, row.result) for row in await processes(one)} == {(2, "SUCCESS")}
    assert len(done) == 30
