# SPDX-License-Identifier: Apache-2.0
"""Failures are remembered for two intervals, by pair of hosts."""

from __future__ import annotations

from orca.orchestration.health.paths import Failure, Pair, Paths

AB, AC = Pair(1, 2), Pair(1, 3)


def test_failures_of_two_intervals_count_together():
    paths = Paths()
    assert paths.note([Failure(AB, 10, 1000)], 0) == {AB: {10}}
    assert paths.note([Failure(AB, 11, 1000), Failure(AC, 20, 1000)], 1999) == {AB: {10, 11}, AC: {20}}
    assert paths.note([Failure(AB, 12, 1000)], 2000) == {AB: {11, 12}}
    assert paths.note([], 10_000) == {}
