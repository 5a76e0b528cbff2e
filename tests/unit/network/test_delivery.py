# SPDX-License-Identifier: Apache-2.0
"""Config items on their way to an agent."""

import asyncio

import pytest

from orca.engine import Assembly, Server
from orca.network import Delivery
from orca.network.delivery import PART, UNANSWERED
from orca.resources import rows, schema
from orca.store import Database, Vault


class Agent:
    agent_id, address, closed = 1, "192.0.2.1", False

    async def request(self, name, data, **_):
        return {"applied": {item["name"]: item["version"] for item in data["items"]}}


@pytest.fixture
async def core(tmp_path):
    db = await Database.open(f"sqlite:///{tmp_path / 'test.db'}", schema())
    server = Server(id="s", data_dir=tmp_path, url="", ca_sha256="", ca_pem="", version="0")
    yield Assembly(db=db, vault=Vault(bytes(32)), server=server)
    await db.close()


async def test_an_answer_that_could_not_be_stored_is_stored_later(core, monkeypatch):
    from orca.network import delivery as module

    monkeypatch.setattr(module, "RETRY_SECONDS", 0.1)
    delivery, db = Delivery(core), core.db
    host = await db.write(lambda tx: tx.insert(rows.Host, name="h1", accountId=1, agentId=1))
    await delivery.greet(Agent(), host.id, {})
    await asyncio.sleep(0.1)
    write, failed = db.write, []

    async def failing(unit):
        if getattr(unit, "func", None) == delivery.items.record and not failed:
            failed.append(unit)
            raise OSError("database or disk is full")
        return await write(unit)

    db.write = failing
    await db.write(lambda tx: delivery.items.put(tx, host.id, "port/1", {"publicPort": 80}))
    await asyncio.sleep(1)
    assert failed
    row = await db.read(lambda tx: tx.first(rows.ConfigItemStatus, name="port/1"))
    assert row.appliedVersion == row.requestedVersion


class SlowAgent(Agent):
    """Answers when it is told to."""

    def __init__(self):
        self.asked: list[tuple[dict, asyncio.Future]] = []

    async def request(self, name, data, **_):
        future = asyncio.get_running_loop().create_future()
        self.asked.append((data, future))
        return await future

    def answer(self, number):
        data, future = self.asked[number]
        future.set_result({"applied": {item["name"]: item["version"] for item in data["items"]}})


async def test_an_agent_that_answers_nothing_is_sent_no_more(core):
    delivery, db, agent = Delivery(core), core.db, SlowAgent()
    host = await db.write(lambda tx: tx.insert(rows.Host, name="h1", accountId=1, agentId=1))
    delivery.resume(agent, host.id)
    for number in range(UNANSWERED + 20):
        await db.write(lambda tx, n=number: delivery.items.put(tx, host.id, "port/1", {"publicPort": n + 1}))
        await asyncio.sleep(0)
    assert len(agent.asked) == delivery.unanswered == UNANSWERED
    assert delivery.waiting == 1, "the last state is all that waits"
    flushing = asyncio.create_task(delivery.flush(host.id))
    await asyncio.sleep(0)
    assert not flushing.done()
    agent.answer(0)
    async with asyncio.timeout(10):
        await flushing
    assert agent.asked[-1][0]["items"][0]["description"] == {"publicPort": UNANSWERED + 20}
    assert delivery.waiting == 0


async def test_who_waits_for_a_host_that_leaves_goes_on(core):
    delivery, db, agent = Delivery(core), core.db, SlowAgent()
    host = await db.write(lambda tx: tx.insert(rows.Host, name="h1", accountId=1, agentId=1))
    delivery.resume(agent, host.id)
    for number in range(UNANSWERED + 1):
        await db.write(lambda tx, n=number: delivery.items.put(tx, host.id, "port/1", {"publicPort": n + 1}))
        await asyncio.sleep(0)
    flushing = asyncio.create_task(delivery.flush(host.id))
    await asyncio.sleep(0)
    delivery.leave(agent, host.id)
    async with asyncio.timeout(10):
        await flushing


async def test_a_comparison_of_many_items_is_stored_in_parts_and_what_is_newer_last(core, monkeypatch):
    """An answer to a later update waits for the parts of an earlier one, and no unit has more than its part."""
    delivery, db, agent = Delivery(core), core.db, SlowAgent()
    host = await db.write(lambda tx: tx.insert(rows.Host, name="h1", accountId=1, agentId=1))
    names = [f"port/{number}" for number in range(3 * PART)]
    await db.write(lambda tx: delivery.items.begin(tx, host.id))
    await db.write(lambda tx: delivery.items.put_all(tx, host.id, {name: {"publicPort": 1} for name in names}))
    await delivery.greet(agent, host.id, {})
    await asyncio.sleep(0)
    await db.write(lambda tx: delivery.items.put(tx, host.id, names[-1], {"publicPort": 2}))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [len(data["items"]) for data, _ in agent.asked] == [len(names), 1]
    record, sizes = delivery.items.record, []

    def recorded(tx, host_id, sent, reply):
        sizes.append(len(sent))
        record(tx, host_id, sent, reply)

    monkeypatch.setattr(delivery.items, "record", recorded)
    with db.bus.subscribe({"configItemStatus"}) as changes:
        agent.answer(0)
        agent.answer(1)
        while len(sizes) < 4:
            await changes.batch()
    assert sizes == [PART, PART, PART, 1]
    assert await db.read(lambda tx: _all_applied(tx, host.id))
    assert not await db.read(lambda tx: delivery.items.miscounted(tx, host.id))


async def test_an_agent_that_is_back_before_it_was_compared_gets_nothing_before_its_own_comparison(core):
    """The comparison of its new connection may be older than what changed since: it must not come last."""
    delivery, db, before, now = Delivery(core), core.db, SlowAgent(), SlowAgent()
    host = await db.write(lambda tx: tx.insert(rows.Host, name="h1", accountId=1, agentId=1))
    await db.write(lambda tx: delivery.items.put(tx, host.id, "port/1", {"publicPort": 1}))
    read, held, done = db.read, [asyncio.Event(), asyncio.Event()], []

    async def slow(query):
        turn, answer = held[turns.pop(0)], await read(query)
        done.append(turn)
        if len(done) == 2:
            read_both.set()
        await turn.wait()
        return answer

    read_both = asyncio.Event()
    turns, db.read = [0, 1], slow
    greeting = [asyncio.create_task(delivery.greet(agent, host.id, {})) for agent in (before, now)]
    await read_both.wait()
    db.read = read
    await db.write(lambda tx: delivery.items.put(tx, host.id, "port/1", {"publicPort": 2}))
    held[0].set()
    await greeting[0]
    held[1].set()
    await greeting[1]
    while not now.asked:  # noqa: ASYNC110 - they are on their way
        await asyncio.sleep(0.001)
    await delivery.flush(host.id)
    ports = [item["description"]["publicPort"] for data, _ in now.asked for item in data["items"]]
    assert (ports, before.asked) == ([1, 2], [])


async def test_a_comparison_that_finds_everything_in_place_writes_nothing(core):
    delivery, db, agent = Delivery(core), core.db, SlowAgent()
    host = await db.write(lambda tx: tx.insert(rows.Host, name="h1", accountId=1, agentId=1))
    await db.write(lambda tx: delivery.items.put(tx, host.id, "port/1", {"publicPort": 1}))
    await delivery.greet(agent, host.id, {})
    await asyncio.sleep(0)
    agent.answer(0)
    while not await db.read(lambda tx: _all_applied(tx, host.id)):  # noqa: ASYNC110 - the answer is on its way
        await asyncio.sleep(0.005)
    found = await db.read(lambda tx: tx.values(rows.ConfigItemStatus, "name", "appliedVersion", "appliedUpdated"))
    await delivery.greet(agent, host.id, {name: version for name, version, _ in found})
    await asyncio.sleep(0)
    with db.bus.subscribe({"configItemStatus"}) as changes:
        agent.answer(1)
        # What is stored next comes after it.
        await db.write(lambda tx: delivery.items.put(tx, host.id, "port/2", {"publicPort": 2}))
        await asyncio.sleep(0)
        agent.answer(2)
        seen = set()
        while not await db.read(lambda tx: _all_applied(tx, host.id)):
            seen |= {change.id for change in await changes.batch()}
        while changes.waiting:  # all may have been applied before it was looked at
            seen |= {change.id for change in await changes.batch()}
        assert await db.read(lambda tx: {tx.require(rows.ConfigItemStatus, id).name for id in seen}) == {"port/2"}


def _all_applied(tx, host_id):
    found = tx.find(rows.ConfigItemStatus, hostId=host_id)
    return all(row.appliedVersion == row.requestedVersion for row in found)
