# SPDX-License-Identifier: Apache-2.0
"""Config items as rows: what a host has confirmed to be gone leaves none."""

import pytest

from orca import wire
from orca.network.config import TYPE, ConfigItems
from orca.resources import schema
from orca.store import Database


@pytest.fixture
async def db(tmp_path):
    database = await Database.open(f"sqlite:///{tmp_path / 'test.db'}", schema())
    yield database
    await database.close()


async def test_an_item_that_the_host_says_is_gone_leaves_no_row(db):
    """The agent names the versions in effect: of what it removed there is none."""
    sent = []
    items = ConfigItems(lambda host_id, item: sent.append(item))
    host = await db.write(lambda tx: tx.insert("host", name="h1", accountId=1))
    await db.write(lambda tx: items.put(tx, host.id, "port/1", {"publicPort": 80}))
    await db.write(lambda tx: items.drop(tx, host.id, "port/1"))
    added, removed = (wire.ConfigUpdate(items=[item]) for item in sent)
    one = wire.ConfigApplied(applied={"port/1": added.items[0].version})
    await db.write(lambda tx: items.record(tx, host.id, added, one))
    assert await db.read(lambda tx: tx.count(TYPE)) == 1
    await db.write(lambda tx: items.record(tx, host.id, removed, wire.ConfigApplied(applied={})))
    assert await db.read(lambda tx: tx.count(TYPE)) == 0
