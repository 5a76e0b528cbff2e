# SPDX-License-Identifier: Apache-2.0
"""How often somebody may be wrong."""

from __future__ import annotations

import pytest

from orca.provision.people import throttle
from orca.provision.people.throttle import Throttle


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def counted(clock: Clock) -> Throttle:
    return Throttle(clock)


def test_a_few_failures_are_free_then_each_costs_twice_the_last(counted: Throttle, clock: Clock) -> None:
    waits = []
    for _ in range(9):
        clock.now += counted.wait("admin", "192.0.2.1")
        counted.attempt("admin", "192.0.2.1")
        waits.append(counted.wait("admin", "192.0.2.1"))
    assert waits == [0, 0, 0, 0, 10, 20, 40, 80, 160]


def test_there_is_a_longest_wait_and_an_end(counted: Throttle, clock: Clock) -> None:
    for _ in range(40):
        counted.attempt("admin", "192.0.2.1")
    assert counted.wait("admin", "192.0.2.1") == throttle.MOST
    clock.now += throttle.FORGET + 1
    counted.attempt("admin", "192.0.2.1")
    assert counted.wait("admin", "192.0.2.1") == 0


def test_another_name_and_another_address_wait_later(counted: Throttle) -> None:
    for _ in range(throttle.FREE["both"]):
        counted.attempt("admin", "192.0.2.1")
    assert counted.wait("admin", "192.0.2.1") > 0
    assert counted.wait("admin", "192.0.2.2") == 0
    assert counted.wait("other", "192.0.2.1") == 0
    for number in range(throttle.FREE["name"]):
        counted.attempt("admin", f"198.51.100.{number}")
    assert counted.wait("admin", "192.0.2.2") > 0
    for number in range(throttle.FREE["address"]):
        counted.attempt(f"name {number}", "192.0.2.1")
    assert counted.wait("other", "192.0.2.1") > 0


def test_being_right_costs_nothing_and_forgives(counted: Throttle) -> None:
    for _ in range(200):
        counted.attempt("admin", "192.0.2.1")
        counted.succeeded("admin", "192.0.2.1")
    assert counted.wait("admin", "192.0.2.1") == 0


def test_strangers_cannot_fill_the_memory(counted: Throttle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "MAX_ENTRIES", 10)
    for number in range(100):
        counted.attempt(f"name {number}", f"address {number}")
    assert len(counted._failures) <= 10
