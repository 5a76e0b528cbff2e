# SPDX-License-Identifier: Apache-2.0
"""The pretended host by itself: what goes wrong where it is asked to, and what passes with time.

That it answers as the real agent does is shown in tests/unit/agent/test_pretended.py.
"""

import pytest

from orca import wire
from orca.simulator.faults import NONE, Faults
from orca.simulator.host import Agent, Host
from orca.wire import names


class Bed:
    """One host with one agent, at a time that stands still until it is let pass."""

    def __init__(self, **options):
        self.host = Host("h1", "192.0.2.1")
        self.agent = Agent(self.host, **options)
        self.now = 1000

    def ask(self, name, message, faults=NONE):
        event = wire.Event.request(name, message)
        self.agent.receive(event, self.now, faults)
        return event

    def start(self, key="1", faults=NONE, **fields):
        given = {"uuid": "u1", "name": "web", "image": "ok", **fields}
        return self.ask(names.ACTIVATE, wire.Activate(key=key, instance=wire.Instance(**given)), faults)

    def later(self, milliseconds=0):
        self.now += milliseconds
        self.agent.pass_time(self.now)

    def said(self):
        """What was said since the last time: how each event ends, or what a report shows."""
        return [
            event.transitioning or "done"
            if event.previous_ids
            else (event.data.get("status"), event.data["state"], asked)
            for event, asked in self.agent.take()
        ]

    def states(self):
        return [container.state for container in self.host.room.containers.values()]


@pytest.fixture
def bed():
    return Bed()


STARTED = [("create", "created", True), ("start", "running", True), "done"]


def test_a_start_pulls_once(bed):
    bed.start()
    assert bed.said() == ["yes", *STARTED]
    bed.start(key="2", uuid="u2")
    assert bed.said() == STARTED


def test_a_slow_pull_takes_its_time(bed):
    bed.start(faults=Faults(pull=300))
    bed.later(299)
    assert bed.said() == ["yes"]
    assert bed.host.clock.due == bed.now + 1
    bed.later(1)
    assert bed.said() == STARTED


def test_every_answer_comes_after_the_delay():
    bed = Bed(delay=50)
    bed.ask(names.PING, None)
    bed.start(faults=Faults(refused=True))
    assert bed.said() == []
    bed.later(50)
    assert bed.said() == ["done", "error"]
    assert bed.states() == []


def test_an_image_that_is_missing_can_come_to_be_there(bed):
    bed.start(faults=Faults(missing=True))
    assert bed.said() == ["yes", "error"]
    bed.host.room.images.add("ok")
    bed.start(key="2", faults=Faults(missing=True))
    assert bed.said() == STARTED


def test_what_is_asked_twice_is_done_once_and_answered_twice(bed):
    for _ in range(2):
        bed.start(faults=Faults(pull=300))
    bed.later(300)
    assert bed.said() == ["yes", *STARTED, "done"]


def test_commands_about_one_container_follow_each_other(bed):
    bed.start(faults=Faults(pull=300))
    bed.start(key="2")
    bed.start(key="1/other", uuid="u2", image="another")
    assert bed.said() == ["yes", "yes", *STARTED]
    bed.later(300)
    assert bed.said() == [*STARTED, "done"]


def test_a_stop_ends_every_start_before_it(bed):
    bed.start(faults=Faults(hangs=True))
    bed.start(key="2")
    bed.ask(names.DEACTIVATE, wire.Deactivate(key="3", uuid="u1"))
    assert bed.said() == ["yes", "yes", "error", "error", "done"]
    assert bed.states() == []
    assert bed.host.clock.due is None


@pytest.mark.parametrize(
    ("policy", "code", "again"),
    [(None, 1, False), ("always", 0, True), ("on-failure", 0, False), ("on-failure", 1, True)],
)
def test_what_ends_starts_again_by_its_policy(bed, policy, code, again):
    restart = None if policy is None else wire.RestartPolicy(policy)
    bed.start(faults=Faults(ends_after=5000, exit_code=code), restart_policy=restart)
    bed.said()
    bed.later(4999)
    assert bed.states() == ["running"]
    bed.later(1)
    rest = [("die", "running", False), ("start", "running", False)] if again else [("die", "stopped", False)]
    assert bed.said() == rest


def test_what_the_server_stops_is_not_started_again(bed):
    bed.start(restart_policy=wire.RestartPolicy("always"))
    bed.ask(names.DEACTIVATE, wire.Deactivate(key="2", uuid="u1"))
    assert bed.states() == ["stopped"]


def test_one_vanishes_and_another_appears_once_it_was_answered(bed):
    bed.start(faults=Faults(vanishes=True, another="stray"))
    assert bed.said() == ["yes", *STARTED]
    bed.later()
    seen = [("create", "created", False), ("start", "running", False), ("die", "stopped", False)]
    assert bed.said() == [*seen, ("destroy", "removed", False)]
    assert set(bed.host.room.containers) == {"stray"}


def test_what_has_vanished_already_cannot_vanish(bed):
    bed.start(faults=Faults(vanishes=True))
    bed.ask(names.REMOVE, wire.Remove(key="2", uuid="u1"))
    bed.said()
    bed.later()
    assert bed.said() == []


def test_a_silent_agent_says_nothing_but_its_container_runs(bed):
    bed.start(faults=Faults(silences=True))
    assert bed.agent.silent
    assert "done" not in bed.said()
    assert bed.states() == ["running"]


def test_the_host_outlives_its_agent(bed):
    bed.start(faults=Faults(ends_after=1000))
    bed.start(key="2", uuid="u2", image="new", faults=Faults(pull=500))
    bed.agent.stop()
    bed.later(1000)
    assert bed.said() == []
    assert bed.states() == ["stopped"]
    again = Agent(bed.host)
    again.say_hello()
    hello = again.take()[0].event.read(wire.Hello)
    assert [(each.uuid, each.state) for each in hello.containers] == [("u1", "stopped")]


def test_streams_are_refused(bed):
    stream = wire.OpenStream(ticket="t", source=wire.HostStats(resource_id="1h1"))
    bed.ask(names.OPEN_STREAM, stream)
    (said,) = bed.agent.take()
    assert said.event.transitioning_message == "a simulated host has no streams"
