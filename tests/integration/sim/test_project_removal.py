# SPDX-License-Identifier: Apache-2.0
"""A project is removed with the hosts and containers it has."""

from __future__ import annotations

from orca.resources import rows


async def test_hosts_and_containers_go_with_their_project(platform, simulate):
    await simulate("one")
    row = await platform.create("container", name="web", imageUuid="sim:web")
    await platform.until(lambda tx: tx.require(rows.Instance, row.id).state == "running")

    def ask(action):
        def unit(tx):
            platform.core.engine.request(tx, tx.require(rows.Project, platform.project_id), action)

        return platform.core.db.write(unit)

    await ask("deactivate")
    await platform.until(lambda tx: tx.require(rows.Project, platform.project_id).state == "inactive")
    await ask("remove")
    await platform.until(lambda tx: tx.require(rows.Project, platform.project_id).state == "removed")
    for type in ("host", "instance", "storagePool", "network", "credential", "physicalHost", "volume", "ipAddress"):
        assert await platform.read(lambda tx, type=type: tx.find(type, accountId=platform.project_id)) == []
