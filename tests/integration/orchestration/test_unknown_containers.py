# SPDX-License-Identifier: Apache-2.0
"""Containers that agents report and the store does not know, as after a restore: nobody else gets their addresses."""

import uuid

from fakeagent import FakeHost
from inprocess import addresses_of_containers

from orca import wire
from orca.network import addresses
from orca.resources import rows


def made_later(host, address="10.42.1.10"):
    """A container of ours that was started after the backup was made."""
    container = wire.Container(
        external_id=uuid.uuid4().hex, name="later", state="running", uuid=str(uuid.uuid4()), address=address
    )
    host.containers[container.external_id] = container
    return container


async def given(platform):
    found = await platform.read(addresses_of_containers)
    return sorted(row.address for row in found)


async def test_an_address_is_held_from_the_first_hello_on(platform):
    host = FakeHost("h1", "192.0.2.1")
    made_later(host)
    await platform.join(host)
    await platform.until(lambda tx: tx.find(rows.Instance))
    await platform.create("container", imageUuid="docker:ok")
    await platform.running(2)
    assert await given(platform) == ["10.42.1.10", "10.42.1.11"]


async def test_what_is_reported_before_the_host_has_a_range_is_held_with_it(platform):
    project = (await platform.read(lambda tx: tx.first(rows.Network))).accountId

    def unit(tx):
        host = tx.insert(rows.Host, accountId=project, name="early", state="registering")
        there = {"accountId": project, "hostId": host.id, "imageUuid": "docker:other"}
        containers = [tx.insert(rows.Container, **there) for _ in range(2)]
        for container, reported in zip(containers, ("10.42.1.10", "10.42.9.10"), strict=True):
            addresses.locate(tx, container, host, reported)
        assert [container.primaryIpAddress for container in containers] == [None, None]
        addresses.allocate_range(tx, addresses.network_of(tx, project), host)
        return [container.primaryIpAddress for container in containers]

    # The second is of another host's range.
    assert await platform.core.db.write(unit) == ["10.42.1.10", None]
    assert await given(platform) == ["10.42.1.10"]


async def test_what_waits_for_the_host_does_not_overtake_its_hello(platform):
    machine = await platform.join(FakeHost("h1", "192.0.2.1"))
    connection = platform.connection_of(machine)
    await platform.disconnect(connection)
    row = await platform.create("container", imageUuid="docker:ok")
    await platform.until(
        lambda tx: "agent is not connected" in (tx.require(rows.Instance, row.id).transitioningMessage or "")
    )
    made_later(machine.host)
    await platform.connect(connection.agent_id, machine)
    await platform.running(2)
    assert (await platform.read(lambda tx: tx.require(rows.Instance, row.id))).primaryIpAddress == "10.42.1.11"


async def test_held_as_long_as_it_is_there(platform):
    machine = await platform.join(FakeHost("h1", "192.0.2.1"))
    container = made_later(machine.host)
    machine.report(container, "start")
    await platform.until(lambda tx: addresses_of_containers(tx))
    container.state = "stopped"
    machine.report(container, "die")
    await platform.until(lambda tx: tx.first(rows.Instance).state == "stopped")
    assert await given(platform) == ["10.42.1.10"]
    container.state = "removed"
    machine.report(container, "destroy")
    await platform.until(lambda tx: not tx.find(rows.Instance))
    assert await given(platform) == []


async def test_one_that_vanished_while_the_agent_was_away_gives_its_address_back(platform):
    machine = await platform.join(FakeHost("h1", "192.0.2.1"))
    container = made_later(machine.host)
    machine.report(container, "start")
    await platform.until(lambda tx: addresses_of_containers(tx))
    connection = platform.connection_of(machine)
    await platform.disconnect(connection)
    del machine.host.containers[container.external_id]
    await platform.connect(connection.agent_id, machine)
    await platform.until(lambda tx: not addresses_of_containers(tx))


async def test_another_address_takes_the_place_of_the_first(platform):
    machine = await platform.join(FakeHost("h1", "192.0.2.1"))
    container = machine.run_by_hand("by-hand")
    await platform.until(lambda tx: tx.find(rows.Instance))
    for address in ("10.42.1.20", "10.42.1.21"):
        container.address = address
        machine.report(container, "start")
        await platform.until(lambda tx, address=address: tx.first(rows.Instance).primaryIpAddress == address)
        assert await given(platform) == [address]


async def test_what_docker_gives_away_itself_is_not_held(platform):
    machine = await platform.join(FakeHost("h1", "192.0.2.1"))
    for address in ("10.42.1.241", "172.17.0.2", "10.42.2.10", "nonsense"):
        machine.report(made_later(machine.host, address), "start")
    await platform.until(lambda tx: len(tx.find(rows.Instance)) == 4)
    assert await given(platform) == []
