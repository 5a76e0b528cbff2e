# SPDX-License-Identifier: Apache-2.0
"""The health of containers, services and stacks, from that of their parts. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

HEALTHY = "healthy"
UNHEALTHY = "unhealthy"
DEGRADED = "degraded"
INITIALIZING = "initializing"
REINITIALIZING = "reinitializing"
STARTED_ONCE = "started-once"

ALL = (HEALTHY, UNHEALTHY, DEGRADED, INITIALIZING, REINITIALIZING, STARTED_ONCE)

UNDER_WAY = frozenset({"requested", "creating", "starting", "restarting"})
GOOD = frozenset({HEALTHY, STARTED_ONCE})
WAITING = (INITIALIZING, REINITIALIZING)
"""States of a container that nobody has found healthy since it started."""


UP, DOWN = "up", "down"
"""What a checker says; anything else, and nothing, counts for nothing."""


def of_checkers(present: str | None, reports: Collection[str | None]) -> str | None:
    """The health of a container from the last word of each of its checkers.

    It is healthy if any checker says so, unhealthy if all say so that say anything. Before it was first healthy since
    its start, only its timeout makes it unhealthy, not reports.
    """
    if UP in reports:
        return HEALTHY
    bad = DOWN in reports
    return UNHEALTHY if bad and present not in WAITING else present


def with_engine(present: str | None, checkers: str | None, engine: str | None) -> str | None:
    """The health of a container from that by its checkers and the word of the engine's own check.

    It is unhealthy if either says so, and healthy if both do, as far as there are both.

    Args:
        present: its health until now.
        checkers: its health as ``of_checkers`` has it; None: there are none.
        engine: starting, healthy or unhealthy; None: the engine does not check it.
    """
    if UNHEALTHY in (checkers, engine):
        return UNHEALTHY
    if engine is None:
        return checkers or present
    if engine == HEALTHY or checkers in WAITING:
        return checkers or HEALTHY
    return INITIALIZING if present in (None, INITIALIZING) else REINITIALIZING


def of_container(state: str, health: str | None, *, once: bool) -> str:
    """The health of a container for its service; one without a check is healthy while it runs."""
    if state == "running":
        return health or HEALTHY
    if state == "stopped" and once:
        return STARTED_ONCE
    return INITIALIZING if state in UNDER_WAY else UNHEALTHY


def combined(states: Collection[str]) -> str:
    """The health of a whole with such parts; healthy without any."""
    found = set(states)
    if found == {STARTED_ONCE}:
        return STARTED_ONCE
    if found <= GOOD:
        return HEALTHY
    if found == {UNHEALTHY}:
        return UNHEALTHY
    if found & {UNHEALTHY, DEGRADED}:
        return DEGRADED
    return INITIALIZING if INITIALIZING in found else REINITIALIZING


def of_service(state: str, containers: Collection[str], missing: int) -> str:
    """The health of a service with so many units missing."""
    lacking = INITIALIZING if state in ("activating", "upgrading") or state.startswith("updating-") else UNHEALTHY
    if state in ("inactive", "registering", "requested", "deactivating"):
        return UNHEALTHY
    return combined([*containers, *([lacking] if missing > 0 else [])])


def timeout_of(check: dict[str, Any], health: str) -> int | None:
    """Milliseconds a container may take to become healthy; None: no limit."""
    return check.get("initializingTimeout" if health == INITIALIZING else "reinitializingTimeout")
