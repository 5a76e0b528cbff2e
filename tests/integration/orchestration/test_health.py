# SPDX-License-Identifier: Apache-2.0
"""Health checks over simulated hosts: who checks, what reports do, what becomes of services and stacks."""

import itertools
from dataclasses import replace

import pytest

from orca import wire
from orca.orchestration.health import rollup
from orca.orchestration.health.checkers import Checkers
from orca.orchestration.health.reports import verdict
from orca.orchestration.health.verdicts import is_late as late
from orca.orchestration.units import sickness, units
from orca.resources import rows
from orca.resources.errors import Refused
from orca.simulator import knobs
from orca.wire import names

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
        **{"launchConfig": {"imageUuid": "sim:1", "healthCheck": check}, **fields},
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


# -- by the agents' sockets -------------------------------------------------------------------------------------------


async def tell(platform, host_id, checks=(), containers=(), *, complete=False):
    """What the agent of a host reports."""
    host = await platform.read(lambda tx: tx.require(rows.Host, host_id))
    (handler,) = platform.core.behaviour.agent_events[names.HEALTH_CHANGE]
    change = wire.HealthChange(checks=list(checks), containers=list(containers), complete=complete)
    await handler(platform.core, platform.core.agents.get(host.agentId), change)


async def say(platform, instance, word, reason=None, hosts=None):
    """All checkers of a container, or those on these hosts, say the same."""
    row = await platform.read(lambda tx: tx.require(rows.Instance, instance.id))
    for entry in await maps(platform, instance):
        if hosts is None or entry.hostId in hosts:
            edge = wire.CheckEdge(check=entry.uuid, state=word, at=1, start=row.startCount, reason=reason)
            await tell(platform, entry.hostId, [edge])


async def now_is(platform, instance):
    return await platform.read(lambda tx: tx.require(rows.Instance, instance.id))


async def test_edges_decide_with_reasons(platform, agents):
    web = await service(platform, agents, {**CHECK, "strategy": "none"})
    (row,) = await checked(platform, web)
    entries = await maps(platform, row)
    assert {entry.healthState for entry in entries} == {"healthy"}, "as in 2015, before anybody says anything"
    await say(platform, row, "down", "connection refused")
    assert (await now_is(platform, row)).healthState == "initializing"
    await say(platform, row, "up")
    assert (await now_is(platform, row)).healthState == "healthy"
    elsewhere = [entry.hostId for entry in entries if entry.hostId != row.hostId]
    await say(platform, row, "unknown", "the checker is late", hosts=elsewhere)
    await say(platform, row, "down", "HTTP 503", hosts={row.hostId})
    found = await now_is(platform, row)
    host = await platform.read(lambda tx: tx.require(rows.Host, row.hostId))
    assert (found.healthState, found.healthReason) == ("unhealthy", f"{host.name}: HTTP 503")
    assert found.healthSince >= found.started
    await say(platform, row, "up", hosts=elsewhere[:1])
    found = await now_is(platform, row)
    assert (found.healthState, found.healthReason) == ("healthy", None)


async def test_what_is_not_about_this_start_or_this_host_has_no_effect(platform, agents):
    web = await service(platform, agents)
    (row,) = await checked(platform, web)
    first, second, *_ = await maps(platform, row)
    for host_id, edge in (
        (first.hostId, wire.CheckEdge(check=first.uuid, state="up", at=1, start=row.startCount - 1)),
        (second.hostId, wire.CheckEdge(check=first.uuid, state="up", at=1, start=row.startCount)),
        (first.hostId, wire.CheckEdge(check="nobody", state="up", at=1, start=row.startCount)),
    ):
        await tell(platform, host_id, [edge])
    await tell(platform, second.hostId, containers=[wire.EngineHealth(uuid="nobody", state="unhealthy", at=1)])
    other = next(entry.hostId for entry in await maps(platform, row) if entry.hostId != row.hostId)
    await tell(platform, other, containers=[wire.EngineHealth(uuid=row.uuid, state="unhealthy", at=1)])
    assert (await now_is(platform, row)).healthState == "initializing"
    assert {entry.said for entry in await maps(platform, row)} == {None}


async def test_a_complete_report_takes_back_what_it_does_not_repeat(platform, agents):
    web = await service(platform, agents)
    (row,) = await checked(platform, web)
    await say(platform, row, "up")
    first, *rest = await maps(platform, row)
    await tell(platform, first.hostId, complete=True)
    assert [entry.said for entry in await maps(platform, row)] == ["unknown", *("up" for _ in rest)]
    assert (await now_is(platform, row)).healthState == "healthy"


async def test_the_engines_own_check_is_a_verdict_too(platform, agents):
    made = await platform.create("container", imageUuid="sim:1")
    row = await platform.until(lambda tx: tx.first(rows.Instance, id=made.id, state="running"))
    assert row.healthState is None

    async def engine(state, at, reason=None):
        word = wire.EngineHealth(uuid=row.uuid, state=state, at=at, reason=reason)
        await tell(platform, row.hostId, containers=[word])
        found = await now_is(platform, row)
        return found.healthState, found.healthReason

    assert await engine("starting", 1) == ("initializing", None)
    assert await engine("healthy", 2) == ("healthy", None)
    assert await engine("unhealthy", 3, "exit 1: no") == ("unhealthy", "HEALTHCHECK: exit 1: no")
    assert (await now_is(platform, row)).engineHealth == {
        "state": "unhealthy",
        "since": 3,
        "startedAt": None,
        "output": "exit 1: no",
    }
    assert await engine("healthy", 2) == ("healthy", None)


async def test_two_checks_are_two_verdicts_with_a_strategy_each(platform, agents):
    web = await service(
        platform,
        agents,
        launchConfig={
            "imageUuid": "sim:1",
            "healthCheck": {**CHECK, "initializingTimeout": 60_000},
            "engineHealthCheck": {"test": ["CMD", "true"], "strategy": "none"},
        },
    )
    (row,) = await checked(platform, web)

    async def engine(state):
        await tell(platform, row.hostId, containers=[wire.EngineHealth(uuid=row.uuid, state=state, at=1)])

    await engine("unhealthy")
    await health(platform, "instance", row, "unhealthy")
    await say(platform, row, "up")
    found = await now_is(platform, row)
    assert (found.healthState, found.checkersHealth, found.healthDeadline) == ("unhealthy", "healthy", None)
    assert not await platform.read(lambda tx: units.plan(tx, tx.require(rows.Service, web.id)).acts)
    # What the engine takes back does not wait for a word of the checkers.
    await say(platform, row, "unknown")
    await engine("healthy")
    await health(platform, "instance", row, "healthy")
    await engine("unhealthy")
    await say(platform, row, "down")
    await platform.until(lambda tx: tx.require(rows.Instance, row.id).removed)


async def test_a_failing_path_is_not_a_failing_container(platform, agents):
    """One host finds all failing on another, which itself finds them well: nobody is replaced."""
    web = await service(platform, agents, scale=4)
    found = await checked(platform, web, 4)
    target = found[0].hostId
    there = [row for row in found if row.hostId == target]
    checkers = {entry.hostId for row in there for entry in await maps(platform, row)} - {target}
    for row in found:
        await say(platform, row, "up")
    for row in there:
        await say(platform, row, "down", "no route", hosts=checkers)

    def verdicts(tx):
        entries = tx.find(rows.HealthcheckInstanceHostMap, instanceId=[row.id for row in there])
        return {entry.hostId == target: verdict(tx, None, entry) for entry in entries}

    assert await platform.read(verdicts) == {True: "up", False: "path fault"}
    # Even when the host itself falls silent.
    for row in there:
        await say(platform, row, "unknown", hosts={target})
        assert (await now_is(platform, row)).healthState == "healthy"
    for row in there:
        await say(platform, row, "up", hosts=checkers)
    assert await platform.read(verdicts) == {True: "unknown", False: "up"}


async def test_a_fifth_of_a_service_is_replaced_at_a_time(platform, agents):
    web = await service(platform, agents, scale=10)
    found = await checked(platform, web, 10)
    for row in found:
        await say(platform, row, "up")
    for row in found:
        await say(platform, row, "down")
    old = {row.id for row in found}

    def replaced(tx):
        live = {row.id for row in tx.find(rows.Instance, serviceId=web.id) if not row.leaving}
        return old - live

    for number in (2, 4, 6):
        await platform.until(lambda tx, number=number: len(replaced(tx)) == number)
        present = await checked(platform, web, 10)
        assert len(await platform.read(replaced)) == number, "no more before these are well"
        for row in present:
            if row.id not in old and row.healthState != "healthy":
                await say(platform, row, "up")


async def test_replacements_in_vain_come_more_slowly(platform, agents):
    web = await service(platform, agents)
    (first,) = await checked(platform, web)
    await say(platform, first, "up")
    await say(platform, first, "down")
    known = {first.id}

    def another(tx):
        found = tx.find(rows.Instance, serviceId=web.id, state="running")
        return next((row for row in found if row.id not in known), None)

    second = await platform.until(another)
    known.add(second.id)
    await checked(platform, web)
    await say(platform, second, "up")
    await say(platform, second, "down")
    await health(platform, "instance", second, "unhealthy")

    def later(tx):
        return units.look_again(tx, tx.require(rows.Service, web.id))

    service_row = await platform.read(lambda tx: tx.require(rows.Service, web.id))
    assert await platform.read(later) == service_row.replacedAt + sickness.PAUSE_MS[0]
    assert not await platform.read(lambda tx: units.plan(tx, tx.require(rows.Service, web.id)).acts)
    await platform.core.db.write(
        lambda tx: tx.update(tx.require(rows.Service, web.id), replacedAt=service_row.replacedAt - 10_000)
    )
    await platform.until(another)
    assert (await platform.read(lambda tx: tx.require(rows.Service, web.id))).replacements == 1


async def test_flapping_is_held_on_the_unhealthy_side(platform, agents):
    web = await service(platform, agents, {**CHECK, "strategy": "none"})
    (row,) = await checked(platform, web)
    for word in ("up", "down", "up", "down"):
        await say(platform, row, word)
    until = (await now_is(platform, row)).flaps["until"]
    await say(platform, row, "up")
    assert (await now_is(platform, row)).healthState == "unhealthy"

    def pass_time(tx):
        found = tx.require(rows.Instance, row.id)
        tx.update(found, flaps={**found.flaps, "until": tx.now})
        late(tx, platform.core, row.id)

    assert until > (await now_is(platform, row)).healthSince
    await platform.core.db.write(pass_time)
    assert (await now_is(platform, row)).healthState == "healthy"
    await say(platform, row, "down")
    assert (await now_is(platform, row)).healthState == "unhealthy", "at once"


async def test_a_checker_that_stays_away_is_silent_and_then_replaced(platform, agents):
    web = await service(platform, agents)
    (row,) = await checked(platform, web)
    await say(platform, row, "up")
    entries = await maps(platform, row)
    gone = next(entry.hostId for entry in entries if entry.hostId != row.hostId)
    await platform.core.db.write(lambda tx: tx.update(tx.require(rows.Host, gone), agentState="reconnecting"))
    absent = Checkers(platform.core, silent_ms=0, replaced_ms=0)
    await absent._absent(gone, silence=True)
    away = {entry.hostId: entry.said for entry in await maps(platform, row)}
    assert (away.pop(gone), set(away.values())) == (None, {"up"})
    await absent._absent(gone, silence=False)
    after = {entry.hostId for entry in await maps(platform, row)}
    assert (len(after), gone in after, row.hostId in after) == (3, False, True)


async def test_a_host_that_joins_completes_the_checks(platform):
    async def host(number):
        await platform.create("agent", _role="superadmin", uri=f"sim://{number}", data={knobs.KEY: {}})
        await platform.until(lambda tx: len(tx.find(rows.Host, state="active")) == number)

    await host(1)
    web = await service(platform, None)
    (row,) = await checked(platform, web)
    assert len(await maps(platform, row)) == 1
    for number in (2, 3, 4):
        await host(number)
        wanted = min(number, 3)
        await platform.until(
            lambda tx, wanted=wanted: len(tx.find(rows.HealthcheckInstanceHostMap, instanceId=row.id)) == wanted
        )


async def test_an_unhealthy_container_leaves_its_balancers(platform, agents):
    web = await service(platform, agents, {**CHECK, "strategy": "none"}, scale=2)
    first, second = await checked(platform, web, 2)
    for row in (first, second):
        await say(platform, row, "up")
    launch = {"imageUuid": "sim:lb", "ports": ["18181:80"]}
    edge = await platform.create(
        "loadBalancerService", environmentId=web.environmentId, name="edge", launchConfig=launch, startOnCreate=True
    )
    await platform.until(lambda tx: tx.require(rows.Service, edge.id).state == "active")
    await platform.act("loadBalancerService", edge.id, "addservicelink", serviceLink={"serviceId": web.id})

    def targets(tx):
        return {row.instanceId for row in tx.find(rows.LoadBalancerTarget)}

    await platform.until(lambda tx: targets(tx) == {first.id, second.id})
    await say(platform, first, "down")
    await platform.until(lambda tx: targets(tx) == {second.id})
    await say(platform, first, "up")
    await platform.until(lambda tx: targets(tx) == {first.id, second.id})


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


async def test_simulated_hosts_that_check_make_services_healthy_and_replace_the_sick(platform):
    for number in range(2):
        agent = {"uri": f"sim://{number}", "data": {knobs.KEY: {"checks": True}}}
        await platform.create("agent", _role="superadmin", **agent)
    await platform.until(lambda tx: len(tx.find(rows.Host, state="active")) == 2)
    check = {"port": 80, "interval": 250, "healthyThreshold": 1, "unhealthyThreshold": 1}
    well = await service(platform, None, check)
    await health(platform, "service", well, "healthy")
    sick = {"imageUuid": "sim:1", "healthCheck": check, "labels": {"simUnhealthyAfter": "1"}}
    web = await platform.create(
        "service", environmentId=well.environmentId, name="sick", startOnCreate=True, launchConfig=sick
    )
    first = await platform.until(lambda tx: tx.first(rows.Instance, serviceId=web.id))
    await platform.until(lambda tx: tx.require(rows.Instance, first.id).removed)
    assert "connection refused" in (await now_is(platform, first)).healthReason
    assert (await platform.read(lambda tx: tx.require(rows.Service, well.id))).healthState == "healthy"
