# SPDX-License-Identifier: Apache-2.0
"""What a change costs, and that it does not depend on what else there is: counted, not in seconds."""

import contextlib

import pytest
from inprocess import Platform
from stepcount import counting, statements

from orca.resources import rows

HOSTS = 2
EVERY = 10
"""Steps between two counts."""
FEW, MANY = 10, 210
CONTAINERS = 20
MOST = 54
"""Statements of one container, from its request until it runs: row by row, what each of its processes reads and writes,
what its config item of metadata takes (3), and the setting of the default log (1). At a moment of load fewer of them
share a unit (2).
Raise it with a reason only.
"""


@contextlib.asynccontextmanager
async def beside(folder, others):
    """A platform with simulated hosts; besides, services without containers in one stack and containers that stopped.

    One of the services selects containers.
    """
    async with Platform.start(folder, f"sqlite:///{folder}/orca.db") as platform:
        for number in range(HOSTS):
            data = {"agentResourcesAccountId": platform.project_id}
            await platform.create("agent", uri=f"sim://h{number}", data=data, _role="superadmin")
        await platform.until(lambda tx: tx.count(rows.Host, state="active") == HOSTS)
        platform.stack = await platform.create("environment", name="big")
        await platform.core.db.write(lambda tx: [inactive(tx, platform, number) for number in range(others)])
        yield platform


def inactive(tx, platform, number):
    """A service and a container, as they are when they have been stopped."""
    launch = {"imageUuid": "sim:ok", "labels": {"tier": "web"}}
    stack = {"accountId": platform.project_id, "environmentId": platform.stack.id}
    tx.insert(rows.Service, **stack, name=f"other{number}", state="inactive", scale=1, launchConfig=launch,
              selectorContainer=None if number else "tier=x")  # fmt: skip
    tx.insert(rows.Container, name=f"c{number}", state="stopped", accountId=platform.project_id, labels={"tier": "y"},
              imageUuid="sim:ok", networkMode="managed")  # fmt: skip


async def quiet(platform):
    """Wait until nothing is under way and everything was followed."""
    await platform.until(lambda tx: not tx.count(rows.ProcessInstance, endTime=None))
    await platform.settled()
    await platform.until(lambda tx: not [row for row in tx.find(rows.ConfigItemStatus) if row.appliedVersion is None])


async def start_a_service(platform, number):
    """Returns how to start one that was made before."""
    launch = {"imageUuid": "sim:ok"}
    made = await platform.create("service", name=f"one{number}", environmentId=platform.stack.id, launchConfig=launch)
    await quiet(platform)

    async def act():
        await platform.act("service", made.id, "activate")
        await platform.until(lambda tx: tx.require(rows.Service, made.id).state == "active")

    return act


async def make_a_container(platform, number):
    """Returns how to make one that a service selects."""

    async def act():
        made = await platform.create("container", name=f"one{number}", imageUuid="sim:ok", labels={"tier": "x"})
        await platform.until(lambda tx: tx.count(rows.ServiceExposeMap, instanceId=made.id))
        await platform.until(lambda tx: tx.require(rows.Instance, made.id).state == "running")

    return act


async def measured(folder, others, prepare):
    """The steps of the cheapest of a few rounds."""
    folder.mkdir()
    found = []
    with counting(EVERY) as taken:
        async with beside(folder, others) as platform:
            for number in range(5):
                act = await prepare(platform, number)
                await quiet(platform)
                taken()
                await act()
                await quiet(platform)
                found.append(taken())
    return min(found[1:])


@pytest.mark.parametrize("prepare", [start_a_service, make_a_container])
async def test_a_start_costs_the_same_whatever_else_there_is(tmp_path, prepare):
    few, many = await measured(tmp_path / "few", FEW, prepare), await measured(tmp_path / "many", MANY, prepare)
    assert many < 1.2 * few, (few, many)


async def test_a_container_takes_few_statements(tmp_path):
    with statements() as taken:
        async with beside(tmp_path, 0) as platform:
            for _ in range(2):
                await quiet(platform)
                taken()
                await platform.create("container", name="c", count=CONTAINERS, imageUuid="sim:ok")
                await quiet(platform)
                found = taken() / CONTAINERS
            assert await platform.read(lambda tx: tx.count(rows.Instance, state="running")) == 2 * CONTAINERS
    assert found <= MOST, found
