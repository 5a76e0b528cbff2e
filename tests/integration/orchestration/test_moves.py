# SPDX-License-Identifier: Apache-2.0
"""Units move on request: hosts are drained, services spread; a successor first, one unit of a service at a time."""

import pytest
from pretended import PretendedAgent, PretendedHost

from orca.resources import rows
from orca.resources.errors import ActionNotAvailable


async def join(platform, *names: str) -> list[PretendedAgent]:
    return [await platform.join(PretendedHost(name, f"192.0.2.{name[1:]}")) for name in names]


async def up(platform, text: str, rancher: str = "") -> None:
    stack = await platform.create(
        "environment", name="shop", dockerCompose=text, rancherCompose=rancher, environment={}, startOnCreate=True
    )
    await platform.until(lambda tx: tx.require(rows.Environment, stack.id).state == "active")
    await platform.until(lambda tx: all(row.state == "active" for row in tx.find(rows.Service)))


def host(tx, name: str) -> rows.Host:
    return tx.first(rows.Host, name=name)


async def still(platform) -> dict[str, int]:
    """Wait until nothing moves any more; how many containers each host has."""

    def condition(tx):
        services, instances = tx.find(rows.Service), tx.find(rows.Instance)
        if any(row.state != "active" for row in services) or any(row.state != "running" for row in instances):
            return None
        return {h.name: sum(row.hostId == h.id for row in instances) for h in tx.find(rows.Host)}

    return await platform.until(condition)


async def test_a_rebalance_spreads_what_one_host_ran_and_never_lacks_a_container(platform):
    (first,) = await join(platform, "h1")
    await up(platform, "a: {image: ok}\nb: {image: ok}\n", "a: {scale: 3}\nb: {scale: 3}\n")
    others = await join(platform, "h2", "h3")
    planned = await platform.act("project", platform.project_id, "rebalance", dryRun=True)
    assert len(planned["moves"]) == 4
    assert planned["lines"][0] == "move shop_a_3: h1 -> h2 (h1 has 3 of a, h2 has 0)"
    assert await still(platform) == {"h1": 6, "h2": 0, "h3": 0}
    least = {"a": 3, "b": 3}
    with platform.core.db.bus.subscribe({"instance"}) as changes:
        await platform.act("project", platform.project_id, "rebalance")

        def spread(tx):
            found = tx.find(rows.Instance)
            for service in tx.find(rows.Service):
                there = sum(row.serviceId == service.id and row.state == "running" for row in found)
                least[service.name] = min(least[service.name], there)
                most = sum(row.serviceId == service.id for row in found)
                assert most <= 4, "one unit at a time"
            by_host = [sum(row.hostId == h.id for row in found) for h in tx.find(rows.Host)]
            return by_host == [2, 2, 2] and len(found) == 6

        while not await platform.read(spread):
            await changes.batch()
    assert least == {"a": 3, "b": 3}
    assert await still(platform) == {"h1": 2, "h2": 2, "h3": 2}
    assert sum(agent.host.creates.total() for agent in (first, *others)) == 10
    assert (await platform.act("project", platform.project_id, "rebalance", dryRun=True))["moves"] == []


ONE = 'one: {image: ok, labels: {io.orca.fence: "stop"}}\n'


async def test_a_drained_host_keeps_only_what_is_bound_to_it(platform):
    await join(platform, "h1")
    await up(platform, 'web: {image: ok}\ndb: {image: ok, volumes: ["data:/data"]}\n' + ONE, "web: {scale: 2}\n")
    await join(platform, "h2")
    id = (await platform.read(lambda tx: host(tx, "h1"))).id
    planned = await platform.act("host", id, "drain", dryRun=True)
    assert sorted(line.partition(" (")[0] for line in planned["lines"]) == [
        "keep shop_db_1 on h1: its volume data lies on h1",
        "keep shop_one_1 on h1: its label io.orca.fence forbids a second one, "
        "so its successor cannot start before it goes",
        "move shop_web_1: h1 -> elsewhere",
        "move shop_web_2: h1 -> elsewhere",
    ]
    assert (await platform.read(lambda tx: host(tx, "h1"))).state == "active"
    await platform.act("host", id, "drain")
    await platform.until(lambda tx: host(tx, "h1").state == "inactive")
    await platform.until(lambda tx: tx.count(rows.Instance, hostId=id) == 2)
    assert await still(platform) == {"h1": 2, "h2": 2}


async def test_what_fits_nowhere_is_told_and_not_tried(platform):
    await join(platform, "h1", "h2")
    await up(platform, 'web: {image: ok, ports: ["80:80"]}\n', "web: {scale: 2}\n")
    id = (await platform.read(lambda tx: host(tx, "h1"))).id
    planned = await platform.act("host", id, "drain")
    assert planned["moves"] == []
    assert "port 80/tcp is used by" in planned["lines"][0]
    assert await still(platform) == {"h1": 1, "h2": 1}


async def test_a_host_that_takes_containers_again_is_drained_no_further(platform):
    await join(platform, "h1")
    await up(platform, "web: {image: slow}\n", "web: {scale: 3}\n")
    await join(platform, "h2")
    id = (await platform.read(lambda tx: host(tx, "h1"))).id
    await platform.act("host", id, "drain")
    await platform.until(lambda tx: host(tx, "h1").state == "inactive")
    await platform.act("host", id, "activate")
    await platform.until(lambda tx: tx.first(rows.Service, name="web").state == "active")
    left = await platform.read(lambda tx: tx.count(rows.Instance, hostId=id))
    assert left > 0
    assert "takes containers again" in (
        await platform.read(lambda tx: tx.first(rows.Service, name="web").transitioningMessage)
    )


async def test_a_successor_that_fails_leaves_the_old_one_running(platform):
    (agent,) = await join(platform, "h1")
    await up(platform, "web: {image: ok}\n")
    await join(platform, "h2")
    id = (await platform.read(lambda tx: host(tx, "h1"))).id

    def spoil(tx):
        service = tx.first(rows.Service, name="web")
        tx.update(service, launchConfig={**service.launchConfig, "imageUuid": "docker:missing"})

    await platform.core.db.write(spoil)
    await platform.act("host", id, "drain")
    await platform.until(lambda tx: (row := tx.first(rows.Service, name="web")).state == "active" and row.failures)
    assert [c.state for c in agent.host.containers.values()] == ["running"]


async def test_a_host_that_is_leaving_cannot_be_drained(platform):
    await join(platform, "h1")
    row = await platform.read(lambda tx: host(tx, "h1"))
    await platform.core.db.write(lambda tx: tx.update(tx.require(rows.Host, row.id), state="removing"))
    with pytest.raises(ActionNotAvailable):
        await platform.act("host", row.id, "drain")
