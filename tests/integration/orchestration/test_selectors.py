# SPDX-License-Identifier: Apache-2.0
"""Selectors follow what changes: labels, services and the selectors themselves."""

import pytest

from orca.resources import rows


@pytest.fixture
async def stack(platform):
    return await platform.create("environment", name="shop")


async def service(platform, stack, name, tier="", **fields):
    launch = {"imageUuid": "docker:ok", "labels": {"tier": tier}}
    return await platform.create("service", name=name, environmentId=stack.id, launchConfig=launch, **fields)


async def held(platform, picker):
    return {
        row.instanceId for row in await platform.read(lambda tx: tx.find(rows.ServiceExposeMap, serviceId=picker.id))
    }


async def test_a_new_selector_is_compared_with_what_is_there(platform, stack):
    found = [
        await platform.create("container", imageUuid="docker:ok", labels={"tier": tier}, startOnCreate=False)
        for tier in ("web", "db")
        for _ in range(2)
    ]
    web, db = {row.id for row in found[:2]}, {row.id for row in found[2:]}
    none = {"imageUuid": "docker:rancher/none"}
    picker = await platform.create(
        "service", name="pick", environmentId=stack.id, launchConfig=none, selectorContainer="tier=web"
    )
    await platform.settled()
    await platform.until(lambda tx: tx.count(rows.ServiceExposeMap, serviceId=picker.id) == 2)
    assert await held(platform, picker) == web
    await platform.until(lambda tx: tx.require(rows.Service, picker.id).state == "inactive")
    await platform.change("service", picker.id, selectorContainer="tier=db")
    await platform.until(lambda tx: tx.count(rows.ServiceExposeMap, serviceId=picker.id, instanceId=list(db)) == 2)
    await platform.until(lambda tx: tx.count(rows.ServiceExposeMap, serviceId=picker.id) == 2)
    await platform.change("service", picker.id, selectorContainer=None)
    await platform.until(lambda tx: tx.count(rows.ServiceExposeMap, serviceId=picker.id) == 0)


async def linked(platform, consumer):
    found = await platform.read(lambda tx: tx.find(rows.ServiceConsumeMap, serviceId=consumer.id))
    return {row.consumedServiceId for row in found}


async def test_a_link_selector_follows_services_and_itself(platform, stack):
    first = await service(platform, stack, "web1", "web")
    consumer = await service(platform, stack, "lb", selectorLink="tier=web")
    assert await linked(platform, consumer) == {first.id}
    second = await service(platform, stack, "web2", "web")
    other = await service(platform, stack, "db", "db")
    assert await linked(platform, consumer) == {first.id, second.id}
    await platform.until(lambda tx: tx.require(rows.Service, consumer.id).state == "inactive")
    await platform.change("service", consumer.id, selectorLink="tier=db")
    assert await linked(platform, consumer) == {other.id}
    await platform.until(lambda tx: tx.require(rows.Service, consumer.id).state == "inactive")
    await platform.act("service", consumer.id, "setservicelinks", serviceLinks=[{"serviceId": first.id}])
    await platform.change("service", consumer.id, selectorLink=None)
    assert await linked(platform, consumer) == {first.id}


async def test_a_link_selector_follows_an_upgrade_and_its_rollback(platform, stack):
    first, second = await service(platform, stack, "a", "web"), await service(platform, stack, "b", "db")
    consumer = await service(platform, stack, "lb", selectorLink="tier=web")
    strange = await service(platform, stack, "strange", selectorLink="tier notin (db, web), !absent")
    await platform.until(lambda tx: tx.require(rows.Service, second.id).state == "inactive")
    launch = {"imageUuid": "docker:ok", "labels": {"tier": "web"}}
    await platform.act("service", second.id, "upgrade", inServiceStrategy={"launchConfig": launch})
    assert await linked(platform, consumer) == {first.id, second.id}
    await platform.until(lambda tx: tx.require(rows.Service, second.id).state == "upgraded")
    await platform.act("service", second.id, "rollback")
    await platform.until(lambda tx: tx.require(rows.Service, second.id).state == "inactive")
    assert await linked(platform, consumer) == {first.id}
    assert await linked(platform, strange) == {consumer.id}
    await platform.act("service", first.id, "remove")
    await platform.until(lambda tx: tx.require(rows.Service, first.id).state == "removed")
    assert await linked(platform, consumer) == set()
    assert await platform.read(lambda tx: len(tx.execute(tx.table("service_label").select()).fetchall())) == 2 * 3
