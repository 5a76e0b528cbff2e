# SPDX-License-Identifier: Apache-2.0
"""Tasks: now and again, and when somebody asks; purging what was removed is one of them."""

import asyncio
from types import SimpleNamespace

import pytest

from orca.engine import tasks
from orca.engine.purge import purge
from orca.engine.tasks import Task
from orca.resources import rows
from orca.store import ANY


async def until(bench, condition):
    with bench.db.bus.subscribe() as changes:
        async with asyncio.timeout(10):
            while not (found := await bench.db.read(condition)):
                await changes.batch()
    return found


@pytest.fixture
async def scheduled(bench):
    """A task that is only run by hand, and the list of what it did."""
    done = []

    async def work(core):
        done.append("work")
        if len(done) > 1:
            raise RuntimeError("the second time is once too often")
        return 0

    bench.core.schedule.add(Task(name="test.work", run=work))
    running = asyncio.create_task(bench.core.schedule.run())
    row = await until(bench, lambda tx: tx.first(rows.Task, name="test.work"))
    yield row, done
    running.cancel()


async def execute(bench, row):
    call = SimpleNamespace(core=bench.core)
    await bench.db.write(lambda tx: tasks.execute(tx, call, row, {}))


async def test_a_task_runs_when_asked_and_leaves_a_record(bench, scheduled):
    row, done = scheduled
    await execute(bench, row)
    instance = await until(bench, lambda tx: tx.first(rows.TaskInstance, taskId=row.id))
    assert done == ["work"]
    assert (instance.name, instance.exception, instance.serverId) == ("test.work", None, "bench")
    assert instance.endTime >= instance.startTime


async def test_a_failure_is_kept_and_the_task_goes_on(bench, scheduled):
    row, done = scheduled
    for _ in range(3):
        await execute(bench, row)
        count = len(done) + 1
        await until(bench, lambda tx, count=count: tx.count(rows.TaskInstance, taskId=row.id) >= count)
    assert await bench.db.read(
        lambda tx: [run.exception is None for run in tx.find(rows.TaskInstance, taskId=row.id)]
    ) == [
        True,
        False,
        False,
    ]


async def test_what_was_removed_is_purged_when_its_time_has_come(bench):
    await bench.start()

    def unit(tx):
        tx.insert(rows.Zone, name="early", state="removed", removed=tx.now - 2, removeTime=tx.now - 1)
        tx.insert(rows.Zone, name="late", state="removed", removed=tx.now, removeTime=tx.now + 3_600_000)
        tx.insert(rows.Zone, name="live", state="active")

    await bench.db.write(unit)
    assert await purge(bench.core) == 1
    await bench.engine.idle()
    states = await bench.db.read(lambda tx: {row.name: row.state for row in tx.find(rows.Zone, removed=ANY)})
    assert states == {"early": "purged", "late": "removed", "live": "active"}


async def test_a_removed_resource_can_be_restored(bench):
    await bench.start()
    record = await bench.create("zone")
    await bench.engine.idle()
    await bench.request(record, "deactivate")
    await bench.engine.idle()
    await bench.request(record, "remove")
    await bench.engine.idle()
    assert (await bench.row(record)).removed is not None
    await bench.request(record, "restore")
    await bench.engine.idle()
    found = await bench.row(record)
    assert (found.state, found.removed, found.removeTime) == ("inactive", None, None)
