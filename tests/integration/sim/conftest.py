# SPDX-License-Identifier: Apache-2.0
"""A platform in this process for each test, and somebody who may make simulated agents."""

import sys
from pathlib import Path

import pytest

from orca.resources import rows

sys.path.insert(0, str(Path(__file__).parent.parent))

from inprocess import Platform

from orca.simulator import knobs


@pytest.fixture
async def platform(tmp_path, database):
    async with Platform.start(tmp_path, database) as running:
        yield running


@pytest.fixture
def simulate(platform):
    """Makes a simulated agent with knobs, as superadmin does; waits until its hosts take containers."""

    async def make(name="one", **given):
        agent = await platform.create("agent", _role="superadmin", uri=f"sim://{name}", data={knobs.KEY: given})

        def ready(tx):
            hosts = tx.find(rows.Host, agentId=agent.id)
            active = tx.require(rows.Agent, agent.id).state == "active" and all(
                host.state == "active" for host in hosts
            )
            return hosts if active and len(hosts) == given.get("hosts", 1) else None

        return agent, await platform.until(ready)

    return make
