# SPDX-License-Identifier: Apache-2.0
"""Waiting for a condition, and being taken over."""

import asyncio
from collections import Counter

import pytest

from orca.engine import Assembly
from orca.resources import rows
from orca.store import Database


async def test_a_wait_ends_when_its_condition_holds(bench):
    @bench.behaviour.process("instance.start")
    async def start(run):
        host = await run.wait_for("waiting for a host", lambda tx: tx.first(rows.Host, state="active"), roots={"host"})
        run.finish(lambda tx: tx.update(run.resource(tx, rows.Instance), hostId=host.id))

    await bench.start()
    container = await bench.create()
    process = await bench.until(
        lambda tx: (row := tx.first(rows.ProcessInstance, endTime=None)) and row.waiting and row
    )
    assert process.waiting == "waiting for a host"
    assert (await bench.row(container)).transitioningMessage == "waiting for a host"
    host = await bench.create("host")
    row = await bench.state(container, "running")
    assert (row.hostId, row.transitioningMessage) == (host.id, None)


async def test_a_wait_does_not_look_again_for_what_changes_elsewhere(bench):
    looks = Counter()

    @bench.behaviour.process("instance.start")
    async def start(run):
        def condition(tx):
            looks[run.account_id] += 1
            return tx.first(rows.Host, accountId=run.account_id, name="awaited")

        await run.wait_for("waiting for a host", condition, roots={"host"})

    await bench.start()
    containers = {id: await bench.create(accountId=id) for id in (1, 2)}
    await bench.until(
        lambda tx: [row.waiting is None for row in tx.find(rows.ProcessInstance, endTime=None)] == [False, False]
    )
    before = looks.copy()
    for number in range(10):
        await bench.create("host", accountId=2, name=f"h{number}")
        async with asyncio.timeout(10):
            while looks[2] <= before[2] + number:
                await bench.db.read(lambda tx: None)
    assert looks[1] <= before[1] + 1  # the one look that follows showing the reason
    for id, container in containers.items():
        await bench.create("host", accountId=id, name="awaited")
        await bench.state(container, "running")


async def test_a_short_wait_writes_nothing(bench):
    @bench.behaviour.process("instance.start")
    async def start(run):
        await run.wait_for("waiting for a host", lambda tx: tx.first(rows.Host))

    await bench.start()
    container = await bench.create()
    await bench.state(container, "starting")
    await bench.create("host")
    await bench.state(container, "running")
    process = (await bench.processes(container))[-1]
    executions = await bench.db.read(lambda tx: tx.find(rows.ProcessExecution, processInstanceId=process.id))
    assert executions == []


async def test_a_wait_can_be_given_up(bench):
    @bench.behaviour.process("instance.start")
    async def start(run):
        await run.wait_for("waiting for a miracle", lambda tx: None, timeout=0.05)

    await bench.start()
    row = await bench.state(await bench.create(), "stopped")
    assert row.transitioningMessage == "waiting for a miracle: given up after 0.05 s"


async def test_a_waiting_process_can_be_superseded(bench):
    @bench.behaviour.process("instance.start")
    async def start(run):
        await run.wait_for("waiting for ever", lambda tx: None)

    await bench.start()
    container = await bench.create()
    await bench.state(container, "starting")
    await bench.request(container, "stop")
    await bench.state(container, "stopped")


async def test_a_lost_epoch_stops_the_worker(bench):
    reached, go, after = asyncio.Event(), asyncio.Event(), []

    @bench.behaviour.process("instance.start")
    async def start(run):
        await run.step("first", lambda tx: None)
        reached.set()
        await go.wait()
        await run.step("second", lambda tx: after.append("second"))

    await bench.start()
    container = await bench.create()
    await reached.wait()

    def steal(tx):
        row = tx.first(rows.ProcessInstance, endTime=None)
        tx.update(row, epoch=row.epoch + 1, runningProcessServerId="another")

    await bench.db.write(steal)
    go.set()
    await bench.engine.idle()
    assert after == []
    assert (await bench.row(container)).state == "starting"


async def test_the_next_life_goes_on_from_the_last_step(bench, tmp_path):
    calls = []
    stuck = asyncio.Event()

    @bench.behaviour.process("instance.start")
    async def start(run):
        value = await run.step("first", lambda tx: (calls.append("first"), {"n": 5})[1])
        calls.append(value["n"])
        stuck.set()
        if len(calls) < 3:
            await asyncio.Event().wait()

    await bench.start()
    container = await bench.create()
    await stuck.wait()
    await bench.engine.stop()
    await bench.db.close()

    db = await Database.open(f"sqlite:///{tmp_path / 'test.db'}", bench.db.schema)
    again = Assembly(db=db, vault=bench.core.vault, server=bench.core.server, behaviour=bench.behaviour)
    await again.engine.start()
    await again.engine.idle()
    row = await db.read(lambda tx: tx.require(rows.Instance, container.id))
    assert row.state == "running"
    assert calls == ["first", 5, 5]
    await db.close()


async def test_another_servers_lease_is_respected_until_it_ends(bench):
    await bench.db.write(lambda tx: tx.insert(rows.Host, accountId=1, name="h", state="registering"))

    def foreign(tx, lease):
        return tx.insert(
            rows.ProcessInstance, processName="host.create", resourceType="host", resourceId="1", stateField="state",
            fromState="requested", phase="REQUESTED", startTime=tx.now, runningProcessServerId="another", epoch=1,
            leaseUntil=lease, attempts=0, input={},
        )  # fmt: skip

    await bench.db.write(lambda tx: foreign(tx, tx.now + 60_000))
    await bench.start()
    await bench.engine.idle()
    assert (await bench.db.read(lambda tx: tx.require(rows.Host, 1))).state == "registering"
    await bench.db.write(lambda tx: tx.update(tx.first(rows.ProcessInstance), leaseUntil=tx.now - 1))
    await bench.engine.start()
    await bench.until(lambda tx: tx.require(rows.Host, 1).state == "active")


async def test_two_handlers_for_one_name_are_a_defect(bench):
    bench.behaviour.process("a.b")(lambda run: None)
    with pytest.raises(ValueError, match=r"a\.b has two handlers"):
        bench.behaviour.process("a.b")(lambda run: None)
