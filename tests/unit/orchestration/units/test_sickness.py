# SPDX-License-Identifier: Apache-2.0
"""Who is replaced for its health, and when the next may follow."""

from __future__ import annotations

from types import SimpleNamespace as Row

import pytest

from orca.orchestration.units import sickness

MINUTE = 60_000


def service(**known):
    return Row(**{"replacedAt": None, "replacingSince": None, "replacements": None} | known)


def container(created, health="unhealthy", **fields):
    given = {"created": created, "started": created, "state": "running", "healthState": health, "healthCheck": {}}
    given |= {"checkersHealth": None, "engineHealth": None, "engineHealthCheck": None, "lost": None}
    return Row(**{**given, **fields})


@pytest.mark.parametrize(
    ("checkers", "engine", "strategies", "sick"),
    [
        ("unhealthy", None, {}, True),
        ("unhealthy", None, {"healthCheck": {"port": 1, "strategy": "none"}}, False),
        ("healthy", "unhealthy", {}, True),
        ("healthy", "unhealthy", {"healthCheck": {"port": 1, "strategy": "none"}}, True),
        ("healthy", "unhealthy", {"engineHealthCheck": {"strategy": "none"}}, False),
        ("unhealthy", "unhealthy", {"engineHealthCheck": {"strategy": "none"}}, True),
        ("unhealthy", "healthy", {"engineHealthCheck": {"strategy": "none"}}, True),
        # Held for its flapping, while both find it well.
        ("healthy", "healthy", {"healthCheck": {"port": 1, "strategy": "none"}}, True),
        ("healthy", None, {"healthCheck": {"port": 1, "strategy": "none"}}, False),
    ],
)
def test_each_check_has_its_strategy(checkers, engine, strategies, sick):
    found = {"checkersHealth": checkers, "engineHealth": engine and {"state": engine}, "healthCheck": {"port": 1}}
    assert sickness.is_sick(container(0, **{**found, **strategies}), 1) is sick


def test_the_first_replacement_does_not_wait():
    assert sickness.waits_until(service(), [container(0)], 5) is None
    assert sickness.replaced(service(), [container(0)], [container(0)], 5) == {
        "replacedAt": 5,
        "replacingSince": 5,
        "replacements": 0,
    }


def test_replacements_in_vain_wait_twice_as_long_each_time():
    row = service()
    waits = []
    now = 1000
    for _ in range(8):
        vars(row).update(sickness.replaced(row, [], [container(now)], now))
        until = sickness.waits_until(row, [container(now)], now)
        waits.append((until - now) // 1000)
        now = until
    assert waits == [10, 20, 40, 80, 160, 320, 600, 600]


def test_one_replacement_after_the_other_is_one_run():
    row = service(**sickness.replaced(service(), [], [container(0)], 1000))
    coming = container(1001, "initializing")
    assert sickness.comes_until(row, coming, 2000) == 1001 + MINUTE
    vars(row).update(sickness.replaced(row, [coming], [container(0)], 2000))
    assert (row.replacingSince, row.replacedAt) == (1000, 2000)
    assert sickness.comes_until(row, coming, 2001) == 1001 + MINUTE, "also after the next one"
    assert sickness.comes_until(row, container(1001, "healthy"), 2001) is None
    assert sickness.comes_until(row, container(0, "initializing"), 2001) is None, "no replacement"
    assert sickness.comes_until(row, coming, 1001 + MINUTE) is None, "it had its time"


def test_a_run_is_over_when_nobody_fails_for_long():
    row = service(replacedAt=0, replacingSince=0, replacements=7)
    assert sickness.waits_until(row, [container(1)], 5 * MINUTE) == 10 * MINUTE
    assert sickness.waits_until(row, [container(1)], 11 * MINUTE) is None
    assert sickness.replaced(row, [], [container(1)], 11 * MINUTE)["replacements"] == 0
