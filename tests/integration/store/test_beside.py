# SPDX-License-Identifier: Apache-2.0
"""A command that writes beside a server: both find what the other wrote, and events keep their order."""

import asyncio
import json
import sys

import httpx
import pytest
import sqlalchemy as sa
from realserver import RealServer
from things import build

from orca.store import CannotOpen, Database


@pytest.fixture
async def beside(db):
    """The same database, opened by a command."""
    url = db.engine.url.render_as_string(hide_password=False)
    command = await Database.join(url, build())
    yield command
    await command.close()


def named(name):
    return lambda tx: tx.insert("box", name=name)


async def test_the_server_tells_what_was_written_beside_it(db, beside):
    with db.bus.subscribe() as changes:
        made = [(await each.write(named(f"{n}"))).id for n, each in enumerate((db, beside, beside, db, beside, db))]
        found = []
        async with asyncio.timeout(20):
            while len(found) < len(made):
                found += await changes.batch()
    assert [change.id for change in found] == made
    numbers = [change.seq for change in found]
    assert numbers == list(range(numbers[0], numbers[0] + len(made)))
    events = build().metadata.tables["event"]
    rows = await db.read(lambda tx: tx.connection.execute(sa.select(events.c.id).order_by(events.c.id)).scalars().all())
    assert rows == numbers


async def test_both_at_once_lose_nothing(db, beside):
    with db.bus.subscribe() as changes:
        await asyncio.gather(*((db, beside)[n % 2].write(named(f"{n}")) for n in range(80)))
        await db.write(named("last"))
        found = []
        async with asyncio.timeout(20):
            while len(found) < 81:
                found += await changes.batch()
    assert len({change.id for change in found}) == 81
    assert [change.seq for change in found] == sorted({change.seq for change in found})


async def test_a_commit_that_failed_hides_nothing(db, beside, full_disk):
    await db.write(named("first"))
    with db.bus.subscribe() as changes:
        full_disk.set()
        with pytest.raises(Exception, match="full"):
            await db.write(named("lost"))
        full_disk.clear()
        theirs = await beside.write(named("theirs"))
        ours = await db.write(named("ours"))
        found = []
        async with asyncio.timeout(20):
            while len(found) < 2:
                found += await changes.batch()
    assert [change.id for change in found] == [theirs.id, ours.id]


async def test_a_database_of_another_version_is_left_alone(db):
    url = db.engine.url.render_as_string(hide_password=False)
    with db.engine.connect() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(CannotOpen, match="0001"):
        await Database.join(url, build())


async def test_a_key_of_superadmin_made_beside_a_server_works_at_once(tmp_path, options):
    async with RealServer.running(tmp_path / "data", *options) as server:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *server.program, "server", "--data-dir", str(server.folder), *options, "superadmin-key"),
            stdout=asyncio.subprocess.PIPE,
        )
        text, _ = await process.communicate()
        assert process.returncode == 0
        key = json.loads(text)
        answer = await server.http.get(
            f"{server.url}/v1/zones", auth=httpx.BasicAuth(key["accessKey"], key["secretKey"])
        )
        assert (answer.status_code, answer.headers["x-api-account-kind"]) == (200, "superadmin")
