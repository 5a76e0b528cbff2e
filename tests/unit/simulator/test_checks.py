# SPDX-License-Identifier: Apache-2.0
"""The checks of simulated hosts: what they find, how long that takes, and that hosts see the same containers."""

import pytest

from orca import wire
from orca.simulator.faults import NONE, Faults
from orca.simulator.host import Agent, Host, Wellness
from orca.wire import names

SICK = Faults(fails_after=0)


class Bed:
    """Two hosts, of which both check what runs on the first."""

    def __init__(self):
        self.wellness = Wellness()
        self.agents = [Agent(Host(name, "192.0.2.1", wellness=self.wellness)) for name in ("h1", "h2")]
        self.now = 1000

    def ask(self, number, name, message, faults=NONE):
        self.agents[number].receive(wire.Event.request(name, message), self.now, faults)

    def start(self, key="1", faults=NONE, **fields):
        given = {"uuid": "u1", "name": "web", "image": "ok", **fields}
        self.ask(0, names.ACTIVATE, wire.Activate(key=key, instance=wire.Instance(**given)), faults)

    def item(self, number, description):
        item = wire.ConfigItem(name=f"check/c{number}", version=1, description=description)
        self.ask(number, names.CONFIG_UPDATE, wire.ConfigUpdate(items=[item]))

    def check(self, start=1):
        for number in (0, 1):
            self.item(number, {"instance": "u1", "start": start, "interval": 100, "rise": 2, "fall": 3})

    def later(self, milliseconds=0):
        self.now += milliseconds
        for agent in self.agents:
            agent.pass_time(self.now)

    def said(self):
        """What the hosts said about health since the last time."""
        found = []
        for agent in self.agents:
            for event, _ in agent.take():
                if event.name == names.HEALTH_CHANGE:
                    change = event.read(wire.HealthChange)
                    found += [(edge.check, edge.start, edge.state, edge.reason) for edge in change.checks]
                    found += [(each.uuid, each.state, each.reason) for each in change.containers]
        return found


@pytest.fixture
def bed():
    return Bed()


def test_a_container_is_up_after_as_many_checks_as_it_takes(bed):
    bed.start()
    bed.check()
    bed.later(199)
    assert bed.said() == []
    bed.later(1)
    assert bed.said() == [("c0", 1, "up", None), ("c1", 1, "up", None)]
    bed.later(10_000)
    assert bed.said() == [], "only edges are told"


def test_every_host_notices_that_it_fails_and_recovers(bed):
    bed.start()
    bed.check()
    bed.later(200)
    bed.said()
    bed.wellness.set("u1", "no", bed.now)
    bed.later(299)
    assert bed.said() == []
    bed.later(1)
    assert bed.said() == [("c0", 1, "down", "no"), ("c1", 1, "down", "no")]
    bed.wellness.set("u1", None, bed.now)
    bed.wellness.set("u1", "no", bed.now)
    bed.later(1000)
    assert bed.said() == [], "too short to be noticed"
    bed.item(0, None)
    bed.wellness.set("u1", None, bed.now)
    bed.later(1000)
    assert bed.said() == [("c1", 1, "up", None)], "an item that is gone is no check"


def test_the_other_host_learns_when_something_is_due(bed):
    called = []
    bed.start()
    bed.check()
    bed.later(200)
    bed.agents[1].host.clock.earlier = lambda: called.append(bed.agents[1].host.clock.due)
    bed.wellness.set("u1", "no", bed.now)
    assert called == [bed.now + 300]


def test_a_fault_lets_it_fail_until_it_is_started_again(bed):
    bed.start(faults=SICK)
    bed.check()
    bed.later()
    bed.later(300)
    assert {state for *_, state, _ in bed.said()} == {"down"}
    bed.ask(0, names.DEACTIVATE, wire.Deactivate(key="2", uuid="u1"))
    bed.start(key="3")
    bed.check(start=2)
    bed.later(200)
    assert bed.said() == [("c0", 2, "up", None), ("c1", 2, "up", None)]


def test_the_engines_own_check(bed):
    check = wire.EngineCheck(test=["CMD", "true"], interval=50, retries=2)
    bed.start(engine_check=check)
    assert bed.said() == [("u1", "starting", None)]
    bed.later(50)
    assert bed.said() == [("u1", "healthy", None)]
    bed.wellness.set("u1", "no", bed.now)
    bed.later(100)
    assert bed.said() == [("u1", "unhealthy", "no")]
    bed.start(key="2", uuid="u2", engine_check=wire.EngineCheck(test=["NONE"], interval=50))
    bed.later(1000)
    assert bed.said() == []


def test_a_host_that_checks_nothing_says_nothing():
    bed = Bed()
    for agent in bed.agents:
        agent.stop()
    bed.agents = [Agent(Host("h1", "192.0.2.1")), Agent(Host("h2", "192.0.2.2"))]
    bed.start(faults=SICK, engine_check=wire.EngineCheck(test=["CMD", "true"]))
    bed.check()
    bed.later(10_000)
    assert bed.said() == []
