# SPDX-License-Identifier: Apache-2.0
"""The checker as the agent follows it: its log, its states, and its silence."""

import asyncio
import contextlib

import pytest

from orca.agent.checks import Checker, Reports, checker, clock
from orca.agent.paths import Paths
from orca.hoststate.plan.checks import COMMANDS, FOLLOW
from orca.hoststate.plan.items import CHECK
from orca.wire import HealthChange

OWN, FAR = "h1", "h2"
HEAD = "# be_name srv_name srv_id srv_op_state srv_admin_state srv_check_status srv_check_health"
STAT = "# check_desc,check_code,last_chk,check_duration\nLayer7 wrong status,503,Service Unavailable,1"
DOWN = 'failed, reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms, status: 0/2 DOWN.'
UP = "succeeded, reason: Layer4 check passed, check duration: 0ms, status: 3/3 UP."


class FakeHaproxy:
    """Answers commands and logs, at the paths of the real one."""

    def __init__(self, folder):
        self._folder, self.states, self.asked, self.answers = folder, [], [], True
        self._followers = []

    async def serve(self, reader, writer):
        command = (await reader.readline()).decode().strip()
        self.asked.append(command)
        if command == FOLLOW:
            self._followers.append(writer)
            await reader.read()
        elif self.answers:
            found = {"show servers state": "\n".join(["1", HEAD, *self.states]), "show version": "3.0.11"}
            writer.write(f"{found.get(command, STAT)}\n\n".encode())
        else:
            await reader.read()
        writer.close()

    def log(self, name, text):
        for follower in self._followers:
            follower.write(f"Health check for server tcp-2000/{name} {text}\n".encode())

    @contextlib.asynccontextmanager
    async def running(self):
        async with await asyncio.start_unix_server(self.serve, str(self._folder / COMMANDS)):
            yield self


class Config:
    """The items of two containers, here and elsewhere."""

    revision = 1

    def __init__(self):
        self.reapplied = 0

    def family(self, family):
        item = {"start": 1, "interval": 50, "timeout": 100, "fall": 2}
        return {"near": {**item, "host": OWN}, "far": {**item, "host": FAR}} if family is CHECK else {}

    async def reapply(self, kinds):
        self.reapplied += 1


async def until(condition):
    """Wait until the condition gives something, and return that."""
    while True:
        if found := condition():
            return found
        await asyncio.sleep(0.005)


class World:
    """A checker with its surroundings."""

    def __init__(self, folder):
        (folder / "check/run").mkdir(parents=True)
        self.haproxy, self.config, self.sent = FakeHaproxy(folder / "check"), Config(), []
        self.way = True
        self.reports = Reports(lambda event: self.sent.extend(event.read(HealthChange).checks))
        self.checker = Checker(self.config, Paths(folder), OWN, self.reports.put, self.reaches)

    async def reaches(self, host, seconds):
        assert host == FAR
        await asyncio.sleep(0)
        return asyncio.get_running_loop().time() if self.way else None

    async def told(self, check, state):
        """Wait until this is the last word about a check."""

        def last():
            edge = {edge.check: edge for edge in self.sent}.get(check)
            return edge if edge is not None and edge.state == state else None

        return await until(last)

    async def on_time(self):
        """Wait until the checker has answered and is followed."""
        await until(lambda: self.checker._clock._answers and FOLLOW in self.haproxy.asked)


@pytest.fixture
async def world(tmp_path_factory, monkeypatch):
    monkeypatch.setattr(checker, "ALIVE_SECONDS", 0.02)
    monkeypatch.setattr(checker, "SILENT_SECONDS", 0.2)
    monkeypatch.setattr(clock, "LATE_SECONDS", 30.0)
    made = World(tmp_path_factory.mktemp("host"))
    async with made.haproxy.running(), asyncio.timeout(60):
        tasks = [asyncio.create_task(made.checker.run()), asyncio.create_task(made.reports.run())]
        await made.on_time()
        yield made
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_what_it_logs_is_reported(world):
    world.haproxy.log("near_1_00000000", UP)
    world.haproxy.log("far_1_00000000", UP)
    await world.told("near", "up")
    await world.told("far", "up")
    world.haproxy.log("near_1_00000000", DOWN)
    assert (await world.told("near", "down")).reason == "connection refused"
    world.haproxy.log("far_1_00000000", DOWN)
    assert (await world.told("far", "down")).reason == "connection refused"
    assert {edge.check: edge.state for edge in world.checker.everything} == {"near": "down", "far": "down"}


async def test_without_a_way_it_withholds_judgement_until_there_is_one(world):
    world.way = False
    world.haproxy.log("far_1_00000000", DOWN)
    await world.told("far", "unknown")
    world.way = True
    assert (await world.told("far", "down")).reason == "connection refused"


async def test_a_new_one_gets_its_checks_and_tells_what_it_knows(world):
    await until(lambda: world.config.reapplied)
    world.haproxy.states = [
        "tcp-2000 near_1_00000000 1 0 0 17 0",
        "tcp-2000 far_1_00000000 2 2 0 6 4",
        "tcp-2000 else_1_00000000 3 0 0 1 0",
    ]
    world.checker._compare.set()
    assert (await world.told("near", "down")).reason == "HTTP 503"
    assert "show stat tcp-2000 4 1" in world.haproxy.asked
    await world.told("far", "up")


async def test_one_that_does_not_answer_knows_nothing(world):
    world.haproxy.log("near_1_00000000", UP)
    await world.told("near", "up")
    world.haproxy.answers = False
    await world.told("near", "unknown")
    world.haproxy.log("near_1_00000000", DOWN)
    world.haproxy.answers = True
    await world.told("near", "down")
    assert [edge.state for edge in world.sent if edge.check == "near"] == ["up", "unknown", "down"]


def test_lateness_of_the_loop_and_of_haproxy_is_seen(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(clock.time, "monotonic", lambda: now[0])
    seen = clock.Clock()
    assert seen.late_until == 100.0, "nothing was answered yet"
    seen.asks()
    assert seen.answered()
    seen.asks()
    now[0] += clock.LATE_SECONDS / 2
    assert not seen.answered()
    assert seen.late_until == 100.0
    assert seen.tick() is False
    now[0] += clock.TICK_SECONDS + clock.LATE_SECONDS + 0.1
    assert seen.tick()
    assert seen.late_until == now[0]
    seen.asks()
    now[0] += clock.LATE_SECONDS + 0.1
    assert seen.late_until == now[0], "it has not answered for long"
    seen.missed()
    now[0] += 5
    assert seen.late_until == now[0]
    assert seen.answered()
