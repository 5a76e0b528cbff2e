# SPDX-License-Identifier: Apache-2.0
"""Commands to agents: once, again when it must be, and cancelled when nobody wants them any more."""

import asyncio

import sqlalchemy as sa

from orca import wire
from orca.engine import AgentGone, CommandFailed, CommandTimeout
from orca.resources import rows


class Answer(wire.Message):
    external_id: str


def starts_with_a_command(bench, timeout=None):
    @bench.behaviour.process("instance.start")
    async def start(run):
        reply = await run.command(1, "activate", {"uuid": "u"}, timeout=timeout, form=Answer)
        run.finish(lambda tx: tx.update(run.resource(tx, rows.Instance), externalId=reply["externalId"]))


async def test_a_command_carries_its_key(bench):
    starts_with_a_command(bench)
    bench.agent.answers["activate"] = {"externalId": "d1"}
    bench.core.agents.attach(bench.agent)
    await bench.start()
    row = await bench.state(await bench.create(), "running")
    process = (await bench.processes(row))[-1]
    assert bench.agent.seen == [("activate", {"key": f"{process.id}/activate", "uuid": "u"}, "1i1")]
    assert row.externalId == "d1"


async def test_an_error_reply_fails_the_process(bench):
    starts_with_a_command(bench)
    bench.agent.answers["activate"] = CommandFailed("port 80 is taken by nginx")
    bench.core.agents.attach(bench.agent)
    await bench.start()
    row = await bench.state(await bench.create(), "stopped")
    assert row.transitioningMessage == "port 80 is taken by nginx"


async def test_an_answer_of_another_form_fails_the_process(bench):
    """Tried again it would be the same."""
    starts_with_a_command(bench)
    bench.agent.answers["activate"] = {"externalId": ["d1"]}
    bench.core.agents.attach(bench.agent)
    await bench.start()
    row = await bench.state(await bench.create(), "stopped")
    assert "the agent's answer to activate makes no sense" in row.transitioningMessage
    assert "externalId" in row.transitioningMessage


async def test_of_an_answer_only_its_form_is_kept(bench):
    starts_with_a_command(bench)
    bench.agent.answers["activate"] = {"externalId": "d1", "more": "x" * 1000}
    bench.core.agents.attach(bench.agent)
    await bench.start()
    await bench.state(await bench.create(), "running")
    steps = await bench.db.read(lambda tx: tx.execute(sa.select(tx.table("process_step").c.result)).scalars().all())
    assert not any("more" in (step or "") for step in steps)


async def test_an_agent_that_is_away_is_waited_for(bench):
    starts_with_a_command(bench)
    bench.agent.answers["activate"] = {"externalId": "d1"}
    await bench.start()
    await bench.db.write(lambda tx: tx.insert(rows.Host, accountId=1, name="h2", agentId=1, state="active"))
    container = await bench.create()
    reason = "waiting for the agent of host h2"
    process = await bench.until(
        lambda tx: (
            tx.first(rows.ProcessInstance, waitingSince=None, endTime=None) is None
            and (tx.first(rows.ProcessInstance, endTime=None))
        )
    )
    assert process.waiting == reason
    assert process.waitingSince is not None
    assert (await bench.row(container)).transitioningMessage == reason
    bench.core.agents.attach(bench.agent)
    row = await bench.state(container, "running")
    assert row.transitioningMessage is None


async def test_patience_with_an_agent_that_is_away_can_end(bench):
    @bench.behaviour.process("instance.start")
    async def start(run):
        await run.command(1, "activate", {}, patience=0.05)

    await bench.start()
    row = await bench.state(await bench.create(), "stopped")
    assert row.transitioningMessage == "its agent has been away for 0.05 s"
    assert bench.agent.seen == []


async def test_a_lost_connection_means_asking_again(bench):
    starts_with_a_command(bench)
    await bench.start()
    loop = asyncio.get_running_loop()
    bench.agent.answers["activate"] = loop.create_future()
    bench.core.agents.attach(bench.agent)
    container = await bench.create()
    await bench.state(container, "starting")
    await bench.agent.called.wait()
    bench.core.agents.detach(bench.agent)
    first, bench.agent.answers["activate"] = bench.agent.answers["activate"], {"externalId": "d1"}
    first.set_exception(AgentGone())
    bench.core.agents.attach(bench.agent)
    await bench.state(container, "running")
    assert bench.agent.seen[0] == bench.agent.seen[1]


async def test_a_silent_agent_is_asked_again_later(bench, monkeypatch):
    monkeypatch.setattr("orca.engine.engine.BACKOFF", (0.01, 0.02))
    starts_with_a_command(bench, timeout=0.05)
    await bench.start()
    bench.agent.answers["activate"] = asyncio.get_running_loop().create_future()
    bench.core.agents.attach(bench.agent)
    container = await bench.create()
    await bench.until(
        lambda tx: (tx.require(rows.Instance, container.id).transitioningMessage or "").startswith(
            "activate: no answer"
        )
    )
    bench.agent.answers["activate"] = {"externalId": "d1"}
    await bench.state(container, "running")
    assert bench.agent.cancelled[0] == "activate"


async def test_the_handler_may_catch_the_silence(bench):
    @bench.behaviour.process("instance.start")
    async def start(run):
        try:
            await run.command(1, "activate", {}, timeout=0.05)
        except CommandTimeout:
            run.log("never mind")

    await bench.start()
    bench.agent.answers["activate"] = asyncio.get_running_loop().create_future()
    bench.core.agents.attach(bench.agent)
    await bench.state(await bench.create(), "running")


async def test_removing_wins_over_a_start_that_hangs(bench):
    starts_with_a_command(bench)

    @bench.behaviour.process("instance.stop")
    async def stop(run):
        await run.command(1, "deactivate", {})
        run.chain = "remove"

    await bench.start()
    bench.agent.answers["activate"] = asyncio.get_running_loop().create_future()
    bench.core.agents.attach(bench.agent)
    container = await bench.create()
    await bench.agent.called.wait()
    await bench.request(container, "stop")
    await bench.state(container, "removed")
    assert bench.agent.cancelled == ["activate"]
    assert [name for name, _, _ in bench.agent.seen] == ["activate", "deactivate"]
    results = {row.processName: (row.result, row.exitReason) for row in await bench.processes(container)}
    assert results["instance.start"] == ("CANCELED", "STATE_CHANGED")
    assert results["instance.remove"] == ("SUCCESS", "DONE")


async def test_progress_is_shown_meanwhile(bench):
    starts_with_a_command(bench)
    await bench.start()
    pending = bench.agent.answers["activate"] = asyncio.get_running_loop().create_future()
    bench.core.agents.attach(bench.agent)
    container = await bench.create()
    await bench.agent.called.wait()
    bench.agent.progress("pulling", 40)
    row = await bench.until(lambda tx: (row := tx.require(rows.Instance, container.id)).transitioningProgress and row)
    assert (row.transitioningMessage, row.transitioningProgress) == ("pulling", 40)
    pending.set_result({"externalId": "d1"})
    row = await bench.state(container, "running")
    assert (row.transitioningMessage, row.transitioningProgress) == (None, None)
