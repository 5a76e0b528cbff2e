# SPDX-License-Identifier: Apache-2.0
"""Simulated hosts hold the images that their containers were made from, and can pull any."""

from orca.resources import rows


async def ended(platform, row, state="active"):
    return await platform.until(lambda tx: (found := tx.require(rows.PullTask, row.id)).state == state and found)


async def test_simulated_hosts_pull(platform, simulate):
    _, hosts = await simulate(hosts=2)
    row = await platform.create("pullTask", image="sim:web", mode="all")
    assert (await ended(platform, row)).status == {host.name: "Done" for host in hosts}


async def test_cached_means_what_a_container_was_made_from(platform, simulate):
    _, (host,) = await simulate()
    row = await platform.create("pullTask", image="sim:web", mode="cached")
    assert (await ended(platform, row)).status == {host.name: "Not cached"}
    await platform.create("container", imageUuid="sim:web")
    await platform.running(1)
    row = await platform.create("pullTask", image="sim:web", mode="cached")
    assert (await ended(platform, row)).status == {host.name: "Done"}


async def test_a_failure_asked_for(platform, simulate):
    _, (host,) = await simulate()
    row = await platform.create("pullTask", image="sim:compute.instance.pull::fail", mode="all")
    found = await ended(platform, row, "inactive")
    assert found.transitioningMessage == f"{host.name}: Failing [compute.instance.pull]"
