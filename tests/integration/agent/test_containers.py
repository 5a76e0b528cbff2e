# SPDX-License-Identifier: Apache-2.0
"""The server's container commands against a real Docker engine."""

import asyncio
import contextlib
import functools
import socket
import time
import uuid
from pathlib import Path
from typing import Any

import docker
import docker.errors
import pytest

from orca.wire import (
    Activate,
    Activated,
    Cancel,
    ConfigApplied,
    ConfigItem,
    ConfigUpdate,
    Container,
    Deactivate,
    Event,
    Inspect,
    Instance,
    NamedVolume,
    PublishedPort,
    Pull,
    Pulled,
    Remove,
    RemoveVolume,
    VolumeRemoved,
    names,
)

from .conftest import MakeInstance, containers
from .fakeregistry import Registry
from .fakeserver import FakeServer

pytestmark = pytest.mark.asyncio(loop_scope="module")


def change(event: Event, uuid: str, status: str) -> bool:
    return event.data.get("uuid") == uuid and event.data.get("status") == status


async def test_life_of_a_container(connected: FakeServer, engine: docker.DockerClient, instance: MakeInstance) -> None:
    wanted = instance(
        network_mode="bridge",
        environment={"A": "1"},
        labels={"x": "y"},
        hostname="inner",
        memory=64 << 20,
        cpu_shares=512,
    )
    reply = (await connected.ask(names.ACTIVATE, Activate(key=f"{wanted.uuid}/1", instance=wanted))).read(Activated)
    (made,) = containers(engine, wanted)
    assert (made.id, made.status, made.name) == (reply.external_id, "running", f"agt-test-{wanted.uuid[:8]}")
    assert reply.state == "running" and reply.address and abs(reply.started / 1000 - time.time()) < 60
    config = made.attrs["Config"]
    assert (config["Hostname"], config["Labels"]["x"]) == ("inner", "y")
    assert "A=1" in config["Env"]
    assert made.attrs["HostConfig"]["Memory"] == 64 << 20

    started = await connected.report(names.CONTAINER_CHANGE, lambda e: change(e, wanted.uuid, "start"))
    seen = started.read(Container)
    assert (seen.state, seen.address, seen.external_id) == ("running", reply.address, made.id)

    inspected = await connected.ask(names.INSPECT, Inspect(uuid=wanted.uuid))
    assert inspected.data["inspect"]["Id"] == made.id

    stopped = await connected.ask(names.DEACTIVATE, Deactivate(key=f"{wanted.uuid}/2", uuid=wanted.uuid, timeout=0))
    assert stopped.data == {"state": "stopped"}
    died = (await connected.report(names.CONTAINER_CHANGE, lambda e: change(e, wanted.uuid, "die"))).read(Container)
    assert (died.state, died.exit_code) == ("stopped", 137)

    again = (await connected.ask(names.ACTIVATE, Activate(key=f"{wanted.uuid}/3", instance=wanted))).read(Activated)
    assert again.external_id == made.id  # started again, not made again

    assert (await connected.ask(names.REMOVE, Remove(key=f"{wanted.uuid}/4", uuid=wanted.uuid))).transitioning is None
    assert containers(engine, wanted) == []
    gone = (await connected.report(names.CONTAINER_CHANGE, lambda e: change(e, wanted.uuid, "destroy"))).read(Container)
    assert gone.state == "removed"


async def test_a_sharer_follows_its_owner_into_another_container(
    connected: FakeServer, engine: docker.DockerClient, instance: MakeInstance
) -> None:
    async def run(wanted: Instance, step: str) -> docker.models.containers.Container:
        activate = Activate(key=f"{wanted.uuid}/{step}", instance=wanted)
        reply = (await connected.ask(names.ACTIVATE, activate)).read(Activated)
        return engine.containers.get(reply.external_id)

    def network(container: docker.models.containers.Container) -> str:
        return container.exec_run(["readlink", "/proc/1/ns/net"]).output.decode()

    owner = instance(network_mode="bridge", volumes=["/shared"])
    first = await run(owner, "1")
    joins = {"network_mode": f"container:{first.id}", "volumes_from": [first.id], "hostname": ""}
    sharer = await run(wanted := instance(**joins), "1")
    assert network(sharer) == network(first)
    assert first.exec_run(["sh", "-c", "echo seen > /shared/file"]).exit_code == 0
    for path in ("/shared/file", "/etc/resolv.conf"):
        assert sharer.exec_run(["cat", path]).output == first.exec_run(["cat", path]).output != b""
    seen = await connected.report(names.CONTAINER_CHANGE, lambda e: change(e, wanted.uuid, "start"))
    assert seen.read(Container).network_mode == f"container:{first.id}"

    # The engine knows the owner by its id: of a stopped sharer's nothing is left to join.
    await connected.ask(names.DEACTIVATE, Deactivate(key=f"{wanted.uuid}/2", uuid=wanted.uuid, timeout=0))
    await connected.ask(names.REMOVE, Remove(key=f"{owner.uuid}/2", uuid=owner.uuid))
    second = await run(owner, "3")
    wanted.network_mode, wanted.volumes_from = f"container:{second.id}", [second.id]
    again = await run(wanted, "3")
    assert again.id != sharer.id
    assert network(again) == network(second)


async def test_what_is_not_there_can_be_stopped_and_removed(connected: FakeServer, instance: MakeInstance) -> None:
    uuid = instance().uuid
    assert (await connected.ask(names.REMOVE, Remove(key=f"{uuid}/1", uuid=uuid))).transitioning is None
    assert (await connected.ask(names.DEACTIVATE, Deactivate(key=f"{uuid}/2", uuid=uuid))).data == {"state": "removed"}
    assert (await connected.ask(names.INSPECT, Inspect(uuid=uuid))).transitioning == "error"


async def test_a_repeated_start_makes_one_container(
    connected: FakeServer, engine: docker.DockerClient, instance: MakeInstance
) -> None:
    wanted = instance()
    requests = [
        await connected.send(names.ACTIVATE, Activate(key=f"{wanted.uuid}/1", instance=wanted)) for _ in range(3)
    ]
    replies = [(await connected.reply_to(request)).read(Activated) for request in requests]
    assert len({reply.external_id for reply in replies}) == 1
    assert len(containers(engine, wanted)) == 1


async def test_a_repeated_start_does_not_run_a_finished_container_twice(
    connected: FakeServer, engine: docker.DockerClient, instance: MakeInstance
) -> None:
    wanted = instance(command=["true"])
    await connected.ask(names.ACTIVATE, Activate(key=f"{wanted.uuid}/1", instance=wanted))
    await connected.report(names.CONTAINER_CHANGE, lambda e: change(e, wanted.uuid, "die"))
    reply = (await connected.ask(names.ACTIVATE, Activate(key=f"{wanted.uuid}/1", instance=wanted))).read(Activated)
    assert reply.state == "stopped"
    starts = [e for e in connected.events if e.name == names.CONTAINER_CHANGE and change(e, wanted.uuid, "start")]
    assert len(starts) == 1


async def test_a_command_that_cannot_run_leaves_nothing(
    connected: FakeServer, engine: docker.DockerClient, instance: MakeInstance
) -> None:
    wanted = instance(command=["/no/such/program"])
    reply = await connected.ask(names.ACTIVATE, Activate(key=f"{wanted.uuid}/1", instance=wanted))
    assert reply.transitioning == "error"
    assert "/no/such/program" in (reply.transitioning_message or "")
    assert containers(engine, wanted) == []


async def test_an_image_that_does_not_exist(
    connected: FakeServer, engine: docker.DockerClient, instance: MakeInstance
) -> None:
    async with Registry().serve() as registry:
        wanted = instance(image=f"127.0.0.1:{registry.port}/agt/missing:1")
        reply = await connected.ask(names.ACTIVATE, Activate(key=f"{wanted.uuid}/1", instance=wanted))
    assert reply.transitioning == "error"
    assert wanted.image in (reply.transitioning_message or "")
    assert containers(engine, wanted) == []


async def test_pulls_with_progress(connected: FakeServer, engine: docker.DockerClient, instance: MakeInstance) -> None:
    async with Registry().serve() as registry:
        wanted = instance(image=registry.image, command=["/none"])
        request = await connected.send(names.ACTIVATE, Activate(key=f"{wanted.uuid}/1", instance=wanted))
        reply = await connected.reply_to(request)
    progress = [e.transitioning_message for e in connected.events if request.id in e.previous_ids and e is not reply]
    assert progress and progress[0] == f"Pulling {registry.image}"
    assert engine.images.get(registry.image)
    engine.images.remove(registry.image)


async def test_a_pull_that_hangs_can_be_cancelled(
    connected: FakeServer, engine: docker.DockerClient, instance: MakeInstance
) -> None:
    async with Registry(hang=True).serve() as registry:
        wanted = instance(image=registry.image)
        request = await connected.send(names.ACTIVATE, Activate(key=f"{wanted.uuid}/1", instance=wanted))
        await registry.asked.wait()
        await connected.send(names.CANCEL, Cancel(previous_ids=[request.id]))
        reply = await connected.reply_to(request)
    assert (reply.transitioning, reply.transitioning_message) == ("error", names.CANCELLED)
    assert containers(engine, wanted) == []


async def test_an_image_is_pulled_ahead_of_any_container(connected: FakeServer, engine: docker.DockerClient) -> None:
    async with Registry().serve() as registry:
        cached = Pull(key="pull/1", image=registry.image, cached=True)
        assert not (await connected.ask(names.PULL, cached)).read(Pulled).pulled
        assert engine.images.list(registry.image) == []
        request = await connected.send(names.PULL, Pull(key="pull/2", image=registry.image))
        assert (await connected.reply_to(request)).read(Pulled).pulled
        assert engine.images.get(registry.image)
        messages = [e.transitioning_message for e in connected.events if request.id in e.previous_ids]
        assert messages[0] == f"Pulling {registry.image}"
        again = Pull(key="pull/3", image=registry.image, cached=True)
        assert (await connected.ask(names.PULL, again)).read(Pulled).pulled
        missing = await connected.ask(names.PULL, Pull(key="pull/4", image=f"127.0.0.1:{registry.port}/agt/missing:1"))
    assert missing.transitioning == "error" and "agt/missing:1" in (missing.transitioning_message or "")
    engine.images.remove(registry.image)


async def test_a_pull_ahead_that_hangs_can_be_cancelled(connected: FakeServer) -> None:
    async with Registry(hang=True).serve() as registry:
        request = await connected.send(names.PULL, Pull(key="pull/5", image=registry.image))
        await registry.asked.wait()
        await connected.send(names.CANCEL, Cancel(previous_ids=[request.id]))
        reply = await connected.reply_to(request)
    assert (reply.transitioning, reply.transitioning_message) == ("error", names.CANCELLED)


async def test_a_remove_wins_over_a_start_that_hangs(
    connected: FakeServer, engine: docker.DockerClient, instance: MakeInstance
) -> None:
    async with Registry(hang=True).serve() as registry:
        wanted = instance(image=registry.image)
        request = await connected.send(names.ACTIVATE, Activate(key=f"{wanted.uuid}/1", instance=wanted))
        await registry.asked.wait()
        removed = await connected.ask(names.REMOVE, Remove(key=f"{wanted.uuid}/2", uuid=wanted.uuid))
        assert removed.transitioning is None
        assert (await connected.reply_to(request)).transitioning_message == names.CANCELLED
    assert containers(engine, wanted) == []


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.05, 0.1, 0.2, 0.4])
async def test_a_cancelled_start_leaves_nothing_half_made(
    connected: FakeServer, engine: docker.DockerClient, instance: MakeInstance, delay: float
) -> None:
    wanted = instance()
    request = await connected.send(names.ACTIVATE, Activate(key=f"{wanted.uuid}/1", instance=wanted))
    await asyncio.sleep(delay)  # the point in the start at which the cancel arrives
    await connected.send(names.CANCEL, Cancel(previous_ids=[request.id]))
    reply = await connected.reply_to(request)
    found = containers(engine, wanted)
    if reply.transitioning == "error":
        assert found == []
    else:
        assert [container.status for container in found] == ["running"]


async def test_a_port_that_a_process_holds_is_refused(
    connected: FakeServer, engine: docker.DockerClient, instance: MakeInstance
) -> None:
    with socket.create_server(("0.0.0.0", 0)) as holder:
        port = holder.getsockname()[1]
        wanted = instance(ports=[PublishedPort(public_port=port, private_port=80)])
        reply = await connected.ask(names.ACTIVATE, Activate(key=f"{wanted.uuid}/1", instance=wanted))
        assert reply.transitioning == "error"
        assert f"Port {port}/tcp is taken on this host: a process" in (reply.transitioning_message or "")
        assert containers(engine, wanted) == []
        item = ConfigItem(name="port/p1", version=1, description={"publicPort": port, "protocol": "tcp"})
        update = await connected.ask(names.CONFIG_UPDATE, ConfigUpdate(items=[item]))
        assert "is taken on this host" in update.read(ConfigApplied).errors["port/p1"]


async def test_a_port_that_a_container_publishes_names_it(
    connected: FakeServer, engine: docker.DockerClient, instance: MakeInstance, image: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    name = f"agt-holder-{uuid.uuid4()}"  # one that a test left which was killed is in nobody's way
    holder = engine.containers.run(image, ["sleep", "1000"], detach=True, name=name, ports={"80/tcp": port})
    try:
        wanted = instance(ports=[PublishedPort(public_port=port, private_port=80)])
        reply = await connected.ask(names.ACTIVATE, Activate(key=f"{wanted.uuid}/1", instance=wanted))
        assert reply.transitioning_message == f"Port {port}/tcp is taken on this host by the container {name}"
    finally:
        holder.remove(force=True)


async def test_a_failed_start_of_a_container_that_was_there_keeps_it(
    connected: FakeServer, engine: docker.DockerClient, instance: MakeInstance, tmp_path: Path
) -> None:
    source = tmp_path / "volume"
    source.mkdir()
    wanted = instance(volumes=[f"{source}:/data"])
    await connected.ask(names.ACTIVATE, Activate(key=f"{wanted.uuid}/1", instance=wanted))
    await connected.ask(names.DEACTIVATE, Deactivate(key=f"{wanted.uuid}/2", uuid=wanted.uuid, timeout=0))
    source.rmdir()
    source.write_text("now a file, which cannot be mounted on a directory")
    reply = await connected.ask(names.ACTIVATE, Activate(key=f"{wanted.uuid}/3", instance=wanted))
    assert reply.transitioning == "error"
    assert len(containers(engine, wanted)) == 1  # its data is the user's


async def test_what_the_platform_did_not_make_is_stopped_and_removed_by_its_id_and_our_own_parts_are_not(
    connected: FakeServer, engine: docker.DockerClient, image: str
) -> None:
    run = functools.partial(engine.containers.run, image, ["sleep", "1000"], detach=True)
    native, part = run(), run(labels={names.LABEL_SYSTEM: "test"})
    try:
        row = str(uuid.uuid4())  # of the row that stands for it; no label says it
        order = Deactivate(key=f"{row}/1", uuid=row, timeout=0, external_id=native.id)
        assert (await connected.ask(names.DEACTIVATE, order)).data == {"state": "stopped"}
        native.reload()
        assert native.status == "exited"
        await connected.ask(names.REMOVE, Remove(key=f"{row}/2", uuid=row, external_id=native.id))
        assert native.id not in {container.id for container in engine.containers.list(all=True)}
        refused = await connected.ask(names.REMOVE, Remove(key=f"{row}/3", uuid=row, external_id=part.id))
        assert "is a part of the platform" in (refused.transitioning_message or "")
    finally:
        for container in (native, part):
            with contextlib.suppress(docker.errors.NotFound):
                container.remove(force=True)


async def test_named_volumes_are_made_as_described_and_only_those_are_removed(
    connected: FakeServer, engine: docker.DockerClient, instance: MakeInstance
) -> None:
    ours, theirs = f"agt-{uuid.uuid4()}", f"agt-{uuid.uuid4()}"
    engine.volumes.create(theirs)
    memory = NamedVolume(
        ours, ours, driver_opts={"type": "tmpfs", "device": "tmpfs", "o": "size=4m"}, labels={"for": "x"}
    )
    wanted = instance(volumes=[f"{ours}:/ours", f"{theirs}:/theirs:ro"], named_volumes=[memory, named(theirs)])
    try:
        reply = await connected.ask(names.ACTIVATE, Activate(key=f"{wanted.uuid}/1", instance=wanted))
        container = engine.containers.get(reply.read(Activated).external_id)
        assert b"size=4096k" in container.exec_run(["grep", " /ours ", "/proc/mounts"]).output
        assert engine.volumes.get(ours).attrs["Labels"] == {"for": "x", names.LABEL_VOLUME_UUID: ours}
        assert engine.volumes.get(theirs).attrs["Labels"] is None

        next_one = instance(volumes=[f"{ours}:/ours"], named_volumes=[memory])
        found = await connected.ask(names.ACTIVATE, Activate(key=f"{next_one.uuid}/1", instance=next_one))
        assert found.read(Activated).state == "running"
        await connected.ask(names.REMOVE, Remove(key=f"{next_one.uuid}/2", uuid=next_one.uuid))

        held = await connected.ask(names.VOLUME_REMOVE, RemoveVolume(key="v/1", name=ours))
        assert f"Volume {ours} cannot be removed" in (held.transitioning_message or "")
        other = instance(volumes=[f"{ours}:/x"], named_volumes=[named(ours, driver_opts={"type": "tmpfs"})])
        refused = await connected.ask(names.ACTIVATE, Activate(key=f"{other.uuid}/1", instance=other))
        assert f"Volume {ours} exists on this host" in (refused.transitioning_message or "")
        assert "size=4m" not in (refused.transitioning_message or "")

        await connected.ask(names.REMOVE, Remove(key=f"{wanted.uuid}/2", uuid=wanted.uuid))
        orders = [RemoveVolume(key=f"v/2/{name}", name=name) for name in (ours, theirs, ours)]
        kept = [(await connected.ask(names.VOLUME_REMOVE, order)).read(VolumeRemoved) for order in orders]
        assert kept == [VolumeRemoved(), VolumeRemoved(kept=True), VolumeRemoved()]
        assert {ours, theirs} & {volume.name for volume in engine.volumes.list()} == {theirs}
    finally:
        engine.volumes.get(theirs).remove()


def named(name: str, **fields: Any) -> NamedVolume:
    return NamedVolume(name, name, **fields)
