# SPDX-License-Identifier: Apache-2.0
"""Containers from request to running, and every way in which that can end otherwise."""

from collections import Counter

import pytest
from inprocess import addresses_of_containers
from msgspec.structs import replace
from pretended import PretendedHost

from orca.hoststate.plan.addressing import HostRange
from orca.hoststate.plan.items import PORT
from orca.network.addresses import cidr_of
from orca.resources import rows
from orca.resources.errors import Refused
from orca.store import ANY


async def hosts(platform, count: int = 2):
    return [await platform.join(PretendedHost(f"h{number}", f"192.0.2.{number}")) for number in range(1, count + 1)]


async def gone(platform, id: int):
    return await platform.until(lambda tx: row if (row := tx.require(rows.Instance, id)).state == "removed" else None)


async def test_ten_containers_spread_over_two_hosts(platform):
    first, second = await hosts(platform)
    await platform.create("container", imageUuid="docker:ok", name="c", count=10)
    found = await platform.running(10)
    assert sorted(Counter(row.hostId for row in found).values()) == [5, 5]
    assert len({row.primaryIpAddress for row in found}) == 10
    assert len(first.host.running()) == len(second.host.running()) == 5
    assert set((first.host.creates + second.host.creates).values()) == {1}


async def test_without_start_on_create_it_stays_stopped_and_has_no_place(platform):
    await hosts(platform, 1)
    row = await platform.create("container", imageUuid="docker:ok", startOnCreate=False)
    await platform.until(lambda tx: tx.require(rows.Instance, row.id).state == "stopped")
    assert (await platform.read(lambda tx: tx.require(rows.Instance, row.id))).hostId is None
    await platform.act("instance", row.id, "start")
    await platform.running(1)


async def test_stop_start_restart_keep_address_and_host(platform):
    (agent,) = await hosts(platform, 1)
    row = await platform.create("container", imageUuid="docker:ok", ports=["8080:80"])
    (before,) = await platform.running(1)
    await agent.until(lambda: agent.host.named(PORT))
    await platform.act("instance", row.id, "stop", timeout=0)
    await platform.until(lambda tx: tx.require(rows.Instance, row.id).state == "stopped")
    await agent.until(lambda: not agent.host.named(PORT))
    await platform.act("instance", row.id, "start")
    await platform.running(1)
    await agent.until(lambda: agent.host.named(PORT))
    await platform.act("instance", row.id, "restart")
    await platform.until(lambda tx: tx.require(rows.Instance, row.id).startCount == 3)
    (after,) = await platform.running(1)
    assert (after.hostId, after.primaryIpAddress, after.externalId) == (
        before.hostId,
        before.primaryIpAddress,
        before.externalId,
    )
    assert agent.host.creates[row.uuid] == 1


async def test_removing_a_running_container_stops_it_and_frees_everything(platform):
    (agent,) = await hosts(platform, 1)
    row = await platform.create("container", imageUuid="docker:ok", ports=["8080:80"])
    await platform.running(1)
    await platform.delete("instance", row.id)
    await gone(platform, row.id)
    assert agent.host.containers == {}
    assert await platform.read(lambda tx: addresses_of_containers(tx) + tx.find(rows.Port)) == []
    await platform.create("container", imageUuid="docker:ok", ports=["8080:80"])
    await platform.running(1)


async def test_a_missing_image_leaves_a_removed_container_with_the_reason(platform):
    await hosts(platform, 1)
    row = await platform.create("container", imageUuid="docker:missing")
    found = await gone(platform, row.id)
    assert found.transitioning == "error"
    assert found.transitioningMessage == "Image missing cannot be pulled: there is none"
    assert await platform.read(lambda tx: addresses_of_containers(tx)) == []


async def test_pull_progress_is_shown_and_remove_wins_over_a_hanging_pull(platform):
    (agent,) = await hosts(platform, 1)
    row = await platform.create("container", imageUuid="docker:hang")
    await platform.until(lambda tx: tx.require(rows.Instance, row.id).transitioningProgress == 10)
    assert (await platform.read(lambda tx: tx.require(rows.Instance, row.id))).transitioningMessage == "Pulling hang"
    await platform.delete("instance", row.id)
    found = await gone(platform, row.id)
    assert found.transitioning != "error"
    assert "command.cancel" in [event.name for event in agent.received]
    assert agent.host.containers == {}


async def test_a_taken_port_names_its_holder(platform):
    await hosts(platform, 1)
    await platform.create("container", imageUuid="docker:ok", name="first", ports=["80:80"])
    await platform.running(1)
    row = await platform.create("container", imageUuid="docker:ok", name="second", ports=["80:81"])
    found = await gone(platform, row.id)
    assert "h1: port 80/tcp is used by first" in found.transitioningMessage


async def test_a_used_up_pool_says_so(platform):
    await hosts(platform, 1)
    size = await platform.read(lambda tx: HostRange(cidr_of(tx.find(rows.Subnet)[0])).pool_size)
    await platform.create("container", imageUuid="docker:ok", count=size)
    await platform.running(size, seconds=60)
    row = await platform.create("container", imageUuid="docker:ok")
    found = await gone(platform, row.id)
    assert "10.42.1.0/24 is used up" in found.transitioningMessage


async def test_without_a_host_it_says_so(platform):
    row = await platform.create("container", imageUuid="docker:ok")
    assert "there is no host" in (await gone(platform, row.id)).transitioningMessage


async def test_a_requested_host_is_obeyed(platform):
    agents = await hosts(platform)
    for _ in range(3):
        host = await platform.read(lambda tx: tx.first(rows.Host, name="h2"))
        await platform.create("container", imageUuid="docker:ok", requestedHostId=host.id)
    await platform.running(3)
    assert len(agents[1].host.running()) == 3


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "MissingRequired"),
        ({"imageUuid": "vm:x"}, "InvalidImageInstanceKind"),
        ({"imageUuid": "docker:"}, "InvalidImageInstanceKind"),
        ({"imageUuid": "docker:ok", "ports": ["80:x"]}, "PortWrongFormat"),
        ({"imageUuid": "docker:ok", "ports": ["80:80", "80:81"]}, "NotUnique"),
        ({"imageUuid": "docker:ok", "ports": ["80:80", "192.0.2.1:80:81"]}, "NotUnique"),
        ({"imageUuid": "docker:ok", "networkMode": "container"}, "MissingRequired"),
    ],
)
async def test_wrong_input_is_refused(platform, fields, code):
    with pytest.raises(Refused) as refusal:
        await platform.create("container", **fields)
    assert refusal.value.code == code
    assert await platform.read(lambda tx: tx.find(rows.Instance, removed=ANY)) == []


async def test_a_container_that_dies_is_stopped_with_its_exit_code(platform):
    (agent,) = await hosts(platform, 1)
    row = await platform.create("container", imageUuid="docker:ok")
    await platform.running(1)
    agent.die(row.uuid, 7)
    found = await platform.until(
        lambda tx: row_ if (row_ := tx.require(rows.Instance, row.id)).state == "stopped" else None
    )
    assert found.exitCode == 7


async def test_a_container_that_dies_at_once_ends_stopped(platform):
    await hosts(platform, 1)
    row = await platform.create("container", imageUuid="docker:crash")
    found = await platform.until(
        lambda tx: r if (r := tx.require(rows.Instance, row.id)).state == "stopped" and r.firstRunning else None
    )
    assert found.exitCode == 3


async def test_what_happened_by_hand_while_the_agent_was_away_is_the_truth(platform):
    (agent,) = await hosts(platform, 1)
    found = [await platform.create("container", imageUuid="docker:ok", name=name) for name in ("a", "b", "c", "d")]
    await platform.running(4)
    connection = platform.connection_of(agent)
    await platform.disconnect(connection)
    await platform.until(lambda tx: tx.first(rows.Host).agentState == "reconnecting")
    stopped, removed, _, orphan = (agent.host.by_uuid(row.uuid) for row in found)
    stopped.state, stopped.exit_code = "stopped", 137
    del agent.host.containers[removed.external_id]
    await platform.core.db.write(
        lambda tx: tx.update(tx.require(rows.Instance, found[3].id), state="removed", removed=tx.now)
    )
    agent.run_by_hand("by-hand")
    await platform.connect(connection.agent_id, agent)
    await platform.until(lambda tx: tx.require(rows.Instance, found[0].id).state == "stopped")
    await platform.until(lambda tx: tx.require(rows.Instance, found[1].id).state == "removed")
    states = await platform.read(lambda tx: [tx.require(rows.Instance, row.id).state for row in found])
    assert states == ["stopped", "removed", "running", "removed"]
    native = await platform.read(lambda tx: tx.first(rows.Container, nativeContainer=True))
    assert (native.name, native.state, native.imageUuid) == ("by-hand", "running", "docker:by/hand")
    await agent.until(lambda: orphan.external_id not in agent.host.containers)


async def test_a_container_that_was_stopped_and_is_started_by_hand_goes_back(platform):
    (agent,) = await hosts(platform, 1)
    row = await platform.create("container", imageUuid="docker:ok")
    await platform.running(1)
    await platform.act("instance", row.id, "stop", timeout=0)
    await platform.until(lambda tx: tx.require(rows.Instance, row.id).state == "stopped")
    container = agent.host.by_uuid(row.uuid)
    agent.start_by_hand(container)
    await agent.until(lambda: container.state == "stopped")
    container.state = "running"  # and again, while the agent is away
    connection = platform.connection_of(agent)
    await platform.disconnect(connection)
    await platform.connect(connection.agent_id, agent)
    await agent.until(lambda: container.state == "stopped")
    assert (await platform.read(lambda tx: tx.require(rows.Instance, row.id))).state == "stopped"


async def test_a_container_that_ended_and_is_started_by_hand_is_followed(platform):
    (agent,) = await hosts(platform, 1)
    row = await platform.create("container", imageUuid="docker:ok")
    await platform.running(1)
    agent.die(row.uuid, 0)
    await platform.until(lambda tx: tx.require(rows.Instance, row.id).state == "stopped")
    container = agent.host.by_uuid(row.uuid)
    agent.start_by_hand(container)
    await platform.until(lambda tx: tx.require(rows.Instance, row.id).state == "running")
    assert container.state == "running"


async def test_reports_that_an_answer_overtook_change_nothing(platform):
    (agent,) = await hosts(platform, 1)
    row = await platform.create("container", imageUuid="docker:ok", ports=["80:80"])
    await platform.running(1)
    container = agent.host.by_uuid(row.uuid)
    started = replace(container)

    async def heard():
        """Reports are taken in order: what was told before is known when the next container is."""
        by_hand = agent.run_by_hand("by-hand")
        await platform.until(lambda tx: tx.first(rows.Instance, externalId=by_hand.external_id))

    agent.report(replace(container, state="created", started_at=None), "create")
    agent.report(started, "start")
    agent.report(replace(container, state="stopped", started_at=container.started_at - 1, exit_code=1), "die")
    await heard()
    found = await platform.read(lambda tx: tx.require(rows.Instance, row.id))
    assert (found.state, found.startCount) == ("running", 1)
    await platform.act("instance", row.id, "stop", timeout=0)
    await platform.until(lambda tx: tx.require(rows.Instance, row.id).state == "stopped")
    agent.report(started, "start")
    await heard()
    assert (await platform.read(lambda tx: tx.require(rows.Instance, row.id))).state == "stopped"
    assert [event.name for event in agent.received].count("compute.instance.deactivate") == 1


async def test_a_clock_that_is_set_back_silences_no_host(platform):
    (agent,) = await hosts(platform, 1)
    row = await platform.create("container", imageUuid="docker:ok")
    (running,) = await platform.running(1)
    container = agent.host.by_uuid(row.uuid)
    hour_before = container.started_at - 3_600_000

    def minutes_later(tx):
        assert abs(tx.now - running.answered) < 60_000
        tx.update(running, answered=running.answered - 120_000)

    await platform.core.db.write(minutes_later)
    agent.report(replace(container, state="stopped", started_at=hour_before, exit_code=1), "die")
    await platform.until(lambda tx: tx.require(rows.Instance, row.id).state == "stopped")
    agent.report(replace(container, state="running", started_at=hour_before + 1), "start")
    await platform.until(lambda tx: tx.require(rows.Instance, row.id).state == "running")


@pytest.mark.parametrize(("policy", "starts"), [("always", True), ("unless-stopped", True), ("on-failure", False)])
async def test_a_container_that_always_runs_is_started_when_its_agent_comes_back_without_it(platform, policy, starts):
    (agent,) = await hosts(platform, 1)
    row = await platform.create("container", imageUuid="docker:ok", restartPolicy={"name": policy})
    await platform.running(1)
    connection, container = platform.connection_of(agent), agent.host.by_uuid(row.uuid)
    await platform.disconnect(connection)
    container.state, container.exit_code = "stopped", 137
    await platform.connect(connection.agent_id, agent)
    if starts:
        await agent.until(lambda: container.state == "running")
        await platform.running(1)
    else:
        await platform.until(lambda tx: tx.require(rows.Instance, row.id).state == "stopped")


async def test_native_containers_are_followed(platform):
    (agent,) = await hosts(platform, 1)
    container = agent.run_by_hand("by-hand")
    native = await platform.until(lambda tx: tx.first(rows.Container, nativeContainer=True))
    agent.end(container)
    await platform.until(lambda tx: tx.require(rows.Instance, native.id).state == "stopped")
    agent.start_by_hand(container)
    await platform.until(lambda tx: tx.require(rows.Instance, native.id).state == "running")
    agent.vanish(container)
    await gone(platform, native.id)


async def test_native_containers_are_stopped_and_removed_by_those_who_say_so_and_started_on_their_host(platform):
    (agent,) = await hosts(platform, 1)
    container = agent.run_by_hand("by-hand")
    native = await platform.until(lambda tx: tx.first(rows.Container, nativeContainer=True))
    await platform.act("instance", native.id, "stop", timeout=0)
    await platform.until(lambda tx: tx.require(rows.Instance, native.id).state == "stopped")
    assert container.state == "stopped"
    await platform.act("instance", native.id, "start")
    found = await platform.until(
        lambda tx: r if (r := tx.require(rows.Instance, native.id)).transitioning == "error" else None
    )
    assert (found.state, found.transitioningMessage) == (
        "stopped",
        "by-hand was made with docker on its host and can only be started there",
    )
    await platform.delete("instance", native.id)
    await gone(platform, native.id)
    assert agent.host.containers == {}


async def test_a_start_waits_for_an_agent_that_is_away(platform):
    (agent,) = await hosts(platform, 1)
    row = await platform.create("container", imageUuid="docker:ok")
    await platform.running(1)
    connection = platform.connection_of(agent)
    await platform.disconnect(connection)
    await platform.act("instance", row.id, "stop", timeout=0)
    await platform.until(
        lambda tx: tx.require(rows.Instance, row.id).transitioningMessage == "waiting for the agent of host h1"
    )
    await platform.connect(connection.agent_id, agent)
    await platform.until(lambda tx: tx.require(rows.Instance, row.id).state == "stopped")


async def test_labels_are_text(platform):
    await hosts(platform, 1)
    row = await platform.create("container", imageUuid="docker:ok", startOnCreate=False)
    await platform.act("container", row.id, "setlabels", labels={"a": True, "b": 3})
    assert (await platform.read(lambda tx: tx.require(rows.Instance, row.id))).labels == {"a": "true", "b": "3"}
    for value in (None, {"c": 1}, ["c"]):
        with pytest.raises(Refused) as refusal:
            await platform.act("container", row.id, "setlabels", labels={"a": value})
        assert (refusal.value.code, refusal.value.field) == ("InvalidFormat", "labels")


async def test_a_container_logs_where_it_says_or_with_the_default_rotation(platform):
    agent = await platform.join(PretendedHost("h1", "192.0.2.1"))

    async def order(**given):
        row = await platform.create("container", imageUuid="docker:ok", **given)
        await platform.until(lambda tx: tx.require(rows.Instance, row.id).state == "running")
        return agent.host.orders[row.uuid].get("logConfig")

    rotated = {"max-size": "10m", "max-file": "3"}
    assert await order() == {"driver": "json-file", "options": rotated}
    own = {"driver": "local", "config": {"max-file": "2"}}
    assert await order(logConfig=own) == {"driver": "local", "options": {**rotated, "max-file": "2"}}
    assert await order(logConfig={"driver": "syslog"}) == {"driver": "syslog"}
    await platform.create("setting", _role="superadmin", name="container.log", value="engine")
    assert await order() is None
