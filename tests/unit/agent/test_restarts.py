# SPDX-License-Identifier: Apache-2.0
"""When the agent starts a container again, and when it stops one that somebody started."""

import asyncio
import json

import pytest

from orca.agent.engine import EngineGone
from orca.agent.errors import CommandFailed
from orca.agent.lease import Lease
from orca.agent.restarts import Pause, Restarts, WantedStates
from orca.wire import RestartPolicy

ALWAYS = RestartPolicy(name="always")
UUID = "3c1f6f0e-1c5e-4d0a-9d3e-0c2b8a7d9e11"


@pytest.mark.parametrize(
    ("policy", "exit_code", "restarts", "expected"),
    [
        (RestartPolicy(), 1, 0, False),
        (ALWAYS, 0, 9999, True),
        (RestartPolicy(name="unless-stopped"), 137, 0, True),
        (RestartPolicy(name="on-failure"), 0, 0, False),
        (RestartPolicy(name="on-failure"), 1, 9999, True),
        (RestartPolicy(name="on-failure", maximum_retry_count=2), 1, 1, True),
        (RestartPolicy(name="on-failure", maximum_retry_count=2), 1, 2, False),
    ],
)
def test_policies(policy, exit_code, restarts, expected):
    assert policy.again(exit_code, restarts) is expected


def test_the_pause_doubles_to_a_minute_and_begins_again_after_a_steady_run():
    pause = Pause()
    assert [pause.after(0.5) for _ in range(4)] == [0.1, 0.2, 0.4, 0.8]
    assert [pause.after(0.5) for _ in range(20)][-1] == 60.0
    assert pause.after(10.5) == 0.1


async def test_wanted_states_outlive_the_agent(tmp_path):
    states = WantedStates(tmp_path / "wanted")
    restarts = Restarts(states, Engine(), nothing, nothing, open_lease())
    await restarts.expect_running("a", RestartPolicy(name="on-failure", maximum_retry_count=3))
    await restarts.expect_running("b", None)
    await restarts.expect_stopped("b")
    await restarts.expect_running("c", ALWAYS)
    await restarts.forget("c")
    (tmp_path / "wanted" / "d.json").write_text("{")
    fresh = WantedStates(tmp_path / "wanted")
    fresh.load()
    assert fresh.snapshot() == states.snapshot()
    assert set(fresh.snapshot()) == {"a", "b"}
    assert json.loads((tmp_path / "wanted" / "b.json").read_text())["running"] is False


async def nothing(*_):
    pass


def open_lease() -> Lease:
    """The lease of a host to which the server has just told its epoch."""
    lease = Lease(lambda seconds: True, lambda: None)
    lease.told()
    return lease


class Engine:
    """One container, as an engine would show it."""

    def __init__(self, policy="no"):
        self.running, self.exit_code, self.policy, self.name = True, 0, policy, f"/web-{UUID[:8]}"
        self.calls, self.called, self.after_start = [], asyncio.Event(), iter(())

    def document(self):
        state = {"Status": "running" if self.running else "exited", "Running": self.running, "ExitCode": self.exit_code}
        state |= {"StartedAt": "2026-01-01T00:00:00Z", "FinishedAt": "2026-01-01T00:00:01Z"}
        return {
            "Id": "x",
            "Name": self.name,
            "Config": {"Labels": {"io.orca.instance.uuid": UUID}},
            "HostConfig": {"RestartPolicy": {"Name": self.policy, "MaximumRetryCount": 0}},
            "State": state,
        }

    def ends(self, exit_code=0):
        self.running, self.exit_code = False, exit_code
        return self.document()

    async def start(self, _id):
        self._note("start")
        error = next(self.after_start, None)
        if error is not None:
            raise error
        self.running = True

    async def stop(self, _id, _grace):
        self._note("stop")
        self.running = False

    async def restart_never(self, _id):
        self._note("never")
        self.policy = "no"

    async def look(self, _id):
        return self.document()

    def _note(self, call):
        self.calls.append(call)
        self.called.set()

    async def does(self, *calls):
        async with asyncio.timeout(20):
            while self.calls != list(calls):
                self.called.clear()
                await self.called.wait()


@pytest.fixture
async def engine():
    return Engine()


@pytest.fixture
async def restarts(tmp_path, engine):
    made = Restarts(WantedStates(tmp_path), engine, nothing, nothing, open_lease())
    yield made
    await made.close()


async def test_what_ended_starts_again_and_counts_as_running_meanwhile(restarts, engine):
    await restarts.expect_running(UUID, ALWAYS)
    assert not await restarts.review(engine.document(), at_once=False)
    assert await restarts.review(engine.ends(), at_once=False)
    await engine.does("start")


async def test_what_a_command_stopped_stays_down(restarts, engine):
    await restarts.expect_running(UUID, ALWAYS)
    assert await restarts.review(engine.ends(), at_once=False)
    await restarts.expect_stopped(UUID)
    assert not await restarts.review(engine.document(), at_once=True)
    await asyncio.sleep(0)
    assert engine.calls == []


async def test_what_somebody_starts_by_hand_goes_back(restarts, engine):
    await restarts.expect_running(UUID, ALWAYS)
    await restarts.expect_stopped(UUID)
    assert not await restarts.review(engine.document(), at_once=False)
    await engine.does("stop")


async def test_a_maximum_counts_failed_starts_too_and_then_the_end_is_told(tmp_path, engine):
    told = asyncio.Event()

    async def gave_up(_id):
        told.set()

    restarts = Restarts(WantedStates(tmp_path), engine, nothing, gave_up, open_lease())
    await restarts.expect_running(UUID, RestartPolicy(name="on-failure", maximum_retry_count=2))
    engine.after_start = iter([CommandFailed("no"), CommandFailed("no")])
    assert await restarts.review(engine.ends(1), at_once=False)
    async with asyncio.timeout(20):
        await told.wait()
    assert engine.calls == ["start", "start"]
    assert not await restarts.review(engine.document(), at_once=True), "neither after a restart of the engine"


async def test_an_end_while_it_is_being_started_is_not_lost(restarts, engine):
    """The event may come before the answer to the start."""
    await restarts.expect_running(UUID, ALWAYS)

    async def start(_id):
        engine._note("start")
        engine.running = len(engine.calls) == 2
        if len(engine.calls) == 1:
            assert await restarts.review(engine.document(), at_once=False)

    engine.start = start
    assert await restarts.review(engine.ends(), at_once=False)
    await engine.does("start", "start")


async def test_an_engine_that_went_away_is_not_pressed(restarts, engine):
    await restarts.expect_running(UUID, ALWAYS)
    engine.after_start = iter([EngineGone("away")])
    assert await restarts.review(engine.ends(), at_once=False)
    await engine.does("start")
    async with asyncio.timeout(20):
        while engine.calls != ["start", "start"]:
            await restarts.review(engine.document(), at_once=True)
            await asyncio.sleep(0)
    assert engine.running


async def test_policies_of_the_first_release_are_taken_over_from_the_engine(restarts, engine):
    engine.policy = "always"
    assert not await restarts.review(engine.document(), at_once=True)
    assert (engine.calls, engine.policy) == (["never"], "no")
    assert await restarts.review(engine.ends(), at_once=True)
    await engine.does("never", "start")


@pytest.mark.parametrize("name", ["/copy", f"/{UUID[:8]}"])
async def test_copies_and_what_nobody_spoke_of_are_left_alone(restarts, engine, name):
    assert not await restarts.review(engine.document(), at_once=True)
    assert not await restarts.review(engine.ends(1), at_once=True)
    engine.name, engine.policy = name, "always"
    assert not await restarts.review(engine.document(), at_once=True)
    assert engine.calls == []
