# SPDX-License-Identifier: Apache-2.0
"""Containers that join others: they share one's network, or take volumes of some."""

from functools import partial

import pytest
from pretended import PretendedHost

from orca.api.streams import access
from orca.orchestration.containers import lifecycle
from orca.resources import rows
from orca.resources.errors import Refused
from orca.store import ANY
from orca.wire import now_ms


async def row_of(platform, row):
    return await platform.read(lambda tx: tx.require(rows.Instance, row.id))


async def settled(platform, row, *states):
    """Wait for one of these states; returns the row."""

    def condition(tx):
        found = tx.require(rows.Instance, row.id)
        return found if found.state in states else None

    return await platform.until(condition)


async def started_again(platform, row):
    before = (await row_of(platform, row)).startCount

    def again(tx):
        found = tx.require(rows.Instance, row.id)
        return found if found.state == "running" and found.startCount > before else None

    return lambda: platform.until(again)


@pytest.fixture
async def hosts(simulate):
    """Three hosts, of which each new container gets another one."""
    _, found = await simulate(hosts=3)
    return found


async def sharer_of(platform, owner, **fields):
    shared = {"networkMode": "container", "networkContainerId": owner.id}
    return await platform.create("container", **{"imageUuid": "sim:sharer", **shared, **fields})


async def test_a_sharer_is_with_its_owner_from_start_to_end(platform, hosts):
    owner = await platform.create("container", imageUuid="sim:owner", startOnCreate=False)
    sharer = await sharer_of(platform, owner, ports=["8080:80"])
    await platform.until(
        lambda tx: "whose network" in (tx.require(rows.Instance, sharer.id).transitioningMessage or "")
    )
    await platform.act("container", owner.id, "start")
    owner, sharer = await settled(platform, owner, "running"), await settled(platform, sharer, "running")
    assert (sharer.hostId, sharer.primaryIpAddress) == (owner.hostId, owner.primaryIpAddress)
    (port,) = await platform.read(lambda tx: tx.find(rows.Port, instanceId=sharer.id))
    assert port.state == "active"
    for action in ("restart", "stop"):
        again = await started_again(platform, sharer)
        await platform.act("container", owner.id, action)
        if action == "stop":
            await settled(platform, owner, "stopped")
            await platform.act("container", owner.id, "start")
        await again()
    await platform.delete("container", owner.id)
    alone = await settled(platform, sharer, "stopped")
    assert alone.primaryIpAddress is None
    await platform.act("container", sharer.id, "start")
    failed = await platform.until(
        lambda tx: row if (row := tx.require(rows.Instance, sharer.id)).transitioning == "error" else None
    )
    assert (failed.state, "was removed" in failed.transitioningMessage) == ("stopped", True)


async def test_a_chain_of_sharers_is_restarted_link_by_link(platform, hosts):
    owner = await platform.create("container", imageUuid="sim:owner")
    first = await sharer_of(platform, owner)
    second = await sharer_of(platform, first)
    await platform.running(3)
    again = [await started_again(platform, row) for row in (first, second)]
    await platform.act("container", owner.id, "restart")
    for each in again:
        await each()
    addresses = {row.primaryIpAddress for row in [await row_of(platform, row) for row in (owner, first, second)]}
    assert len(addresses) == 1


async def test_who_takes_volumes_comes_to_their_host_whichever_starts_first(platform, hosts):
    source = await platform.create("container", imageUuid="sim:data", startOnCreate=False)
    taker = await platform.create("container", imageUuid="sim:taker", dataVolumesFrom=[source.id])
    await platform.until(lambda tx: "whose volumes" in (tx.require(rows.Instance, taker.id).transitioningMessage or ""))
    await platform.act("container", source.id, "start")
    taker, source = await settled(platform, taker, "running"), await settled(platform, source, "running")
    assert taker.hostId == source.hostId
    elsewhere = next(host.id for host in hosts if host.id != source.hostId)
    other = await platform.create("container", imageUuid="sim:data", requestedHostId=elsewhere)
    await settled(platform, other, "running")
    torn = await platform.create("container", imageUuid="sim:taker", dataVolumesFrom=[source.id, other.id])
    assert "on another host" in (await settled(platform, torn, "removed")).transitioningMessage


async def test_nobody_waits_for_ever(platform, hosts, monkeypatch):
    monkeypatch.setattr(lifecycle, "JOINED_SECONDS", 0.1)
    source = await platform.create("container", imageUuid="sim:data", startOnCreate=False)
    for waits in (
        await platform.create("container", imageUuid="sim:taker", dataVolumesFrom=[source.id]),
        await sharer_of(platform, source),
    ):
        row = await settled(platform, waits, "removed")
        assert (row.transitioning, "given up" in row.transitioningMessage) == ("error", True)


async def test_what_cannot_be_joined_is_refused(platform, hosts):
    gone = await platform.create("container", imageUuid="sim:1")
    await settled(platform, gone, "running")
    await platform.delete("container", gone.id)
    await settled(platform, gone, "removed")
    for fields in (
        {"networkMode": "container", "networkContainerId": gone.id},
        {"dataVolumesFrom": [gone.id]},
        {"dataVolumesFrom": [10**9]},
    ):
        with pytest.raises(Refused) as refused:
            await platform.create("container", imageUuid="sim:1", **fields)
        assert refused.value.code == "InvalidReference"
    row = await platform.create("container", imageUuid="sim:1", networkContainerId=gone.id)
    assert (await platform.read(lambda tx: tx.get(rows.Container, row.id))).networkContainerId is None


async def test_the_sharers_of_one_container_are_bounded(platform, hosts):
    owner = await platform.create("container", imageUuid="sim:1", startOnCreate=False)
    with pytest.raises(Refused) as refused:
        await sharer_of(platform, owner, count=101)
    assert (refused.value.code, refused.value.field) == ("MaxLimitExceeded", "networkContainerId")


async def test_an_owner_that_its_host_started_again_takes_its_sharers_along(platform):
    """By its policy while the server looks on, and while its agent is away."""
    agent = await platform.join(PretendedHost("h1", "192.0.2.1"))
    shared = {"imageUuid": "docker:ok", "restartPolicy": {"name": "always"}}
    owner = await platform.create("container", **shared)
    sharer = await sharer_of(platform, owner, imageUuid="docker:ok")
    await platform.running(2)
    again = await started_again(platform, sharer)
    agent.die(owner.uuid)
    await again()
    connection = platform.connection_of(agent)
    await platform.disconnect(connection)
    again = await started_again(platform, sharer)
    container = agent.host.by_uuid(owner.uuid)
    agent.host.clock.set(now_ms())
    agent.host.end(container)
    agent.host.start(container)
    await platform.connect(connection.agent_id, agent)
    await again()


async def test_a_clock_that_was_set_back_has_a_sharer_restarted_once(platform, hosts):
    owner = await platform.create("container", imageUuid="sim:owner")
    await settled(platform, owner, "running")
    ahead = now_ms() + 3_600_000
    await platform.core.db.write(lambda tx: tx.update(tx.require(rows.Instance, owner.id), started=ahead) and None)
    sharer = await sharer_of(platform, owner)

    def rests(tx):
        row = tx.require(rows.Instance, sharer.id)
        working = tx.count(rows.ProcessInstance, resourceType="instance", resourceId=str(row.id), endTime=None)
        return row if row.state == "running" and not working else None

    assert (await platform.until(rests)).startCount == 2


async def test_a_path_of_the_host_is_known_after_its_container_is_gone(platform, hosts):
    source = await platform.create("container", imageUuid="sim:data", dataVolumes=["/etc:/host"])
    await settled(platform, source, "running")
    between = await platform.create("container", imageUuid="sim:data", dataVolumesFrom=[source.id])
    await settled(platform, between, "running")
    await platform.delete("container", source.id)
    await settled(platform, source, "removed")
    with pytest.raises(Refused) as refused:
        await platform.create("container", _role="restricted", imageUuid="sim:1", dataVolumesFrom=[between.id])
    assert (refused.value.status, refused.value.field) == (403, "dataVolumesFrom")


async def test_a_container_that_was_made_with_docker_may_have_power(platform):
    agent = await platform.join(PretendedHost("h1", "192.0.2.1"))
    by_hand = agent.run_by_hand("by-hand")
    native = await platform.until(lambda tx: tx.first(rows.Container, externalId=by_hand.external_id))
    shared = {"imageUuid": "docker:ok", "networkMode": "container", "networkContainerId": native.id}
    # Perhaps it shares the network of one without a row, such as a part of the platform.
    for mode in (None, "none"):
        unit = partial(_connect, id=native.id, mode=mode)
        await platform.core.db.write(unit)
        with pytest.raises(Refused) as refused:
            await platform.create("container", _role="restricted", **shared)
        assert (refused.value.status, refused.value.field) == (403, "networkContainerId")
    call = platform.call("restricted")
    with pytest.raises(Refused) as refused:
        await platform.read(
            lambda tx: access.execute(tx, call, tx.require(rows.Container, native.id), {"command": ["id"]})
        )
    assert (refused.value.status, refused.value.field) == (403, "nativeContainer")


def _connect(tx, id, mode):
    tx.update(tx.require(rows.Container, id), networkMode=mode)


SIDE = {"name": "side", "imageUuid": "sim:2"}


@pytest.mark.parametrize(
    ("primary", "sidekick"), [({}, {"networkLaunchConfig": "web"}), ({"networkLaunchConfig": "side"}, {})]
)
async def test_parts_of_a_unit_that_share_a_network_are_restarted_and_replaced_together(
    platform, hosts, primary, sidekick
):
    stack = await platform.create("environment", name="shop")
    service = await platform.create(
        *("service",),
        name="web",
        environmentId=stack.id,
        launchConfig={"imageUuid": "sim:1", **primary},
        secondaryLaunchConfigs=[{**SIDE, **sidekick}],
        startOnCreate=True,
    )
    await platform.until(lambda tx: tx.require(rows.Service, service.id).state == "active")
    unit = await platform.running(2)
    owner, sharer = sorted(unit, key=lambda row: row.networkContainerId or 0)
    assert sharer.networkContainerId == owner.id
    again = await started_again(platform, sharer)
    await platform.act("container", owner.id, "restart")
    await again()
    await platform.delete("container", owner.id)
    await platform.until(lambda tx: tx.require(rows.Instance, sharer.id).state == "removed")
    await platform.until(
        lambda tx: (
            {row.state for row in tx.find(rows.Instance, serviceId=service.id)} == {"running"}
            and len(tx.find(rows.Instance, serviceId=service.id)) == 2
        )
    )
    everything = await platform.read(lambda tx: tx.find(rows.Instance, serviceId=service.id, removed=ANY))
    assert len(everything) == 4
