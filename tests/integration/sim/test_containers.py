# SPDX-License-Identifier: Apache-2.0
"""Containers on simulated hosts: they run as real ones do, and do what their name or data says."""

import asyncio

import pytest
from pretended import PretendedHost, eventually

from orca.engine import AgentGone
from orca.resources import rows
from orca.simulator.fleet import Fleet


async def state(platform, row):
    return await platform.read(lambda tx: tx.require(rows.Instance, row.id))


async def settled(platform, row, *states):
    """Wait for one of these states; returns the row."""

    def condition(tx):
        found = tx.require(rows.Instance, row.id)
        return found if found.state in states else None

    return await platform.until(condition)


async def test_runs_with_a_managed_address(platform, simulate):
    await simulate()
    made = await platform.create("container", imageUuid="sim:web")
    (row,) = await platform.running(1)
    assert row.externalId
    assert row.primaryIpAddress == "10.42.1.10"
    await platform.act("container", made.id, "stop")
    await settled(platform, made, "stopped")
    await platform.act("container", made.id, "start")
    assert (await settled(platform, made, "running")).externalId == row.externalId
    await platform.delete("instance", made.id)
    await settled(platform, made, "removed")


async def test_a_failure_asked_for(platform, simulate):
    await simulate()
    made = await platform.create("container", imageUuid="sim:1", data={"compute.instance.activate::fail": True})
    row = await settled(platform, made, "removed")
    assert (row.transitioning, row.transitioningMessage) == ("error", "Failing [compute.instance.activate]")


async def test_forgotten(platform, simulate):
    await simulate()
    made = await platform.create("container", imageUuid="sim:1", data={"x": "simForgetImmediately"})
    await settled(platform, made, "running")
    await platform.core.part(Fleet).ping()
    await settled(platform, made, "removed")
    found = await platform.read(
        lambda tx: tx.find(rows.ProcessInstance, resourceType="instance", resourceId=str(made.id))
    )
    assert {row.processName for row in found} >= {"instance.create", "instance.stop", "instance.remove"}


@pytest.mark.parametrize("given", [{"simShutdownAfter": "0"}, {"x": ["simShutdownAfter", "0"]}])
async def test_shuts_down(platform, simulate, given):
    await simulate()
    made = await platform.create("container", imageUuid="sim:1", data=given)
    await settled(platform, made, "running")
    while (await state(platform, made)).state == "running":
        await platform.core.part(Fleet).ping()
    assert (await settled(platform, made, "stopped")).state == "stopped"


async def test_what_ends_while_its_agent_is_away_is_told_when_it_is_back(platform, simulate):
    agent, _ = await simulate()
    made = await platform.create("container", imageUuid="sim:1", data={"simShutdownAfter": "0.2"})
    await settled(platform, made, "running")
    await platform.act("agent", agent.id, "deactivate")
    await platform.until(lambda tx: tx.require(rows.Agent, agent.id).state == "inactive")
    await platform.act("agent", agent.id, "activate")
    await platform.until(lambda tx: tx.require(rows.Agent, agent.id).state == "active")
    while (await state(platform, made)).state == "running":
        await platform.core.part(Fleet).ping()
    assert (await state(platform, made)).exitCode == 0


async def test_restarts_by_its_policy(platform, simulate):
    await simulate()
    made = await platform.create(
        "container", imageUuid="sim:1", data={"simShutdownAfter": "0"}, restartPolicy={"name": "always"}
    )
    await settled(platform, made, "running")
    disk = platform.core.server.data_dir / "simulated.jsonl"
    await eventually(lambda: disk.read_text().count('"start"') == 2)
    await platform.core.part(Fleet).ping()
    assert (await state(platform, made)).state == "running"


async def test_another_one_appears(platform, simulate):
    _, (host,) = await simulate()
    made = await platform.create("container", imageUuid="sim:1", name="simCreateAnother_stray-1")
    await settled(platform, made, "running")
    await platform.core.part(Fleet).ping()
    stray = await platform.until(lambda tx: tx.first(rows.Instance, externalId="stray-1"))
    assert (stray.state, stray.nativeContainer, stray.hostId) == ("running", True, host.id)


async def test_disconnects_and_is_activated_again(platform, simulate):
    agent, (host,) = await simulate()
    made = await platform.create("container", imageUuid="sim:1", name="simDisconnectAgent")
    await platform.until(lambda tx: tx.require(rows.Agent, agent.id).state == "reconnecting")
    assert (await platform.read(lambda tx: tx.require(rows.Host, host.id))).agentState == "reconnecting"
    assert (await state(platform, made)).state == "starting"
    await platform.act("agent", agent.id, "deactivate")
    await platform.until(lambda tx: tx.require(rows.Agent, agent.id).state == "inactive")
    await platform.act("agent", agent.id, "activate")
    await settled(platform, made, "running")
    assert (await platform.read(lambda tx: tx.require(rows.Host, host.id))).agentState == "active"


async def test_reconnect(platform, simulate):
    agent, _ = await simulate()
    before = platform.core.agents.get(agent.id)
    await platform.act("agent", agent.id, "reconnect")
    await platform.until(lambda tx: tx.require(rows.Agent, agent.id).state == "active")
    assert platform.core.agents.get(agent.id) is not before
    await platform.create("container", imageUuid="sim:1")
    await platform.running(1)


async def test_delay_can_be_cut_short(platform, simulate):
    await simulate(delay=3_600_000)
    made = await platform.create("container", imageUuid="sim:1")
    await settled(platform, made, "starting")
    agent = platform.core.agents.all()[0]
    waiting = asyncio.create_task(agent.request("ping", {}))
    await platform.act("agent", agent.agent_id, "deactivate")
    with pytest.raises(AgentGone):
        await waiting


async def test_real_hosts_do_not_run_simulated_images(platform):
    await platform.join(PretendedHost("real", "192.0.2.1"))
    made = await platform.create("container", imageUuid="sim:1")
    row = await settled(platform, made, "removed")
    assert "real: does not run simulated images" in row.transitioningMessage
