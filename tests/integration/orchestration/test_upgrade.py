# SPDX-License-Identifier: Apache-2.0
"""Upgrades over simulated hosts: in place, finished, taken back, cancelled; over to another service; restarts."""

import pytest

from orca.resources import rows
from orca.resources.errors import ActionNotAvailable, Refused
from orca.simulator import knobs

QUICK = {"batchSize": 1, "intervalMillis": 100}
OLD, NEW = {"imageUuid": "sim:1", "ports": ["8080:80"]}, {"imageUuid": "sim:2", "ports": ["8080:80"]}


@pytest.fixture
async def stack(platform):
    """An empty stack, and two simulated hosts."""
    agent = await platform.create("agent", _role="superadmin", uri="sim://two", data={knobs.KEY: {"hosts": 2}})
    await platform.until(lambda tx: len(tx.find(rows.Host, agentId=agent.id, state="active")) == 2)
    row = await platform.create("environment", name="shop")
    await platform.until(lambda tx: tx.require(rows.Environment, row.id).state == "active")
    return row


async def make(platform, stack, name="web", *, start=True, **fields):
    row = await platform.create(
        "service", environmentId=stack.id, name=name, startOnCreate=start, **{"launchConfig": OLD, "scale": 2, **fields}
    )
    await reached(platform, row, "active" if start else "inactive")
    return row


async def reached(platform, row, state):
    def condition(tx):
        found = tx.require(rows.Service, row.id)
        return found if found.state == state and found.transitioning is None else None

    return await platform.until(condition)


async def running(platform, row):
    found = await platform.read(lambda tx: tx.find(rows.Instance, serviceId=row.id, state="running"))
    return {entry.name: entry for entry in found}


async def upgraded(platform, row, **strategy):
    await platform.act("service", row.id, "upgrade", inServiceStrategy={**QUICK, **strategy})
    assert (await platform.read(lambda tx: tx.require(rows.Service, row.id))).state == "upgrading"
    return await reached(platform, row, "upgraded")


async def test_in_place_and_finished(platform, stack):
    web = await make(platform, stack)
    before = await running(platform, web)
    row = await upgraded(platform, web, launchConfig=NEW)
    after = await running(platform, web)
    assert after.keys() == before.keys()
    assert {entry.imageUuid for entry in after.values()} == {"sim:2"}
    assert {entry.version for entry in after.values()} == {"1"}
    kept = await platform.read(lambda tx: [tx.require(rows.Instance, entry.id) for entry in before.values()])
    assert {entry.state for entry in kept} == {"stopped"}
    maps = await platform.read(lambda tx: tx.find(rows.ServiceExposeMap, instanceId=[entry.id for entry in kept]))
    assert all(entry.upgrade for entry in maps)
    assert row.upgrade["inServiceStrategy"]["previousLaunchConfig"]["imageUuid"] == "sim:1"
    await platform.act("service", web.id, "finishupgrade")
    assert (await reached(platform, web, "active")).upgrade is None
    assert await platform.read(lambda tx: all(tx.require(rows.Instance, entry.id).removed for entry in kept))
    assert (await running(platform, web)).keys() == before.keys()


async def test_taken_back_the_same_containers_run_again(platform, stack):
    web = await make(platform, stack)
    before = await running(platform, web)
    await upgraded(platform, web, launchConfig=NEW)
    new = await running(platform, web)
    await platform.act("service", web.id, "rollback")
    row = await reached(platform, web, "active")
    after = await running(platform, web)
    assert {entry.uuid for entry in after.values()} == {entry.uuid for entry in before.values()}
    assert await platform.read(lambda tx: all(tx.require(rows.Instance, entry.id).removed for entry in new.values()))
    assert (row.launchConfig["imageUuid"], row.upgrade) == ("sim:1", None)
    ports = await platform.read(lambda tx: tx.find(rows.Port, instanceId=[entry.id for entry in after.values()]))
    assert {(port.publicPort, port.state) for port in ports} == {(8080, "active")}


async def test_only_the_sidekick_changes(platform, stack):
    logs = {"name": "logs", "imageUuid": "sim:1"}
    web = await make(platform, stack, scale=1, secondaryLaunchConfigs=[logs])
    before = await running(platform, web)
    more = {"name": "more", "imageUuid": "sim:3", "dataVolumesFromLaunchConfigs": ["logs"]}
    await upgraded(platform, web, secondaryLaunchConfigs=[{**logs, "imageUuid": "sim:2"}, more])
    after = await running(platform, web)
    assert sorted(after) == ["shop_web_1", "shop_web_logs_1", "shop_web_more_1"]
    assert after["shop_web_1"].id == before["shop_web_1"].id
    assert after["shop_web_logs_1"].id != before["shop_web_logs_1"].id
    assert len({entry.hostId for entry in after.values()}) == 1
    await platform.act("service", web.id, "rollback")
    await reached(platform, web, "active")
    assert {entry.id for entry in (await running(platform, web)).values()} == {e.id for e in before.values()}


async def test_a_dropped_sidekick_and_who_used_what_changed(platform, stack):
    logs = {"name": "logs", "imageUuid": "sim:1", "dataVolumesFromLaunchConfigs": ["web"]}
    web = await make(platform, stack, scale=1, secondaryLaunchConfigs=[logs])
    before = await running(platform, web)
    await upgraded(platform, web, launchConfig=NEW)
    after = await running(platform, web)
    assert after.keys() == before.keys()
    assert after["shop_web_logs_1"].id != before["shop_web_logs_1"].id
    await platform.act("service", web.id, "finishupgrade")
    await reached(platform, web, "active")
    await upgraded(platform, web, secondaryLaunchConfigs=[{"name": "logs", "imageUuid": "rancher/none"}])
    assert sorted(await running(platform, web)) == ["shop_web_1"]


async def test_starting_first(platform, stack):
    web = await make(platform, stack, scale=1, launchConfig={"imageUuid": "sim:1"})
    (before,) = (await running(platform, web)).values()
    await upgraded(platform, web, launchConfig={"imageUuid": "sim:2"}, startFirst=True)
    (after,) = (await running(platform, web)).values()
    times = await platform.read(
        lambda tx: {
            (row.resourceId, row.processName): (row.startTime, row.endTime)
            for row in tx.find(rows.ProcessInstance, resourceType="instance")
        }
    )
    assert times[str(after.id), "instance.start"][1] <= times[str(before.id), "instance.stop"][0]


async def test_cancelled_half_way_and_taken_back(platform, stack):
    web = await make(platform, stack)
    before = await running(platform, web)
    strategy = {"launchConfig": NEW, "batchSize": 1, "intervalMillis": 600_000}
    await platform.act("service", web.id, "upgrade", inServiceStrategy=strategy)
    await platform.until(lambda tx: tx.first(rows.Instance, serviceId=web.id, state="running", version="1"))
    await platform.act("service", web.id, "cancelupgrade")
    await reached(platform, web, "canceled-upgrade")
    await platform.act("service", web.id, "rollback")
    await reached(platform, web, "active")
    assert {entry.id for entry in (await running(platform, web)).values()} == {e.id for e in before.values()}


async def test_over_to_another_service(platform, stack):
    old = await make(platform, stack, launchConfig={"imageUuid": "sim:1"})
    new = await make(platform, stack, "web2", start=False, launchConfig={"imageUuid": "sim:2"}, scale=1)
    user = await make(platform, stack, "user", start=False, launchConfig={"imageUuid": "sim:1"})
    await platform.act("service", user.id, "addservicelink", serviceLink={"serviceId": old.id, "name": "www"})
    strategy = {"toServiceId": new.id, "finalScale": 3, "batchSize": 2, "intervalMillis": 100}
    await platform.act("service", old.id, "upgrade", toServiceStrategy=strategy)
    row = await reached(platform, old, "upgraded")
    assert (row.scale, len(await running(platform, old)), len(await running(platform, new))) == (0, 0, 3)
    links = await platform.read(lambda tx: tx.find(rows.ServiceConsumeMap, serviceId=user.id))
    assert {(link.consumedServiceId, link.name) for link in links} == {(old.id, "www"), (new.id, "www")}
    await platform.act("service", old.id, "rollback")
    await reached(platform, old, "active")
    assert len(await running(platform, old)) == 2


async def test_the_form_of_2015_ends_active(platform, stack):
    old = await make(platform, stack, launchConfig={"imageUuid": "sim:1"})
    new = await make(platform, stack, "web2", start=False, launchConfig={"imageUuid": "sim:2"}, scale=1)
    flat = {"toServiceId": new.id, "finalScale": 1, "batchSize": 1, "intervalMillis": 600_000}
    await platform.act("service", old.id, "upgrade", **flat)
    await platform.act("service", old.id, "cancelupgrade")
    await reached(platform, old, "active")
    await platform.act("service", old.id, "upgrade", **{**flat, "intervalMillis": 100})
    await reached(platform, old, "active")
    assert (len(await running(platform, old)), len(await running(platform, new))) == (0, 1)


async def test_an_upgrade_that_was_cut_off_after_its_last_step_ends_its_work(platform, stack):
    old = await make(platform, stack, launchConfig={"imageUuid": "sim:1"})
    new = await make(platform, stack, "web2", launchConfig={"imageUuid": "sim:2"}, scale=1)
    await platform.core.db.write(lambda tx: tx.update(tx.require(rows.Service, old.id), scale=0))
    await platform.act("service", old.id, "upgrade", toServiceId=new.id, finalScale=1)
    await reached(platform, old, "active")
    assert len(await running(platform, old)) == 0


async def test_restart_starts_every_container_once_more(platform, stack):
    web = await make(platform, stack)
    await platform.act("service", web.id, "restart", rollingRestartStrategy=QUICK)
    await reached(platform, web, "active")
    assert {entry.startCount for entry in (await running(platform, web)).values()} == {2}


async def test_what_cannot_be_is_refused(platform, stack):
    web = await make(platform, stack, retainIp=True)
    for data, code in (
        ({"inServiceStrategy": {"batchSize": 1}}, "MissingRequired"),
        ({"inServiceStrategy": {"launchConfig": {}, "secondaryLaunchConfigs": None}}, "MissingRequired"),
        ({"inServiceStrategy": {"launchConfig": {"imageUuid": "x:y"}}}, "InvalidImageInstanceKind"),
        ({"inServiceStrategy": {"launchConfig": NEW, "startFirst": True}}, "InvalidOption"),
        ({"toServiceStrategy": {"toServiceId": web.id}}, "InvalidReference"),
        ({}, "MissingRequired"),
    ):
        with pytest.raises(Refused) as refused:
            await platform.act("service", web.id, "upgrade", **data)
        assert refused.value.code == code
    with pytest.raises(ActionNotAvailable):
        await platform.act("service", web.id, "finishupgrade")


async def test_a_stack_is_upgraded_and_taken_back_as_a_whole(platform, stack):
    text = "web: {image: ok}\ndb: {image: ok}"
    row = await platform.create("environment", name="whole", dockerCompose=text, environment={}, externalId="v1")
    await platform.until(lambda tx: tx.require(rows.Environment, row.id).state == "active")
    await platform.until(lambda tx: tx.count(rows.Service, environmentId=row.id, state="inactive") == 2)
    await platform.act("environment", row.id, "upgrade", dockerCompose="web: {image: new}\ndb: {image: ok}")
    await platform.until(lambda tx: tx.require(rows.Environment, row.id).state == "upgraded")
    web = await platform.read(lambda tx: tx.first(rows.Service, environmentId=row.id, name="web"))
    assert (web.launchConfig["imageUuid"], web.state) == ("docker:new", "upgraded")
    await platform.act("environment", row.id, "rollback")
    await platform.until(lambda tx: tx.require(rows.Environment, row.id).state == "active")
    back = await platform.read(lambda tx: tx.require(rows.Environment, row.id))
    assert back.dockerCompose == text
    web = await platform.read(lambda tx: tx.require(rows.Service, web.id))
    assert (web.launchConfig["imageUuid"], web.state) == ("docker:ok", "inactive")
    await platform.act("environment", row.id, "addoutputs", outputs={"a": "1"})
    await platform.act("environment", row.id, "addoutputs", outputs={"b": "2"})
    assert (await platform.read(lambda tx: tx.require(rows.Environment, row.id))).outputs == {"a": "1", "b": "2"}


async def test_a_selector_takes_containers_in_that_stand_alone(platform, stack):
    none = {"imageUuid": "docker:rancher/none"}
    picker = await platform.create(
        "service", environmentId=stack.id, name="pick", launchConfig=none, selectorContainer="tier=web"
    )
    mine = await platform.create("container", imageUuid="sim:1", labels={"tier": "web"})
    await platform.create("container", imageUuid="sim:1", labels={"tier": "db"})
    entry = await platform.until(lambda tx: tx.first(rows.ServiceExposeMap, serviceId=picker.id))
    assert (entry.instanceId, entry.managed) == (mine.id, False)
    await platform.act("container", mine.id, "setlabels", labels={"tier": "db"})
    await platform.until(lambda tx: tx.first(rows.ServiceExposeMap, serviceId=picker.id) is None)
    await reached(platform, picker, "inactive")
    await platform.delete("service", picker.id)
    await reached(platform, picker, "removed")
    await platform.until(lambda tx: tx.require(rows.Instance, mine.id).state == "running")


async def test_over_to_a_service_that_is_removed_meanwhile(platform, stack):
    old = await make(platform, stack, launchConfig={"imageUuid": "sim:1"})
    new = await make(platform, stack, "web2", start=False, launchConfig={"imageUuid": "sim:2"}, scale=1)
    strategy = {"toServiceId": new.id, "finalScale": 3, "batchSize": 1, "intervalMillis": 500}
    await platform.act("service", old.id, "upgrade", toServiceStrategy=strategy)
    await platform.until(lambda tx: tx.require(rows.Service, new.id).state == "active", seconds=10)
    await platform.delete("service", new.id)
    await platform.until(lambda tx: tx.require(rows.Service, old.id).transitioning == "error", seconds=10)
    row = await platform.read(lambda tx: tx.require(rows.Service, old.id))
    assert row.scale > 0


FAILS = {"imageUuid": "sim:2", "environment": {"X": "compute.instance.activate::fail"}}


async def test_an_upgrade_that_fails_waits_to_be_taken_back(platform, stack):
    web = await make(platform, stack)
    before = await running(platform, web)
    await platform.act("service", web.id, "upgrade", inServiceStrategy={**QUICK, "launchConfig": FAILS})
    failed = await platform.until(lambda tx: tx.first(rows.Service, id=web.id, state="canceled-upgrade"))
    assert (failed.transitioning, "Failing" in failed.transitioningMessage) == ("error", True)
    assert (await platform.read(lambda tx: tx.require(rows.Environment, stack.id))).transitioning == "error"
    await platform.act("service", web.id, "rollback")
    row = await reached(platform, web, "active")
    assert (row.launchConfig["imageUuid"], row.upgrade) == ("sim:1", None)
    assert {entry.uuid for entry in (await running(platform, web)).values()} == {
        entry.uuid for entry in before.values()
    }
    assert (await platform.read(lambda tx: tx.require(rows.Environment, stack.id))).transitioning is None


@pytest.mark.parametrize("config", [FAILS, {**OLD, "imageUuid": "sim:2", "environment": {"X": "simForgetImmediately"}}])
async def test_what_the_server_is_to_finish_it_takes_back_when_it_fails(platform, stack, config):
    web = await make(platform, stack)
    before = await running(platform, web)
    strategy = {**QUICK, "launchConfig": config, "finish": "healthy"}
    await platform.act("service", web.id, "upgrade", inServiceStrategy=strategy)
    row = await platform.until(lambda tx: tx.first(rows.Service, id=web.id, state="active"))
    assert (row.launchConfig["imageUuid"], row.upgrade) == ("sim:1", None)
    assert (row.transitioning, row.transitioningMessage[-29:]) == ("error", "; the upgrade was rolled back")
    assert {entry.uuid for entry in (await running(platform, web)).values()} == {
        entry.uuid for entry in before.values()
    }
    shown = await platform.read(lambda tx: tx.require(rows.Environment, stack.id))
    assert (shown.transitioning, shown.transitioningMessage) == ("error", f"web: {row.transitioningMessage}")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"startCount": 2}, "it had to be started again"),
        ({"state": "stopped", "exitCode": 3}, "stopped soon after its start, exit code 3"),
        ({"healthState": "unhealthy"}, "it is unhealthy"),
    ],
)
async def test_what_breaks_soon_after_its_start_is_taken_back(platform, stack, monkeypatch, change, reason):
    monkeypatch.setattr("orca.orchestration.services.watch.RUNNING_SECONDS", 600)
    web = await make(platform, stack, scale=1)
    strategy = {**QUICK, "launchConfig": NEW, "finish": "healthy"}
    await platform.act("service", web.id, "upgrade", inServiceStrategy=strategy)
    await platform.until(lambda tx: "to run for" in (tx.require(rows.Service, web.id).transitioningMessage or ""))
    (new,) = (await running(platform, web)).values()
    await platform.core.db.write(lambda tx: tx.update(tx.require(rows.Instance, new.id), **change))
    row = await platform.until(lambda tx: tx.first(rows.Service, id=web.id, state="active"))
    assert row.transitioningMessage == f"shop_web_1: {reason}; the upgrade was rolled back"
    assert [entry.imageUuid for entry in (await running(platform, web)).values()] == ["sim:1"]


async def test_what_goes_on_running_is_finished(platform, stack, monkeypatch):
    monkeypatch.setattr("orca.orchestration.services.watch.RUNNING_SECONDS", 0.1)
    check = {"port": 80, "initializingTimeout": 600_000}
    web = await make(platform, stack)
    strategy = {**QUICK, "launchConfig": {**NEW, "healthCheck": check}, "finish": "healthy"}
    await platform.act("service", web.id, "upgrade", inServiceStrategy=strategy)
    await platform.until(lambda tx: "to be healthy" in (tx.require(rows.Service, web.id).transitioningMessage or ""))
    found = (await running(platform, web)).values()

    def heal(tx):
        for row in found:
            tx.update(tx.require(rows.Instance, row.id), healthState="healthy")

    await platform.core.db.write(heal)
    assert (await reached(platform, web, "active")).launchConfig["imageUuid"] == "sim:2"


async def test_a_stack_whose_upgrade_failed_is_taken_back_as_a_whole(platform, stack):
    text = "web: {image: ok}\ndb: {image: ok}"
    row = await platform.create("environment", name="whole", dockerCompose=text, environment={}, startOnCreate=True)
    await platform.until(lambda tx: tx.count(rows.Service, environmentId=row.id, state="active") == 2)
    worse = "web: {image: new}\ndb: {image: new, environment: {X: 'compute.instance.activate::fail'}}"
    await platform.until(lambda tx: tx.require(rows.Environment, row.id).state == "active")
    await platform.act("environment", row.id, "upgrade", dockerCompose=worse)
    failed = await platform.until(lambda tx: tx.first(rows.Environment, id=row.id, state="canceled-upgrade"))
    assert (failed.transitioning, failed.transitioningMessage[:4]) == ("error", "db: ")
    await platform.act("environment", row.id, "rollback")
    back = await platform.until(lambda tx: tx.first(rows.Environment, id=row.id, state="active"))
    assert (back.dockerCompose, back.transitioning) == (text, None)
    found = await platform.read(lambda tx: tx.find(rows.Service, environmentId=row.id))
    assert {each.launchConfig["imageUuid"] for each in found} == {"docker:ok"}
    assert {(each.state, each.transitioning, each.upgrade) for each in found} == {("active", None, None)}
