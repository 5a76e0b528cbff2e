# SPDX-License-Identifier: Apache-2.0
"""What a checker says of what it found, and when it says that it cannot judge."""

import pytest

from orca.agent.checks.lines import Said
from orca.agent.checks.verdicts import EARLY, NO_WAY, NOT_ON_TIME, SILENT, Verdicts
from orca.hoststate.plan.haproxy import Server

OWN, FAR = "h1", "h2"
NEVER = float("-inf")


def item(host=OWN, start=1):
    return {"host": host, "start": start, "interval": 1000, "timeout": 1000, "fall": 2}


def said(uuid, up, start=1, reason=""):
    return Said(Server("tcp-2000", f"{uuid}_{start}_00000000"), up, reason)


@pytest.fixture
def verdicts():
    made = Verdicts(OWN)
    made.want({"near": item(), "far": item(FAR)})
    return made


def judged(verdicts, now, late_until=NEVER, proven=None):
    found = verdicts.judge(now, late_until, proven or {}, int(now * 1000))
    return [(edge.check, edge.state, edge.reason) for edge in found]


def test_only_changes_are_told(verdicts):
    verdicts.find(said("near", True), 10.0)
    assert judged(verdicts, 10.0) == [("near", "up", None)]
    verdicts.find(said("near", True), 11.0)
    assert judged(verdicts, 11.0) == []
    verdicts.find(said("near", False, reason="HTTP 503"), 12.0)
    assert judged(verdicts, 12.0) == [("near", "down", "HTTP 503")]
    assert verdicts.edges["near"].at == 12_000


def test_a_failure_elsewhere_counts_once_the_way_is_proven_after_it(verdicts):
    verdicts.find(said("far", False, reason="connection refused"), 10.0)
    assert verdicts.doubted() == {FAR}
    assert judged(verdicts, 10.0, proven={FAR: 9.9}) == [], "that probe was sent before the failure"
    assert judged(verdicts, 10.1, proven={FAR: 10.05}) == [("far", "down", "connection refused")]
    assert verdicts.doubted() == set()


def test_without_a_way_nobody_is_condemned_and_the_failure_is_looked_at_again(verdicts):
    verdicts.find(said("far", True), 9.0)
    judged(verdicts, 9.0)
    verdicts.find(said("far", False, reason="timeout after 1 s"), 10.0)
    (edge,) = verdicts.no_way(FAR, 11_000)
    assert (edge.state, edge.reason) == ("unknown", NO_WAY)
    assert verdicts.no_way(FAR, 12_000) == [], "it is told once"
    assert verdicts.doubted() == {FAR}
    assert judged(verdicts, 60.0, proven={FAR: 59.9}) == [("far", "down", "timeout after 1 s")]


def test_a_good_check_needs_no_proof(verdicts):
    verdicts.find(said("far", False), 10.0)
    verdicts.no_way(FAR, 11_000)
    verdicts.find(said("far", True), 12.0)
    assert judged(verdicts, 12.0) == [("far", "up", None)]


def test_a_late_checker_waits_for_as_many_checks_on_time_as_it_takes(verdicts):
    verdicts.find(said("near", True), 1.0)
    judged(verdicts, 1.0)
    verdicts.find(said("near", False, reason="timeout after 1 s"), 10.0)
    assert judged(verdicts, 10.0, late_until=9.0) == [("near", "unknown", NOT_ON_TIME)]
    assert judged(verdicts, 11.9, late_until=9.0) == []
    assert judged(verdicts, 12.1, late_until=9.0) == [("near", "down", "timeout after 1 s")]


def test_a_late_checker_that_was_wrong_takes_nothing_back(verdicts):
    verdicts.find(said("near", False), 10.0)
    assert judged(verdicts, 10.0, late_until=10.0) == [("near", "unknown", NOT_ON_TIME)]
    verdicts.find(said("near", True), 11.0)
    assert judged(verdicts, 11.0, late_until=10.0) == [("near", "up", None)]
    assert judged(verdicts, 99.0) == []


def test_a_silent_checker_knows_nothing_until_it_answers(verdicts):
    verdicts.find(said("near", True), 10.0)
    judged(verdicts, 10.0)
    (edge,) = verdicts.silent(13_000)
    assert (edge.check, edge.state, edge.reason) == ("near", "unknown", SILENT)
    assert verdicts.silent(14_000) == []
    assert verdicts.news("near_1_00000000", True), "its state is taken again"
    verdicts.find(said("near", True), 15.0)
    assert judged(verdicts, 15.0) == [("near", "up", None)]


def test_a_new_start_begins_again_and_the_earlier_one_has_no_word(verdicts):
    verdicts.find(said("near", True), 10.0)
    judged(verdicts, 10.0)
    verdicts.want({"near": item(start=2)})
    assert verdicts.edges == {}
    verdicts.find(said("near", False, start=1), 11.0)
    assert judged(verdicts, 11.0) == []
    verdicts.find(said("near", True, start=2), 12.0)
    assert judged(verdicts, 12.0) == [("near", "up", None)]
    verdicts.find(said("near", False, start=1), 13.0)
    assert judged(verdicts, 13.0) == []
    assert verdicts.edges["near"].start == 2


def test_what_is_found_before_its_item_is_in_effect_waits_for_it():
    verdicts = Verdicts(OWN)
    verdicts.find(said("new", True), 1.0)
    assert judged(verdicts, 1.0) == []
    verdicts.want({"new": item()})
    assert judged(verdicts, 1.1) == [("new", "up", None)]


def test_what_waits_for_items_is_bounded(verdicts):
    for number in range(EARLY * 2):
        verdicts.find(said(f"u{number}", True), 1.0)
    verdicts.find(said("near", True), 2.0)
    assert judged(verdicts, 2.0) == [("near", "up", None)]
    verdicts.want({f"u{number}": item() for number in range(EARLY * 2)})
    assert len(judged(verdicts, 3.0)) <= EARLY + 2


def test_a_check_that_ends_is_forgotten(verdicts):
    verdicts.find(said("near", True), 1.0)
    judged(verdicts, 1.0)
    verdicts.want({})
    assert verdicts.edges == {}
    assert verdicts.silent(2000) == []
