# SPDX-License-Identifier: Apache-2.0
"""Config items on their way to an agent."""

import asyncio

import pytest

from orca.engine import Server, Services
from orca.network import Delivery
from orca.network.config import TYPE
from orca.resources import schema
from orca.store import Database, Vault


class Agent:
    agent_id, address, closed = 1, "192.0.2.1", False

    async def request(self, name, data, **_):
        return {"applied": {item["name"]: item["version"] for item in data["items"]}}


@pytest.fixture
async def services(tmp_path):
    db = await Database.open(f"sqlite:///{tmp_path / 'test.db'}", schema())
    server = Server(id="s", data_dir=tmp_path, url="", ca_sha256="", ca_pem="", version="0")
    yield Services(db=db, vault=Vault(bytes(32)), server=server)
    await db.close()


async def test_an_answer_that_could_not_be_stored_is_stored_later(services, monkeypatch):
    from orca.network import delivery as module

    monkeypatch.setattr(module, "RETRY_SECONDS", 0.1)
    delivery, db = Delivery(services), services.db
    host = await db.write(lambda tx: tx.insert("host", name="h1", accountId=1, agentId=1))
    await delivery.greet(Agent(), host.id, {})
    await asyncio.sleep(0.1)
    write, failed = db.write, []

    async def failing(unit):
        if unit.__qualname__.startswith("Delivery._deliver") and not failed:
            failed.append(unit)
            raise OSError("database or disk is full")
        return await write(unit)

    db.write = failing
    await db.write(lambda tx: delivery.items.put(tx, host.id, "port/1", {"publicPort": 80}))
    await asyncio.sleep(1)
    assert failed
    row = await db.read(lambda tx: tx.first(TYPE, name="port/1"))
    assert row.appliedVersion == row.requestedVersion
