# SPDX-License-Identifier: Apache-2.0
"""Containers that agents report and the store does not know, as after a restore: nobody else gets their addresses."""

import uuid

from inprocess import addresses_of_containers
from pretended import PretendedHost

from orca.network import addresses
from orca.resources import rows
from orca.simulator.host import Container


def made_later(address="10.42.1.10"):
    """A container of ours that was started after the backup was made."""
    return Container(uuid.uuid4().hex, "later", uuid=str(uuid.uuid4()), state="running", address=address)


async def given(platform):
    found = await platform.read(addresses_of_containers)
    return sorted(row.address for row in found)


async def test_an_address_is_held_from_the_first_hello_on(platform):
    host = PretendedHost("h1", "192.0.2.1")
    host.room.put(made_later())
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
    agent = await platform.join(PretendedHost("h1", "192.0.2.1"))
    connection = platform.connection_of(agent)
    await platform.disconnect(connection)
    row = await platform.create("container", imageUuid="docker:ok")
    await platform.until(
        lambda tx: "agent is not connected" in (tx.require(rows.Instance, row.id).transitioningMessage or "")
    )
    agent.host.room.put(made_later())
    await platform.connect(connection.agent_id, agent)
    await platform.running(2)
    assert (await platform.read(lambda tx: tx.require(rows.Instance, row.id))).primaryIpAddress == "10.42.1.11"


async def test_held_as_long_as_it_is_there(platform):
    agent = await platform.join(PretendedHost("h1", "192.0.2.1"))
    container = made_later()
    agent.appear(container)
    await platform.until(lambda tx: addresses_of_containers(tx))
    agent.end(container)
    await platform.until(lambda tx: tx.first(rows.Instance).state == "stopped")
    assert await given(platform) == ["10.42.1.10"]
    agent.vanish(container)
    await platform.until(lambda tx: not tx.find(rows.Instance))
    assert await given(platform) == []


async def test_one_that_vanished_while_the_agent_was_away_gives_its_address_back(platform):
    agent = await platform.join(PretendedHost("h1", "192.0.2.1"))
    container = made_later()
    agent.appear(container)
    await platform.until(lambda tx: addresses_of_containers(tx))
    connection = platform.connection_of(agent)
    await platform.disconnect(connection)
    del agent.host.containers[container.external_id]
    await platform.connect(connection.agent_id, agent)
    await platform.until(lambda tx: not addresses_of_containers(tx))


async def test_another_address_takes_the_place_of_the_first(platform):
    agent = await platform.join(PretendedHost("h1", "192.0.2.1"))
    container = agent.run_by_hand("by-hand")
    await platform.until(lambda tx: tx.find(rows.Instance))
    for address in ("10.42.1.20", "10.42.1.21"):
        container.address = address
        agent.report(container, "start")
        await platform.until(lambda tx, address=address: tx.first(rows.Instance).primaryIpAddress == address)
        assert await given(platform) == [address]


async def test_what_docker_gives_away_itself_is_not_held(platform):
    agent = await platform.join(PretendedHost("h1", "192.0.2.1"))
    for address in ("10.42.1.241", "172.17.0.2", "10.42.2.10", "nonsense"):
        agent.appear(made_later(address))
    await platform.until(lambda tx: len(tx.find(rows.Instance)) == 4)
    assert await given(platform) == []
