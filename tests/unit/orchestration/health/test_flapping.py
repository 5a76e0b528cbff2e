# SPDX-License-Identifier: Apache-2.0
"""Health that changes again and again is held."""

from __future__ import annotations

import itertools

from orca.orchestration.health import flapping

MINUTE = 60_000


def change(flaps, words, at):
    """Go through changes of health, each at its time; return what is known at the end."""
    for (before, after), now in zip(itertools.pairwise(words), at, strict=True):
        flaps = flapping.after_change(flaps, before, after, now)
    return flaps


def test_two_changes_hold_nobody():
    flaps = change(None, ["healthy", "unhealthy", "healthy"], [0, 1000])
    assert flapping.held_until(flaps, 1000) is None


def test_the_third_holds_for_a_minute_and_each_further_one_twice_as_long():
    flaps = change(None, ["healthy", "unhealthy", "healthy", "unhealthy"], [1, 2, 3])
    assert flapping.held_until(flaps, 4) == 3 + MINUTE
    assert flapping.held_until(flaps, 3 + MINUTE) is None
    held = []
    now = 3
    for _ in range(5):
        now = flaps["until"]
        flaps = flapping.after_change(flaps, "unhealthy", "healthy", now)
        assert flapping.held_until(flaps, now) is None, "who is healthy is not held"
        flaps = flapping.after_change(flaps, "healthy", "unhealthy", now + 1)
        held.append((flaps["until"] - now - 1) // MINUTE)
    assert held == [2, 4, 8, 10, 10]


def test_changes_count_for_ten_minutes():
    flaps = change(None, ["healthy", "unhealthy", "healthy"], [0, 1])
    flaps = flapping.after_change(flaps, "healthy", "unhealthy", 10 * MINUTE)
    assert flapping.held_until(flaps, 10 * MINUTE) is None


def test_what_a_start_brings_is_no_change():
    words = ["initializing", "healthy", "reinitializing", "unhealthy", "reinitializing", "healthy"]
    assert change(None, words, range(5)) is None
