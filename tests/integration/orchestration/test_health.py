# SPDX-License-Identifier: Apache-2.0
"""Health checks over simulated hosts: who checks, what reports do, what becomes of services and stacks."""

import itertools
from dataclasses import replace

import pytest

from orca.orchestration.health import rollup
from orca.resources import rows
from orca.resources.errors import Refused
from orca.simulator import knobs

CHECK = {"port": 80, "interval": 2000}


@pytest.fixture
async def agents(platform):
    """Four simulated agents with a host each."""
    found = [
        await platform.create("agent", _role="superadmin", uri=f"sim://{number}", data={knobs.KEY: {}})
        for number in range(4)
    ]
    await platform.until(lambda tx: len(tx.find(rows.Host, state="active")) == 4)
    return found


async def service(platform, agents, check=CHECK, **fields):
    stack = await platform.create("environment", name="shop")
    await platform.until(lambda tx: tx.require(rows.Environment, stack.id).state == "active")
    return await platform.create(
        "service",
        environmentId=stack.id,
        name="web",
        startOnCreate=True,
        launchConfig={"imageUuid": "sim:1", "healthCheck": check},
        **fields,
    )


async def checked(platform, row, count=1):
    """Wait until so many containers of the service run."""

    def condition(tx):
        found = [r for r in tx.find(rows.Instance, serviceId=row.id) if r.state == "running"]
        return found if len(found) == count and tx.require(rows.Service, row.id).state == "active" else None

    return await platform.until(condition)


async def report(platform, entry, health, timestamp=1000, agent_of=None):
    """What the agent of the checking host posts."""

    def unit(tx):
        host = tx.require(rows.Host, agent_of or entry.hostId)
        agent = tx.require(rows.Agent, host.agentId)
        call = replace(platform.call("agent"), account_id=agent.accountId, user_id=agent.accountId)
        hook = platform.core.behaviour.creates["serviceEvent"]
        fields = {"externalTimestamp": timestamp, "reportedHealth": health, "healthcheckUuid": entry.uuid}
        return hook(tx, call, fields)

    return await platform.core.db.write(unit)


async def maps(platform, instance):
    return await platform.read(lambda tx: tx.find(rows.HealthcheckInstanceHostMap, instanceId=instance.id))


async def health(platform, type, row, wanted):
    await platform.until(lambda tx: tx.require(type, row.id).healthState == wanted)


async def test_three_hosts_check_and_the_own_one_is_among_them(platform, agents):
    web = await service(platform, agents)
    (row,) = await checked(platform, web)
    assert row.healthState == "initializing"
    found = await maps(platform, row)
    assert len({entry.hostId for entry in found}) == 3
    assert row.hostId in {entry.hostId for entry in found}


async def test_reports_decide(platform, agents):
    web = await service(platform, agents, {**CHECK, "strategy": "none"})
    (row,) = await checked(platform, web)
    entries = await maps(platform, row)
    await health(platform, "service", web, "initializing")
    await report(platform, entries[0], "DOWN")
    assert (await platform.read(lambda tx: tx.require(rows.Instance, row.id))).healthState == "initializing"
    await report(platform, entries[0], "UP", 1001)
    await health(platform, "service", web, "healthy")
    await health(platform, "environment", await platform.read(lambda tx: tx.first(rows.Environment)), "healthy")
    for entry in entries[1:]:
        await report(platform, entry, "DOWN")
    await health(platform, "instance", row, "healthy")
    await report(platform, entries[0], "DOWN", 1002)
    await health(platform, "instance", row, "unhealthy")
    await health(platform, "service", web, "unhealthy")
    await report(platform, entries[0], "UP", 999)
    await report(platform, entries[0], "INIT", 1003)
    assert (await platform.read(lambda tx: tx.require(rows.Instance, row.id))).healthState == "unhealthy"
    event = await report(platform, entries[0], "UP", 1004)
    assert (event.accountId, event.hostId, event.instanceId) == (platform.project_id, entries[0].hostId, row.id)
    await health(platform, "instance", row, "healthy")


async def test_only_the_agent_of_the_checking_host_may_report(platform, agents):
    web = await service(platform, agents)
    (row,) = await checked(platform, web)
    entries = await maps(platform, row)
    other = await platform.read(
        lambda tx: next(h.id for h in tx.find(rows.Host) if h.id not in {entry.hostId for entry in entries})
    )
    with pytest.raises(Refused) as refused:
        await report(platform, entries[0], "UP", agent_of=other)
    assert refused.value.code == "CantVerifyHealthcheck"


async def fail(platform, row, timestamp=1000):
    for entry in await maps(platform, row):
        await report(platform, entry, "UP", timestamp)
    for entry in await maps(platform, row):
        await report(platform, entry, "DOWN", timestamp + 1)


async def test_an_unhealthy_container_is_replaced(platform, agents):
    web = await service(platform, agents, scale=2)
    first, second = await checked(platform, web, 2)
    await fail(platform, first)
    await platform.until(lambda tx: tx.require(rows.Instance, first.id).removed)
    found = await checked(platform, web, 2)
    assert second.id in {row.id for row in found}
    assert not await maps(platform, first)


async def test_only_with_a_quorum_of_healthy_ones(platform, agents):
    check = {**CHECK, "strategy": "recreateOnQuorum", "recreateOnQuorumStrategyConfig": {"quorum": 1}}
    web = await service(platform, agents, check, scale=2)
    first, second = await checked(platform, web, 2)
    await fail(platform, first)
    await health(platform, "instance", first, "unhealthy")
    await platform.change("service", web.id, scale=2, metadata={"a": "b"})
    await checked(platform, web, 2)
    assert (await platform.read(lambda tx: tx.require(rows.Instance, first.id))).removed is None
    for entry in await maps(platform, second):
        await report(platform, entry, "UP")
    await platform.until(lambda tx: tx.require(rows.Instance, first.id).removed)


async def test_a_container_that_never_becomes_healthy_is_replaced_in_its_time(platform, agents):
    web = await service(platform, agents, {**CHECK, "initializingTimeout": 50})
    first = await platform.until(lambda tx: tx.first(rows.Instance, serviceId=web.id))
    await platform.until(lambda tx: tx.require(rows.Instance, first.id).removed)


async def test_a_restarted_container_is_not_trusted_before_it_is_seen(platform, agents):
    web = await service(platform, agents)
    (row,) = await checked(platform, web)
    entries = await maps(platform, row)
    await report(platform, entries[0], "UP")
    await platform.act("instance", row.id, "restart")
    await health(platform, "instance", row, "reinitializing")
    await report(platform, entries[0], "DOWN", 1001)
    await health(platform, "service", web, "reinitializing")
    assert [entry.uuid for entry in await maps(platform, row)] == [entry.uuid for entry in entries]
    await report(platform, entries[0], "UP", 1002)
    await health(platform, "service", web, "healthy")


async def test_services_without_checks_and_stacks(platform, agents):
    stack = await platform.create("environment", name="shop")
    await platform.until(lambda tx: tx.require(rows.Environment, stack.id).state == "active")
    await health(platform, "environment", stack, "healthy")
    config = {"imageUuid": "sim:1"}
    first = await platform.create(
        "service", environmentId=stack.id, name="a", startOnCreate=True, scale=2, launchConfig=config
    )
    await health(platform, "service", first, "healthy")
    await platform.create("service", environmentId=stack.id, name="b", launchConfig=config)
    await health(platform, "environment", stack, "degraded")
    await platform.act("environment", stack.id, "deactivateservices")
    await health(platform, "environment", stack, "unhealthy")


async def test_a_large_service_is_judged_by_numbers_as_it_is_by_rows(platform):
    """Counting leaves out what reading leaves out: what is taken away, and what an upgrade keeps aside."""
    marks = ({}, {"leaving": True}, {"kept": True})
    states = ("creating", "starting", "running", "stopping", "stopped", "removing", "restarting")
    healths = (None, "healthy", "unhealthy", "initializing")

    def fill(tx):
        service = tx.insert(
            rows.Service,
            accountId=platform.project_id,
            environmentId=1,
            name="mixed",
            launchConfig={"imageUuid": "sim:x"},
        )
        for number, (state, health, mark) in enumerate(itertools.product(states, healths, marks), 1):
            # What is marked is on its way out, or rests.
            if mark.get("leaving") and state not in ("stopping", "removing"):
                continue
            if mark.get("kept") and state not in ("stopping", "stopped"):
                continue
            tx.insert(
                rows.Container,
                accountId=platform.project_id,
                serviceId=service.id,
                imageUuid="sim:x",
                state=state,
                healthState=health,
                number=number,
                part="",
                **mark,
            )
        return service.id

    id = await platform.core.db.write(fill)

    def both(tx):
        service = tx.require(rows.Service, id)
        return rollup._by_numbers(tx, service), rollup._by_rows(tx, service)

    numbers, found = await platform.read(both)
    assert numbers == found
