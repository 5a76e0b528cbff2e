# SPDX-License-Identifier: Apache-2.0
"""Images pulled ahead: on which hosts, with what credential, and what the task says of each host."""

from pretended import PretendedHost

from orca.orchestration.containers import pulls
from orca.resources import rows

AFFINITY = "io.rancher.scheduler.affinity:host_label"


async def hosts(platform, *names):
    return [await platform.join(PretendedHost(name, f"192.0.2.{number}")) for number, name in enumerate(names, 11)]


async def task(platform, image, **fields):
    return await platform.create("pullTask", image=image, mode=fields.pop("mode", "all"), **fields)


async def ended(platform, row, state="active"):
    return await platform.until(lambda tx: (found := tx.require(rows.PullTask, row.id)).state == state and found)


async def test_every_host_pulls(platform):
    agents = await hosts(platform, "h1", "h2")
    found = await ended(platform, await task(platform, "docker:orca/web:1"))
    assert found.status == {"h1": "Done", "h2": "Done"}
    for agent in agents:
        (order,) = agent.host.pulls
        assert order["image"] == "orca/web:1"


async def test_the_labels_are_those_of_a_container_to_come(platform):
    agents = await hosts(platform, "h1", "h2")
    host = await platform.read(lambda tx: tx.first(rows.Host, name="h2"))
    await platform.change("host", host.id, labels={"disk": "ssd"})
    found = await ended(platform, await task(platform, "web", labels={AFFINITY: "disk=ssd", "tier": "web"}))
    assert found.status == {"h2": "Done"}
    assert [len(agent.host.pulls) for agent in agents] == [0, 1]


async def test_cached_leaves_hosts_without_the_image_alone(platform):
    await hosts(platform, "h1", "h2")
    await platform.create("container", imageUuid="docker:web")
    (container,) = await platform.running(1)
    there = (await platform.read(lambda tx: tx.require(rows.Host, container.hostId))).name
    found = await ended(platform, await task(platform, "web", mode="cached"))
    assert found.status == {"h1": "Not cached", "h2": "Not cached"} | {there: "Done"}


async def test_hosts_of_one_name_are_told_apart(platform):
    await hosts(platform, "same", "same")
    found = await ended(platform, await task(platform, "web"))
    assert len(found.status) == 2


async def test_the_registrys_credential_goes_along_and_is_kept_nowhere(platform, tmp_path):
    (agent,) = await hosts(platform, "h1")
    registry = await platform.create("registry", serverAddress="registry.example")
    made = await platform.create(
        "registryCredential", registryId=registry.id, publicValue="puller", secretValue="correct horse"
    )
    await platform.until(lambda tx: tx.require(rows.RegistryCredential, made.id).state == "active")
    await platform.until(lambda tx: tx.require(rows.Registry, registry.id).state == "active")
    await ended(platform, await task(platform, "registry.example/web"))
    assert agent.host.pulls[0]["registryAuth"]["password"] == "correct horse"
    assert all(b"correct horse" not in file.read_bytes() for file in tmp_path.glob("orca.db*"))


async def test_a_failure_names_host_and_reason_and_can_be_tried_again(platform):
    one, two = await hosts(platform, "h1", "h2")
    one.host.room.images.add("missing")
    row = await task(platform, "missing")
    found = await ended(platform, row, "inactive")
    assert found.status == {"h1": "Done", "h2": "Image missing cannot be pulled: there is none"}
    assert (found.transitioning, found.transitioningMessage) == (
        "error",
        "h2: Image missing cannot be pulled: there is none",
    )
    two.host.room.images.add("missing")
    await platform.act("pullTask", row.id, "activate")
    found = await ended(platform, row)
    assert found.status == {"h1": "Done", "h2": "Done"}
    assert found.transitioning is None


async def test_a_host_that_is_away_is_waited_for_but_not_for_ever(platform, monkeypatch):
    monkeypatch.setattr(pulls, "AWAY_SECONDS", 0.1)
    _, away = await hosts(platform, "h1", "h2")
    await platform.disconnect(platform.connection_of(away))
    found = await ended(platform, await task(platform, "web"), "inactive")
    assert found.status == {"h1": "Done", "h2": "its agent has been away for 0.1 s"}
    assert found.transitioningMessage == "h2: its agent has been away for 0.1 s"


async def test_a_host_that_comes_back_goes_on(platform):
    (agent,) = await hosts(platform, "h1")
    connection = platform.connection_of(agent)
    await platform.disconnect(connection)
    row = await task(platform, "web")
    await platform.until(
        lambda tx: "waiting for the agent" in (tx.require(rows.PullTask, row.id).transitioningMessage or "")
    )
    await platform.connect(connection.agent_id, agent)
    assert (await ended(platform, row)).status == {"h1": "Done"}


async def test_a_pull_that_hangs_is_shown_and_can_be_stopped(platform):
    (agent,) = await hosts(platform, "h1")
    row = await task(platform, "hang")
    await platform.until(lambda tx: tx.require(rows.PullTask, row.id).transitioningMessage == "h1: Pulling hang")
    assert (await platform.read(lambda tx: tx.require(rows.PullTask, row.id))).status == {"h1": "Pulling"}
    await platform.act("pullTask", row.id, "deactivate")
    assert (await ended(platform, row, "inactive")).status == {"h1": "Cancelled"}
    assert "command.cancel" in [event.name for event in agent.received]


async def test_without_a_host_it_says_why(platform):
    found = await ended(platform, await task(platform, "web"), "inactive")
    assert found.transitioningMessage == "There is no host for it (none at all)"
    await hosts(platform, "h1")
    found = await ended(platform, await task(platform, "web", labels={AFFINITY: "disk=ssd"}), "inactive")
    assert found.transitioningMessage == "There is no host for it (h1 not host label disk=ssd)"
