# SPDX-License-Identifier: Apache-2.0
"""Hosts that are emptied on demand: services move on, what stands alone stays."""

import pytest
from pretended import PretendedHost

from orca.resources import rows
from orca.resources.errors import Refused

COMPOSE = "web: {image: ok}"


@pytest.fixture
async def agents(platform):
    """Two hosts, the first with a label; a service of two containers and a container alone on the first."""
    agents = [await platform.join(PretendedHost(f"h{number}", f"192.0.2.{number}")) for number in (1, 2)]
    first = await platform.read(lambda tx: tx.first(rows.Host, name="h1"))
    await platform.change("host", first.id, labels={"rack": "r1"})
    await platform.create("container", imageUuid="docker:ok", name="alone", requestedHostId=first.id)
    await platform.create(
        "environment",
        name="reef",
        dockerCompose=COMPOSE,
        rancherCompose="web: {scale: 2}",
        startOnCreate=True,
    )
    await platform.running(3)
    return agents


def names(agent):
    return sorted(container.name for container in agent.host.running())


@pytest.mark.parametrize("by", ["hostId", "hostLabel"])
async def test_services_move_on(platform, agents, by):
    host = await platform.read(lambda tx: tx.first(rows.Host, name="h1"))
    which = {"hostId": host.id} if by == "hostId" else {"hostLabel": "rack=r1"}
    event = await platform.create("externalHostEvent", eventType="host.evacuate", **which)
    await platform.until(lambda tx: tx.require(rows.ExternalHostEvent, event.id).state == "created")
    await platform.until(lambda tx: tx.require(rows.Host, host.id).state == "inactive")
    for agent, count in zip(agents, (1, 2), strict=True):
        await agent.until(lambda agent=agent, count=count: len(names(agent)) == count)
    assert await platform.read(lambda tx: tx.first(rows.Instance, hostId=host.id).name) == "alone"
    assert (event.accountId, event.reportedAccountId) == (platform.project_id, platform.project_id)


async def test_a_host_can_be_deleted_with_it(platform, agents):
    host = await platform.read(lambda tx: tx.first(rows.Host, name="h1"))
    await platform.create("externalHostEvent", eventType="host.evacuate", hostLabel="rack=r1", deleteHost=True)
    await platform.until(lambda tx: tx.require(rows.Host, host.id).state == "removed")
    await agents[1].until(lambda: len(names(agents[1])) == 2)
    assert names(agents[0]) == []


async def test_other_hosts_are_left_alone(platform, agents):
    await platform.create("externalHostEvent", eventType="host.evacuate", hostLabel="rack=r2")
    assert await platform.read(lambda tx: [host.state for host in tx.find(rows.Host)]) == ["active", "active"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"eventType": "host.paint", "hostLabel": "a=b"}, "InvalidOption"),
        ({"eventType": "host.evacuate"}, "MissingRequired"),
        ({"eventType": "host.evacuate", "hostLabel": "rack"}, "MissingRequired"),
    ],
)
async def test_what_is_refused(platform, fields, code):
    with pytest.raises(Refused) as refused:
        await platform.create("externalHostEvent", **fields)
    assert refused.value.code == code
