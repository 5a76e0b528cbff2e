# SPDX-License-Identifier: Apache-2.0
"""How containers, services and stacks are."""

import pytest

from orca.orchestration.health.states import combined, of_checkers, of_container, of_service, timeout_of, with_engine


@pytest.mark.parametrize(
    ("present", "reports", "expected"),
    [
        ("initializing", ["down", "down"], "initializing"),
        ("reinitializing", ["down"], "reinitializing"),
        ("initializing", ["down", "up"], "healthy"),
        ("healthy", ["down", "up"], "healthy"),
        ("healthy", ["down", "down"], "unhealthy"),
        ("healthy", ["down", None], "unhealthy"),
        ("healthy", ["unknown", None], "healthy"),
        ("unhealthy", ["up", "down"], "healthy"),
        ("healthy", [], "healthy"),
    ],
)
def test_reports(present, reports, expected):
    assert of_checkers(present, reports) == expected


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], "healthy"),
        (["healthy", "started-once"], "healthy"),
        (["started-once"], "started-once"),
        (["unhealthy"], "unhealthy"),
        (["healthy", "unhealthy"], "degraded"),
        (["degraded", "healthy"], "degraded"),
        (["initializing", "healthy"], "initializing"),
        (["reinitializing", "healthy"], "reinitializing"),
    ],
)
def test_parts(states, expected):
    assert combined(states) == expected


def test_services():
    assert of_service("inactive", ["healthy"], 0) == "unhealthy"
    assert of_service("activating", [], 2) == "initializing"
    assert of_service("active", ["healthy"], 1) == "degraded"
    assert of_service("active", [], 1) == "unhealthy"


def test_containers():
    assert of_container("running", None, once=False) == "healthy"
    assert of_container("running", "unhealthy", once=False) == "unhealthy"
    assert of_container("stopped", None, once=True) == "started-once"
    assert of_container("starting", None, once=False) == "initializing"
    assert timeout_of({"reinitializingTimeout": 5}, "reinitializing") == 5
    assert timeout_of({}, "initializing") is None


@pytest.mark.parametrize(
    ("present", "checkers", "engine", "expected"),
    [
        ("healthy", "healthy", None, "healthy"),
        ("healthy", "healthy", "unhealthy", "unhealthy"),
        ("initializing", "initializing", "unhealthy", "unhealthy"),
        ("initializing", "initializing", "healthy", "initializing"),
        ("healthy", "unhealthy", "healthy", "unhealthy"),
        ("unhealthy", "healthy", "healthy", "healthy"),
        ("initializing", "healthy", "starting", "initializing"),
        ("unhealthy", "initializing", "starting", "initializing"),
        (None, None, "starting", "initializing"),
        ("unhealthy", None, "starting", "reinitializing"),
        ("initializing", None, "healthy", "healthy"),
        ("healthy", None, "unhealthy", "unhealthy"),
        ("healthy", None, None, "healthy"),
    ],
)
def test_the_engine_has_a_word_too(present, checkers, engine, expected):
    assert with_engine(present, checkers, engine) == expected
