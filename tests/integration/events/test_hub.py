# SPDX-License-Identifier: Apache-2.0
"""The hub on a real database, with the second of holding back made as long as a test needs it."""

import asyncio
import contextlib
from types import SimpleNamespace

import msgspec
import pytest

from orca.api.events import hub as module
from orca.api.events.audience import Sharing, Shown
from orca.api.events.hub import Hub
from orca.api.events.subscriber import Subscriber
from orca.api.events.wanted import Wanted
from orca.resources import rows, schema
from orca.store import Database


class Everyone:
    """An audience that sees every row, by its description."""

    own = Sharing("admin", 1, None, None, "v2", "", (), False)

    def key(self, root):
        return self.own

    def concerns(self, change):
        return change.root == "environment"

    def show(self, tx, changes):
        found = [tx.get(change.root, change.id) for change in changes]
        return [
            Shown({"resource": {"id": str(row.id), "type": "environment", "d": row.description}}, False)
            for row in found
        ]


def subscriber():
    row = SimpleNamespace(id=1)
    caller = SimpleNamespace(role="admin", account=row, user=row, agent_id=None)
    return Subscriber(None, caller, Everyone(), Wanted((), None), None)


@pytest.fixture
async def hub(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "COALESCE", 3600)
    db = await Database.open(f"sqlite:///{tmp_path / 'orca.db'}", schema())
    made = Hub(SimpleNamespace(db=db))
    running = asyncio.create_task(made.run())
    yield made
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    await db.close()


async def test_what_was_handed_out_while_something_else_is_held_back_is_replayed(hub):
    """A second change of a resource within a second is held back to its end, and with it the cursors of all others."""
    db, witness = hub.core.db, subscriber()
    await hub.join(witness)
    start = witness.cursor
    busy = await db.write(lambda tx: tx.insert(rows.Environment, name="busy", accountId=1, description="first"))
    await db.write(lambda tx: tx.update(busy, description="held"))
    quiet = await db.write(lambda tx: tx.insert(rows.Environment, name="quiet", accountId=1, description="only"))
    async with asyncio.timeout(60):
        while not any(f'"{quiet.id}"' in text for text, _ in witness._queue):
            await witness._ready.wait()
            witness._ready.clear()
        late = subscriber()
        replayed = [msgspec.json.decode(text)["data"]["resource"]["d"] async for text in hub.resume(late, start)]
    assert sorted(replayed) == ["held", "only"]
    # What the client says it has on its next connection covers what it was sent, and nothing else.
    assert late.cursor >= max(cursor for _, cursor in witness._queue)
