# SPDX-License-Identifier: Apache-2.0
"""What becomes of a request: states, ends, failures, retries."""

import asyncio
import sqlite3

import pytest

from orca.engine import Failed
from orca.resources import rows
from orca.resources.errors import ActionNotAvailable


async def test_a_process_without_a_handler_reaches_its_end(bench):
    await bench.start()
    host = await bench.create("host")
    assert host.state == "registering"
    await bench.state(host, "active")
    found = await bench.processes(host)
    assert [(row.processName, row.phase, row.result, row.exitReason) for row in found] == [
        ("host.create", "DONE", "SUCCESS", "CHAIN"),
        ("host.activate", "DONE", "SUCCESS", "DONE"),
    ]
    assert all(row.endTime >= row.startTime and row.liveKey is None for row in found)


async def test_steps_and_finish(bench):
    @bench.behaviour.process("instance.start")
    async def start(run):
        place = await run.step("place", lambda tx: {"host": 7})
        await run.step("note", lambda tx: tx.update(run.resource(tx, rows.Instance), hostId=place["host"]) and None)
        run.finish(lambda tx: tx.update(run.resource(tx, rows.Instance), primaryIpAddress="10.42.1.10"))

    await bench.start()
    container = await bench.create()
    row = await bench.state(container, "running")
    assert (row.hostId, row.primaryIpAddress, row.transitioning) == (7, "10.42.1.10", None)
    assert await bench.db.read(lambda tx: tx.execute(tx.table("process_step").select()).all()) == []


async def test_the_state_table_is_kept(bench):
    await bench.start()
    container = await bench.create()
    await bench.state(container, "running")
    with pytest.raises(ActionNotAvailable, match="start is not available for a container that is running"):
        await bench.request(container, "start")
    with pytest.raises(ActionNotAvailable):
        await bench.request(container, "levitate")


async def test_a_handler_chooses_what_follows(bench):
    @bench.behaviour.process("instance.create")
    async def create(run):
        run.chain = None

    @bench.behaviour.process("instance.stop")
    async def stop(run):
        if run.data.get("remove"):
            run.chain = "remove"

    await bench.start()
    container = await bench.create()
    await bench.state(container, "stopped")
    await bench.request(container, "start")
    await bench.state(container, "running")
    await bench.request(container, "stop", remove=True)
    gone = await bench.state(container, "removed")
    assert gone.removed is not None
    assert gone.removeTime > gone.removed


async def test_asking_again_adds_to_the_running_process(bench):
    go = asyncio.Event()

    @bench.behaviour.process("instance.stop")
    async def stop(run):
        await go.wait()
        run.finish(lambda tx: setattr(run, "chain", "remove" if run.data.get("remove") else None))

    await bench.start()
    container = await bench.create()
    await bench.state(container, "running")
    first = await bench.request(container, "stop")
    second = await bench.request(container, "stop", remove=True)
    assert first.id == second.id
    go.set()
    await bench.state(container, "removed")


async def test_failure_shows_the_reason(bench):
    @bench.behaviour.process("instance.start")
    async def start(run):
        raise Failed("there is no such image", unit=lambda tx: tx.update(run.resource(tx, rows.Instance), exitCode=1))

    await bench.start()
    container = await bench.create()
    row = await bench.state(container, "stopped")
    assert (row.transitioning, row.transitioningMessage, row.exitCode) == ("error", "there is no such image", 1)
    assert [(p.result, p.exitReason) for p in await bench.processes(container)][-1] == ("FAILED", "FAILED")


async def test_failure_with_a_sequel_keeps_the_reason(bench):
    @bench.behaviour.process("instance.start")
    async def start(run):
        raise Failed("there is no such image", chain="remove")

    await bench.start()
    row = await bench.state(await bench.create(), "removed")
    assert (row.transitioning, row.transitioningMessage) == ("error", "there is no such image")


async def test_success_clears_an_old_error(bench):
    attempts = []

    @bench.behaviour.process("instance.start")
    async def start(run):
        attempts.append(1)
        if len(attempts) == 1:
            raise Failed("not today")

    await bench.start()
    container = await bench.create()
    await bench.state(container, "stopped")
    await bench.request(container, "start")
    row = await bench.state(container, "running")
    assert (row.transitioning, row.transitioningMessage) == (None, None)


async def test_other_exceptions_are_retried_from_the_last_step(bench, monkeypatch):
    monkeypatch.setattr("orca.engine.engine.BACKOFF", (0.01, 0.02))
    calls = {"step": 0, "handler": 0}

    @bench.behaviour.process("instance.start")
    async def start(run):
        def count(tx):
            calls["step"] += 1

        await run.step("once", count)
        calls["handler"] += 1
        if calls["handler"] < 3:
            raise OSError("the disk is asleep")

    await bench.start()
    container = await bench.create()
    await bench.until(lambda tx: tx.require(rows.Instance, container.id).transitioningMessage == "the disk is asleep")
    row = await bench.state(container, "running")
    assert calls == {"step": 1, "handler": 3}
    assert row.transitioningMessage is None
    process = (await bench.processes(container))[-1]
    assert (process.attempts, process.waiting, process.result) == (2, None, "SUCCESS")


async def test_the_log_tells_the_story(bench):
    @bench.behaviour.process("instance.start")
    async def start(run):
        run.log("looking for a place")
        await run.step("place", lambda tx: None)
        run.log("found one", step="place")

    await bench.start()
    container = await bench.create()
    await bench.state(container, "running")
    process = (await bench.processes(container))[-1]
    executions = await bench.db.read(lambda tx: tx.find(rows.ProcessExecution, processInstanceId=process.id))
    assert [line["message"] for line in executions[0].log["entries"]] == ["looking for a place", "found one"]


async def test_a_resource_that_is_gone_ends_its_process(bench):
    go = asyncio.Event()

    @bench.behaviour.process("meshed.never")
    async def never(run):
        raise AssertionError

    @bench.behaviour.process("host.create")
    async def create(run):
        await go.wait()
        raise RuntimeError("try again")

    await bench.start()
    host = await bench.create("host")
    await bench.db.write(lambda tx: tx.delete(tx.own(host)))
    go.set()
    process = await bench.until(
        lambda tx: (row := tx.first(rows.ProcessInstance, resourceId=str(host.id))).phase == "DONE" and row
    )
    assert process.result == "CANCELED"


async def test_processes_can_be_put_off(bench):
    await bench.start()
    host = await bench.create("host")
    await bench.state(host, "active")
    await bench.db.write(lambda tx: bench.engine.request(tx, host, "deactivate", _delay=50))
    assert (await bench.row(host)).state == "deactivating"
    await bench.state(host, "inactive")
    process = (await bench.processes(host))[-1]
    assert process.endTime - process.startTime >= 50


async def test_an_input_is_kept_with_the_process(bench):
    seen = []

    @bench.behaviour.process("instance.stop")
    async def stop(run):
        seen.append(run.data)

    await bench.start()
    container = await bench.create()
    await bench.state(container, "running")
    await bench.request(container, "stop", timeout=3)
    await bench.state(container, "stopped")
    assert seen == [{"timeout": 3}]


async def test_who_fails_in_the_same_way_again_and_again_says_so_and_waits(bench, monkeypatch):
    monkeypatch.setattr("orca.engine.engine.BACKOFF", (0.001, 0.002))
    monkeypatch.setattr("orca.engine.engine.STUCK_PAUSE", 3600.0)
    calls = []

    @bench.behaviour.process("instance.start")
    async def start(run):
        calls.append(run.attempts)
        raise ValueError("another" if run.attempts < 3 else f"the name is too long, says try {run.attempts}")

    await bench.start()
    container = await bench.create()
    row = await bench.until(
        lambda tx: (row := tx.require(rows.Instance, container.id)).transitioning == "error" and row
    )
    assert row.transitioningMessage.startswith("failed 10 times: the name is too long")
    assert "tried again in" in row.transitioningMessage
    assert len(calls) == 13
    process = (await bench.processes(container))[-1]
    assert process.waiting == row.transitioningMessage
    assert (process.attempts, process.endTime) == (13, None)

    # What somebody does about it goes first.
    await bench.request(container, "stop")
    row = await bench.state(container, "stopped")
    assert (row.transitioning, row.transitioningMessage) == (None, None)


async def test_what_was_stuck_gets_on(bench, monkeypatch):
    monkeypatch.setattr("orca.engine.engine.BACKOFF", (0.001, 0.002))
    monkeypatch.setattr("orca.engine.engine.STUCK_PAUSE", 0.01)

    @bench.behaviour.process("instance.start")
    async def start(run):
        if run.attempts < 12:
            raise ValueError("no")

    await bench.start()
    container = await bench.create()
    row = await bench.state(container, "running")
    assert (row.transitioning, row.transitioningMessage) == (None, None)


async def test_a_full_disk_is_waited_for(bench, full_disk, monkeypatch):
    monkeypatch.setattr("orca.engine.engine.BACKOFF", (0.01, 0.02))
    began, go = asyncio.Event(), asyncio.Event()

    @bench.behaviour.process("instance.start")
    async def start(run):
        began.set()
        await go.wait()

    await bench.start()
    container = await bench.create()
    await began.wait()
    full_disk.set()
    go.set()
    with pytest.raises(sqlite3.OperationalError, match="disk is full"):
        await bench.db.write(lambda tx: tx.touch(tx.own(container)))
    full_disk.clear()
    await bench.state(container, "running")


async def test_a_step_whose_commit_was_reported_lost_is_not_done_twice(bench):
    """PostgreSQL, MariaDB: a connection that is lost at COMMIT leaves open what became of the unit."""
    done = []

    @bench.behaviour.process("instance.start")
    async def start(run):
        await run.step("place", lambda tx: done.append(1))

    write, lost = bench.db.write, []

    async def losing(unit):
        result = await write(unit)
        if done and not lost:
            lost.append(unit)
            raise ConnectionError("the connection was lost at COMMIT")
        return result

    bench.db.write = losing
    await bench.start()
    container = await bench.create()
    await bench.state(container, "running")
    assert done == [1]
