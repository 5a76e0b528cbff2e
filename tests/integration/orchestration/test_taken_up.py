# SPDX-License-Identifier: Apache-2.0
"""Processes that a server of an earlier version began."""

import json

from inprocess import Platform
from pretended import PretendedAgent, PretendedHost

from orca.resources import rows


async def test_a_place_that_an_earlier_version_kept_is_good_enough(tmp_path, database):
    async with Platform.start(tmp_path, database) as platform:
        agent = await platform.join(PretendedHost("h1", "192.0.2.1"))
        agent_id = platform.connection_of(agent).agent_id
        row = await platform.create("container", imageUuid="docker:hang")
        await agent.until(lambda: any(event.name.endswith("activate") for event in agent.received))

        def earlier(tx):
            steps = tx.table("process_step")
            for row in tx.execute(steps.select()).mappings().all():
                place = json.loads(row["result"])
                del place["seesNames"], place["credentialId"]
                place["instance"]["image"] = "ok"
                same = (steps.c.process_id == row["process_id"]) & (steps.c.name == row["name"])
                tx.execute(steps.update().where(same), {"result": json.dumps(place)})

        await platform.core.db.write(earlier)
    async with Platform.start(tmp_path, database) as platform:
        await platform.connect(agent_id, PretendedAgent(agent.host))
        await platform.until(lambda tx: tx.require(rows.Instance, row.id).state == "running", seconds=10)
