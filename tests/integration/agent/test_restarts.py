# SPDX-License-Identifier: Apache-2.0
"""Restarts are the agent's, against a real engine."""

import asyncio

import docker

from orca.wire import Activate, Container, Deactivate, RestartPolicy, names

from .conftest import MakeInstance, StartAgent, containers
from .fakeserver import FakeServer

ALWAYS = RestartPolicy(name="always")


async def kill(engine: docker.DockerClient, id: str) -> None:
    await asyncio.to_thread(lambda: engine.containers.get(id).kill())


async def until_running(engine: docker.DockerClient, id: str, *, other_than: str = "") -> str:
    """Wait until the container runs, and return when it began to."""
    async with asyncio.timeout(30):
        while True:
            state = (await asyncio.to_thread(engine.containers.get, id)).attrs["State"]
            if state["Running"] and state["StartedAt"] != other_than:
                return str(state["StartedAt"])
            await asyncio.sleep(0.05)


async def test_a_container_that_dies_runs_again_and_never_counts_as_stopped(
    server: FakeServer, start_agent: StartAgent, engine: docker.DockerClient, instance: MakeInstance
) -> None:
    wanted = instance(restart_policy=ALWAYS)
    async with start_agent():
        await server.connected()
        await server.ask(names.ACTIVATE, Activate(key="1", instance=wanted))
        (made,) = containers(engine, wanted)
        assert made.attrs["HostConfig"]["RestartPolicy"]["Name"] in ("", "no")
        before = await until_running(engine, made.id)
        await kill(engine, made.id)
        await until_running(engine, made.id, other_than=before)

        def reports() -> list[Container]:
            changes = [e.read(Container) for e in server.events if e.name == names.CONTAINER_CHANGE]
            return [change for change in changes if change.uuid == wanted.uuid]

        await server.until(lambda: [r.status for r in reports()].count("start") == 2, "second start")
        assert "die" in {r.status for r in reports()}
        assert {r.state for r in reports()} <= {"created", "running"}


async def test_an_agent_that_was_away_starts_what_should_run_and_nothing_else(
    server: FakeServer, start_agent: StartAgent, engine: docker.DockerClient, instance: MakeInstance
) -> None:
    kept, stopped, plain = instance(restart_policy=ALWAYS), instance(restart_policy=ALWAYS), instance()
    made = {}
    async with start_agent():
        await server.connected()
        for wanted in (kept, stopped, plain):
            await server.ask(names.ACTIVATE, Activate(key=wanted.uuid, instance=wanted))
            (made[wanted.uuid],) = containers(engine, wanted)
        await server.ask(names.DEACTIVATE, Deactivate(key="stop", uuid=stopped.uuid, timeout=0))
    before = await until_running(engine, made[kept.uuid].id)
    for wanted in (kept, plain):
        await kill(engine, made[wanted.uuid].id)
    server.keys_valid = False  # an agent without a server knows it too
    async with start_agent(register=False):
        await until_running(engine, made[kept.uuid].id, other_than=before)
    for wanted in (stopped, plain):
        assert (await asyncio.to_thread(engine.containers.get, made[wanted.uuid].id)).status == "exited"


async def test_what_is_started_by_hand_goes_back(
    server: FakeServer, start_agent: StartAgent, engine: docker.DockerClient, instance: MakeInstance
) -> None:
    wanted = instance()
    async with start_agent():
        await server.connected()
        await server.ask(names.ACTIVATE, Activate(key="1", instance=wanted))
        await server.ask(names.DEACTIVATE, Deactivate(key="2", uuid=wanted.uuid, timeout=0))
        (made,) = containers(engine, wanted)
        await asyncio.to_thread(made.start)
        async with asyncio.timeout(30):
            while (await asyncio.to_thread(engine.containers.get, made.id)).status != "exited":  # noqa: ASYNC110
                await asyncio.sleep(0.05)
