# SPDX-License-Identifier: Apache-2.0
"""What is past its time goes, and nothing else."""

from orca.engine import retention
from orca.engine.retention import DAY_MS
from orca.resources import rows
from orca.store import ANY

ENDED = {
    "processName": "host.create",
    "resourceType": "host",
    "stateField": "state",
    "fromState": "requested",
    "phase": "DONE",
    "epoch": 1,
    "attempts": 0,
}


async def test_what_is_past_its_time_goes(bench, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    await bench.start()
    host = await bench.create("host")
    await bench.state(host, "active")

    def fill(tx):
        for age in (29, 31, 32, 33):
            gone = {"accountId": 1, "imageUuid": "docker:test", "removed": tx.now - age * DAY_MS}
            tx.insert(rows.Container, name=f"gone{age}", **gone)
        for hours in (23, 25):
            ended = tx.now - hours * 3_600_000
            row = tx.insert(rows.ProcessInstance, **ENDED, resourceId=f"9{hours}", endTime=ended)
            tx.insert(rows.ProcessExecution, processInstanceId=row.id, uuid=f"{hours}", created=ended)
        events = tx.table("event")
        tx.execute(events.update().values(created=tx.now - 8 * DAY_MS))

    await bench.db.write(fill)
    await retention.clean(bench.core)

    def left(tx):
        containers = [row.name for row in tx.find(rows.Container, removed=ANY)]
        processes = [row.resourceId for row in tx.find(rows.ProcessInstance)]
        executions = tx.count(rows.ProcessExecution)
        return containers, processes, executions

    containers, processes, executions = await bench.db.read(left)
    assert containers == ["gone29"]
    assert processes == ["1", "1", "923"]
    assert executions == 1
    assert await retention.clean(bench.core) == 0
    with bench.db.bus.subscribe() as changes:
        last = await bench.db.read(lambda tx: max(row.id for row in tx.execute(tx.table("event").select())))
        await bench.db.write(lambda tx: tx.touch(tx.own(host)))
        assert (await changes.batch())[0].seq == last + 1


async def test_reports_of_the_past_go(bench):
    await bench.start()

    def fill(tx):
        for days in (1, 31):
            when = tx.now - days * DAY_MS
            tx.insert(rows.ServiceEvent, name=f"s{days}", state="created", created=when, externalTimestamp=when)
            tx.insert(rows.ContainerEvent, state="created", created=when, externalId=f"c{days}")
            tx.insert(rows.ExternalServiceEvent, state="created", created=when, externalId=f"e{days}")

    await bench.db.write(fill)
    await retention.clean(bench.core)
    kinds = ("serviceEvent", "containerEvent", "externalEvent")
    assert await bench.db.read(lambda tx: [len(tx.find(kind)) for kind in kinds]) == [1, 1, 1]
