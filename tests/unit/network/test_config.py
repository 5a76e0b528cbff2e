# SPDX-License-Identifier: Apache-2.0
"""Config items as rows: what a host has confirmed to be gone leaves none."""

import asyncio
import tempfile

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from orca import wire
from orca.network import digests
from orca.network.config import ConfigItems
from orca.resources import rows, schema
from orca.store import Database, Vault

VAULT = Vault(bytes(32))
NAMES = st.sampled_from(["a", "b", "c"])


@pytest.fixture
async def db(tmp_path):
    database = await Database.open(f"sqlite:///{tmp_path / 'test.db'}", schema())
    yield database
    await database.close()


async def test_an_item_that_the_host_says_is_gone_leaves_no_row(db):
    """The agent names the versions in effect: of what it removed there is none."""
    sent = []
    items = ConfigItems(lambda host_id, item: sent.append(item), VAULT)
    host = await db.write(lambda tx: tx.insert(rows.Host, name="h1", accountId=1))
    await db.write(lambda tx: items.put(tx, host.id, "port/1", {"publicPort": 80}))
    await db.write(lambda tx: items.drop(tx, host.id, "port/1"))
    added, removed = (wire.ConfigUpdate(items=[item]) for item in sent)
    one = wire.ConfigApplied(applied={"port/1": added.items[0].version})
    await db.write(lambda tx: items.record(tx, host.id, added.items, one))
    assert await db.read(lambda tx: tx.count(rows.ConfigItemStatus)) == 1
    await db.write(lambda tx: items.record(tx, host.id, removed.items, wire.ConfigApplied(applied={})))
    assert await db.read(lambda tx: tx.count(rows.ConfigItemStatus)) == 0


async def test_an_item_that_an_older_agent_does_not_know_is_gone_once_it_is_not_wanted(db):
    """It says so of each item that it is told to remove; it would be told for ever."""
    sent = []
    items = ConfigItems(lambda host_id, item: sent.append(item), VAULT)
    host = await db.write(lambda tx: tx.insert(rows.Host, name="h1", accountId=1))
    await db.write(lambda tx: items.put(tx, host.id, "names/stack-1/1", {"names": {}}))
    await db.write(lambda tx: items.drop(tx, host.id, "names/stack-1/1"))
    unknown = {"names/stack-1/1": "unknown config item 'names/stack-1/1'"}
    nothing = wire.ConfigApplied(errors=unknown)
    await db.write(lambda tx: items.record(tx, host.id, sent[1:], nothing))
    assert await db.read(lambda tx: tx.count(rows.ConfigItemStatus)) == 1, (
        "an update that failed as a whole says nothing of one item"
    )
    others = wire.ConfigApplied(applied={"network": 1}, errors=unknown)
    await db.write(lambda tx: items.record(tx, host.id, sent[1:], others))
    assert await db.read(lambda tx: tx.count(rows.ConfigItemStatus)) == 0


class Digests(RuleBasedStateMachine):
    """The numbers of a host are those of its rows, whatever happens to its items in whatever order."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.db = self.run(Database.open(f"sqlite:///{self.folder.name}/test.db", schema()))
        self.sent: list[wire.ConfigItem] = []
        self.items = ConfigItems(lambda _, item: self.sent.append(item), VAULT)
        self.host = self.write(lambda tx: tx.insert(rows.Host, name="h1", accountId=1))
        self.write(lambda tx: self.items.begin(tx, self.host.id))
        self.has: dict[str, int] = {}

    def run(self, work):
        return self.loop.run_until_complete(work)

    def write(self, unit):
        return self.run(self.db.write(unit))

    @rule(name=NAMES, value=st.integers(0, 2))
    def put(self, name, value):
        self.write(lambda tx: self.items.put(tx, self.host.id, name, {"value": value}))

    @rule(name=NAMES)
    def drop(self, name):
        self.write(lambda tx: self.items.drop(tx, self.host.id, name))

    @rule(fails=st.booleans())
    def apply(self, fails):
        """The host gets one of the updates, and answers."""
        if not self.sent:
            return
        item = self.sent.pop(0)
        if fails:
            reply = wire.ConfigApplied(errors={item.name: "no"})
        else:
            self.have(item)
            reply = wire.ConfigApplied(applied=dict(self.has))
        self.write(lambda tx: self.items.record(tx, self.host.id, [item], reply))

    @rule(answers=st.booleans())
    def compare(self, answers):
        """The host says hello; its answer may be lost."""
        self.sent.clear()
        update = self.run(self.db.read(lambda tx: self.items.compare(tx, self.host.id, self.has)))
        for item in update.items:
            self.have(item)
        self.has = {item.name: self.has[item.name] for item in update.items}
        if answers:
            reply = wire.ConfigApplied(applied=dict(self.has))
            self.write(lambda tx: self.items.record(tx, self.host.id, update.items, reply))
            gone = self.run(self.db.read(lambda tx: self.items.unwanted(tx, self.host.id, update)))
            self.write(lambda tx: self.items.forget_unwanted(tx, gone))

    def have(self, item):
        if item.description is None:
            self.has.pop(item.name, None)
        else:
            self.has[item.name] = max(item.version, self.has.get(item.name, 0))

    @invariant()
    def numbers(self):
        said = wire.digest.text(wire.digest.total(self.has))

        def look(tx):
            found = tx.find(rows.ConfigItemStatus, hostId=self.host.id)
            wanted = {row.name: row.requestedVersion for row in found if row.description is not None}
            applied = {row.name: row.appliedVersion for row in found if row.appliedVersion is not None}
            return wanted, applied, digests.agrees(tx, self.host.id, said)

        wanted, applied, agrees = self.run(self.db.read(look))
        assert agrees == (wanted == applied == self.has)
        assert not self.run(self.db.read(lambda tx: self.items.miscounted(tx, self.host.id)))

    def teardown(self):
        self.run(self.db.close())
        self.loop.close()
        self.folder.cleanup()


TestDigests = Digests.TestCase
TestDigests.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)


async def test_a_host_without_numbers_is_compared(db):
    host = await db.write(lambda tx: tx.insert(rows.Host, name="h1", accountId=1))
    assert not await db.read(lambda tx: digests.agrees(tx, host.id, "0"))
