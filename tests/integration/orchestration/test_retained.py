# SPDX-License-Identifier: Apache-2.0
"""Addresses that outlive their containers, and addresses that are asked for."""

import re

import pytest
from pretended import PretendedHost

from orca.orchestration.syntax.labels import AFFINITY, REQUESTED_IP
from orca.orchestration.units import units
from orca.resources import rows
from orca.resources.errors import Refused


@pytest.fixture
async def agents(platform):
    return [await platform.join(PretendedHost(f"h{number}", f"192.0.2.{number}")) for number in (1, 2)]


@pytest.fixture
async def stack(platform):
    row = await platform.create("environment", name="shop")
    await platform.until(lambda tx: tx.require(rows.Environment, row.id).state == "active")
    return row


async def make(platform, stack, scale=3, **fields):
    launch = {"imageUuid": "docker:ok"}
    fields = {"launchConfig": launch, "retainIp": True, "startOnCreate": True, **fields}
    row = await platform.create("service", name="web", environmentId=stack.id, scale=scale, **fields)
    return await active(platform, row)


async def active(platform, service):
    def condition(tx):
        row = tx.require(rows.Service, service.id)
        return row if row.state == "active" and row.transitioning is None else None

    return await platform.until(condition)


async def containers(platform, service, count):
    """The running containers by name, once there are so many and nothing is under way."""

    def condition(tx):
        found = tx.find(rows.Instance, serviceId=service.id)
        quiet = tx.require(rows.Service, service.id).state == "active"
        if quiet and len(found) == count and all(row.state == "running" for row in found):
            return {row.name: row for row in found}
        return None

    return await platform.until(condition)


async def replaced(platform, service, old, count):
    """The successor of a container, once the service is complete again."""
    await platform.until(lambda tx: tx.require(rows.Instance, old.id).removed is not None)
    return (await containers(platform, service, count))[old.name]


async def waiting(platform):
    return await platform.read(
        lambda tx: [(row.address, row.data["owner"]["number"]) for row in tx.find(rows.IpAddress, role="retained")]
    )


async def test_a_replacement_has_name_host_and_address_of_the_old_one(platform, agents, stack):
    web = await make(platform, stack)
    for _ in range(2):
        old = (await containers(platform, web, 3))["shop_web_2"]
        await platform.delete("instance", old.id)
        new = await replaced(platform, web, old, 3)
        assert new.id != old.id
        assert (new.primaryIpAddress, new.hostId) == (old.primaryIpAddress, old.hostId)
    assert await waiting(platform) == []


async def test_a_container_that_vanished_is_replaced_at_its_address(platform, agents, stack):
    web = await make(platform, stack)
    old = (await containers(platform, web, 3))["shop_web_3"]
    agent = next(agent for agent in agents if agent.host.by_uuid(old.uuid))
    container = agent.host.by_uuid(old.uuid)
    agent.vanish(container)
    assert (await replaced(platform, web, old, 3)).primaryIpAddress == old.primaryIpAddress


@pytest.mark.parametrize(("retain", "at_once"), [(True, False), (None, True)])
async def test_one_that_vanished_holds_its_place_until_it_is_removed(platform, agents, stack, retain, at_once):
    web = await make(platform, stack, retainIp=retain)
    old = (await containers(platform, web, 3))["shop_web_3"]

    def unit(tx):
        tx.update(tx.require(rows.Instance, old.id), vanished=True, leaving=True)
        plan = units.plan(tx, web)
        tx.update(tx.require(rows.Instance, old.id), vanished=False, leaving=False)
        return [new.number for new in plan.create], [new.number for new in plan.later]

    assert await platform.core.db.write(unit) == (([3], []) if at_once else ([], [3]))


async def test_an_address_waits_while_its_successor_cannot_start(platform, agents, stack):
    web = await make(platform, stack, scale=1)
    old = (await containers(platform, web, 1))["shop_web_1"]
    await platform.act("service", web.id, "deactivate")
    await platform.until(lambda tx: tx.require(rows.Service, web.id).state == "inactive")
    await platform.delete("instance", old.id)
    await platform.until(lambda tx: tx.require(rows.Instance, old.id).removed is not None)
    assert await waiting(platform) == [(old.primaryIpAddress, 1)]
    other = await platform.create("container", imageUuid="docker:ok", requestedHostId=old.hostId)
    running = await platform.until(
        lambda tx: row if (row := tx.require(rows.Instance, other.id)).state == "running" else None
    )
    assert running.primaryIpAddress != old.primaryIpAddress
    await platform.act("service", web.id, "activate")
    new = (await containers(platform, web, 1))["shop_web_1"]
    assert new.primaryIpAddress == old.primaryIpAddress


async def test_without_it_an_address_is_free_at_once(platform, agents, stack):
    web = await make(platform, stack, retainIp=None)
    old = (await containers(platform, web, 3))["shop_web_2"]
    await platform.delete("instance", old.id)
    await platform.until(lambda tx: tx.require(rows.Instance, old.id).removed is not None)
    assert await waiting(platform) == []
    found = await containers(platform, web, 3)
    assert old.primaryIpAddress not in {row.primaryIpAddress for row in found.values()}


async def test_scaling_down_removing_and_renouncing_free_addresses(platform, agents, stack):
    web = await make(platform, stack)
    held = await containers(platform, web, 3)
    await platform.change("service", web.id, scale=2)
    await containers(platform, web, 2)
    assert await waiting(platform) == []
    for name in ("shop_web_1", "shop_web_2"):
        await platform.act("service", web.id, "deactivate")
        await platform.until(lambda tx: tx.require(rows.Service, web.id).state == "inactive")
        await platform.delete("instance", held[name].id)
        await platform.until(lambda tx, name=name: tx.require(rows.Instance, held[name].id).removed is not None)
        assert len(await waiting(platform)) == 1
        if name == "shop_web_1":
            await platform.change("service", web.id, retainIp=False)
            await platform.until(lambda tx: tx.require(rows.Service, web.id).state == "inactive")
            assert await waiting(platform) == []
            await platform.change("service", web.id, retainIp=True)
            await platform.until(lambda tx: tx.require(rows.Service, web.id).state == "inactive")
            await platform.act("service", web.id, "activate")
            await containers(platform, web, 2)
    await platform.delete("service", web.id)
    await platform.until(lambda tx: tx.require(rows.Service, web.id).state == "removed")
    assert await waiting(platform) == []


async def test_a_successor_that_must_go_elsewhere_says_why_it_has_another_address(platform, agents, stack):
    web = await make(platform, stack, scale=1)
    old = (await containers(platform, web, 1))["shop_web_1"]
    await platform.act("host", old.hostId, "deactivate")
    await platform.until(lambda tx: tx.require(rows.Host, old.hostId).state == "inactive")
    await platform.delete("instance", old.id)
    new = await replaced(platform, web, old, 1)
    host = await platform.read(lambda tx: tx.require(rows.Host, old.hostId))
    assert new.hostId != old.hostId
    expected = f"{old.primaryIpAddress} was retained on {host.name}, which cannot take the container: is inactive"
    assert new.placement["address"] == expected
    assert await waiting(platform) == []


async def test_a_successor_of_a_container_on_a_removed_host_says_so_once(platform, agents, stack):
    web = await make(platform, stack, scale=1)
    old = (await containers(platform, web, 1))["shop_web_1"]
    await platform.delete("host", old.hostId)
    new = await replaced(platform, web, old, 1)
    assert "was retained on h" in new.placement["address"]
    # Where several write, the successor may be placed while the removal of its host still goes on.
    assert re.search(r"which cannot take the container: is remov(ed|ing)$", new.placement["address"])
    await platform.delete("instance", new.id)
    newer = await replaced(platform, web, new, 1)
    assert (newer.primaryIpAddress, newer.placement) == (new.primaryIpAddress, {"refused": {}})


async def test_sidekicks_have_addresses_of_their_own_kept(platform, agents, stack):
    sidekicks = [{"name": "log", "imageUuid": "docker:ok"}]
    web = await make(platform, stack, scale=2, secondaryLaunchConfigs=sidekicks)
    before = await containers(platform, web, 4)
    for name in ("shop_web_1", "shop_web_log_1"):
        await platform.delete("instance", before[name].id)
    await replaced(platform, web, before["shop_web_1"], 4)
    after = await containers(platform, web, 4)
    assert {name: row.primaryIpAddress for name, row in after.items()} == {
        name: row.primaryIpAddress for name, row in before.items()
    }


async def test_an_upgrade_and_taking_it_back_keep_the_addresses(platform, agents, stack):
    web = await make(platform, stack, scale=2)

    async def addresses(count):
        found = await containers(platform, web, count)
        return {name: row.primaryIpAddress for name, row in found.items()}

    async def reached(state):
        await platform.until(
            lambda tx: (row := tx.require(rows.Service, web.id)).state == state and row.transitioning is None
        )

    before, ids = await addresses(2), {row.id for row in (await containers(platform, web, 2)).values()}
    strategy = {"launchConfig": {"imageUuid": "docker:ok:2"}, "batchSize": 1, "intervalMillis": 100}
    await platform.act("service", web.id, "upgrade", inServiceStrategy=strategy)
    await reached("upgraded")
    running = await platform.read(lambda tx: tx.find(rows.Instance, serviceId=web.id, state="running"))
    assert {row.name: row.primaryIpAddress for row in running} == before
    await platform.act("service", web.id, "rollback")
    await reached("active")
    assert await addresses(2) == before
    assert {row.id for row in (await containers(platform, web, 2)).values()} == ids
    await platform.act("service", web.id, "upgrade", inServiceStrategy=strategy)
    await reached("upgraded")
    await platform.act("service", web.id, "finishupgrade")
    await reached("active")
    assert await addresses(2) == before
    assert await waiting(platform) == []


# -- addresses that are asked for -------------------------------------------------------------------------------------


def launch(address, **fields):
    return {"imageUuid": "docker:ok", "requestedIpAddress": address, **fields}


async def test_a_requested_address_is_given_on_the_host_that_has_it_and_kept(platform, agents, stack):
    ranges = await platform.read(lambda tx: {row.hostId: row.networkAddress for row in tx.find(rows.Subnet)})
    second = max(ranges)
    address = ranges[second].rpartition(".")[0] + ".77"
    web = await make(platform, stack, scale=1, retainIp=None, launchConfig=launch(address))
    old = (await containers(platform, web, 1))["shop_web_1"]
    assert (old.primaryIpAddress, old.hostId) == (address, second)
    assert old.placement["refused"] == {"h1": "the requested address is not in its range"}
    await platform.delete("instance", old.id)
    assert (await replaced(platform, web, old, 1)).primaryIpAddress == address


async def test_a_label_asks_for_an_address_too(platform, agents):
    ranges = await platform.read(lambda tx: [row.networkAddress for row in tx.find(rows.Subnet)])
    address = ranges[0].rpartition(".")[0] + ".55"
    row = await platform.create("container", imageUuid="docker:ok", labels={REQUESTED_IP: address})
    made = await platform.until(lambda tx: r if (r := tx.require(rows.Instance, row.id)).state == "running" else None)
    assert made.primaryIpAddress == address
    with pytest.raises(Refused, match=f"labels: {address} is that of {made.name}") as refused:
        await platform.create("container", imageUuid="docker:ok", labels={REQUESTED_IP: address})
    assert refused.value.field == "labels"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (launch("house"), "'house' is not an address"),
        (launch("192.0.2.7"), "192.0.2.7 is outside of the managed network 10.42.0.0/16"),
        (launch("10.42.1.2"), "range of h1 does not give 10.42.1.2 to containers"),
        (launch("10.42.1.77", networkMode="host"), "only the managed network gives addresses"),
    ],
)
async def test_an_address_that_cannot_be_is_refused(platform, agents, stack, config, message):
    with pytest.raises(Refused, match=f"requestedIpAddress: {message}") as refused:
        await make(platform, stack, launchConfig=config)
    assert (refused.value.status, refused.value.field) == (422, "requestedIpAddress")


@pytest.mark.parametrize(
    ("address", "message"),
    [
        # Whichever of the two comes second.
        ("10.42.1.77", "requestedIpAddress: 10.42.1.77 is that of shop_web_"),
        ("10.42.9.77", "requestedIpAddress: no host has 10.42.9.77 in its range"),
    ],
)
async def test_an_address_that_cannot_be_given_fails_with_the_reason(platform, agents, stack, address, message):
    config = launch(address, labels={AFFINITY + "container_label_soft_ne": "a=b"})
    row = await platform.create(
        "service", name="web", environmentId=stack.id, scale=2, startOnCreate=True, launchConfig=config
    )
    failed = await platform.until(
        lambda tx: row_ if (row_ := tx.require(rows.Service, row.id)).transitioning == "error" else None
    )
    assert message in failed.transitioningMessage
