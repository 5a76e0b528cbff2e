# SPDX-License-Identifier: Apache-2.0
"""An engine on a real database, with agents that are plain objects."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from orca.engine import Assembly, Behaviour, Server
from orca.resources import rows, schema
from orca.store import Database, Vault, driver

IMAGE = {"container": {"imageUuid": "docker:test"}}
"""What rows of a type need besides."""


class Agent:
    """Answers commands as the test says: a dict, an exception, or a future to wait for."""

    def __init__(self, agent_id=1):
        self.agent_id = agent_id
        self.address = "192.0.2.1"
        self.closed = False
        self.answers = {}
        self.seen = []
        self.cancelled = []
        self.progress = None
        self.called = asyncio.Event()

    async def request(self, name, data, *, resource_type=None, resource_id=None, progress=None):
        self.seen.append((name, dict(data), resource_id))
        self.progress = progress
        self.called.set()
        answer = self.answers.get(name, {})
        try:
            answer = await answer if isinstance(answer, asyncio.Future) else answer
        except asyncio.CancelledError:
            self.cancelled.append(name)
            raise
        if isinstance(answer, Exception):
            raise answer
        return answer

    def post(self, name, data):
        self.seen.append((name, dict(data), None))

    async def close(self, reason):
        self.closed = True


class Bench:
    """One server's engine, what it is told to do, and a way to look."""

    def __init__(self, db, directory):
        self.db = db
        server = Server(id="bench", data_dir=directory, url="", ca_sha256="", ca_pem="", version="0")
        self.core = Assembly(db=db, vault=Vault(bytes(32)), server=server)
        self.engine = self.core.engine
        self.behaviour = Behaviour()
        self.agent = Agent()

    async def start(self):
        self.core.add(self.behaviour)
        await self.engine.start()

    async def create(self, type="container", **fields):
        def unit(tx):
            record = tx.insert(type, **{"name": "c", "accountId": 1, **IMAGE.get(type, {}), **fields})
            self.engine.request(tx, record, "create")
            return record

        return await self.db.write(unit)

    async def request(self, record, action, **data):
        return await self.db.write(lambda tx: self.engine.request(tx, record, action, **data))

    async def row(self, record):
        return await self.db.read(lambda tx: tx.require(record.root, record.id))

    async def processes(self, record):
        return await self.db.read(
            lambda tx: tx.find(rows.ProcessInstance, resourceType=record.root, resourceId=str(record.id))
        )

    async def until(self, condition, seconds=10.0):
        """Wait until ``condition(tx)`` holds; its value."""
        async with asyncio.timeout(seconds):
            with self.db.bus.subscribe() as changes:
                while not (value := await self.db.read(condition)):
                    await changes.batch()
        return value

    async def state(self, record, *states):
        return await self.until(lambda tx: (row := tx.require(record.root, record.id)).state in states and row)


@pytest.fixture
async def bench(tmp_path: Path):
    db = await Database.open(f"sqlite:///{tmp_path / 'test.db'}", schema())
    made = Bench(db, tmp_path)
    yield made
    await made.engine.stop()
    await db.close()


@pytest.fixture
def full_disk(monkeypatch):
    """While this event is set, no COMMIT succeeds."""
    full = threading.Event()
    run = driver.run

    def checked(connection, text, values=()):
        if text == "COMMIT" and full.is_set():
            raise sqlite3.OperationalError("database or disk is full")
        return run(connection, text, values)

    monkeypatch.setattr(driver, "run", checked)
    return full
