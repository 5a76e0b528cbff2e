# SPDX-License-Identifier: Apache-2.0
"""Containers that are to become healthy in time."""

import asyncio
import contextlib

import pytest

from orca.engine import Assembly, Server
from orca.orchestration.health import verdicts
from orca.orchestration.health.deadlines import Deadlines
from orca.orchestration.health.states import INITIALIZING, REINITIALIZING, UNHEALTHY
from orca.resources import rows, schema
from orca.store import Database, Vault


@pytest.fixture
async def db(tmp_path):
    database = await Database.open(f"sqlite:///{tmp_path / 'test.db'}", schema())
    yield database
    await database.close()


OF_ALL = {"accountId": 1, "imageUuid": "docker:a", "state": "running"}


async def test_a_container_that_starts_anew_just_when_it_is_late_has_its_new_deadline(db, tmp_path):
    server = Server(id="s", data_dir=tmp_path, url="", ca_sha256="", ca_pem="", version="0")
    deadlines = Deadlines(Assembly(db=db, vault=Vault(bytes(32)), server=server), verdicts.is_late)

    def unit(tx):
        return [
            tx.insert(rows.Container, name=name, **OF_ALL, healthState=INITIALIZING, healthDeadline=1).id
            for name in "ab"
        ]

    first, second = await db.write(unit)
    write = db.write

    async def restarting(unit):
        if not deadlines.done:
            deadlines.done = True
            now = await db.read(lambda tx: tx.now)

            def again(tx):
                row = tx.require(rows.Instance, second)
                tx.update(row, healthState=REINITIALIZING, healthDeadline=now + 200)
                tx.after_commit(lambda: deadlines.add(second, now + 200))

            await write(again)
        return await write(unit)

    deadlines.done = False
    db.write = restarting
    running = asyncio.create_task(deadlines.run())
    try:
        await asyncio.sleep(1)
        states = await db.read(lambda tx: [tx.require(rows.Instance, id).healthState for id in (first, second)])
        assert states == [UNHEALTHY, UNHEALTHY]
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
