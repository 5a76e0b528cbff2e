# SPDX-License-Identifier: Apache-2.0
"""Which unhealthy containers are replaced, and when: replacements that do not get well either come ever more slowly."""

from __future__ import annotations

from collections.abc import Iterable

from orca.resources import rows

GRACE_MS = 60_000
"""How long a replacement may take to become well before others are replaced beside it."""
PAUSE_MS = (10_000, 600_000)
"""Pause before replacing a replacement (doubled each time), and the longest one."""
OVER_MS = PAUSE_MS[1] + GRACE_MS
"""This long after the last replacement a run of them is over."""
STATES_OF_COMING = frozenset({"requested", "creating", "starting", "restarting", "stopping"})
WAITING = frozenset({"initializing", "reinitializing"})
UNHEALTHY = "unhealthy"


def is_sick(row: rows.Instance, healthy: int) -> bool:
    """True if an unhealthy container must be replaced, as the strategy of a check decides that finds it so.

    ``healthy``: how many containers of the service are healthy. One that waits for its dead host is not replaced.
    """
    if row.healthState != UNHEALTHY or row.lost:
        return False
    by_checkers = row.checkersHealth == UNHEALTHY
    by_engine = (row.engineHealth or {}).get("state") == UNHEALTHY
    if not by_checkers and not by_engine:
        # It flaps, and is held: either may have found it so.
        by_checkers, by_engine = bool(row.healthCheck), bool(row.engineHealth)
    return (by_checkers and _checkers_replace(row, healthy)) or (by_engine and _engine_replaces(row))


def _engine_replaces(row: rows.Instance) -> bool:
    return (row.engineHealthCheck or {}).get("strategy") != "none"


def _checkers_replace(row: rows.Instance, healthy: int) -> bool:
    check = row.healthCheck or {}
    strategy = check.get("strategy") or "recreate"
    if strategy == "recreateOnQuorum":
        return healthy >= ((check.get("recreateOnQuorumStrategyConfig") or {}).get("quorum") or 1)
    return bool(strategy == "recreate")


def waits_until(service: rows.Service | None, sick: Iterable[rows.Instance], now: int) -> int | None:
    """Until when a service replaces nothing, as its last replacements are sick too.

    UTC milliseconds; None: it does not wait.
    """
    if service is None or not _in_vain(service, sick, now):
        return None
    until = (service.replacedAt or 0) + min(PAUSE_MS[0] * 2 ** min(service.replacements or 0, 10), PAUSE_MS[1])
    return until if until > now else None


def comes_until(service: rows.Service | None, row: rows.Instance, now: int) -> int | None:
    """Until when a replacement counts as on its way to be well (UTC milliseconds); None: it does not."""
    if service is None or not _is_replacement(service, row, now):
        return None
    if row.state in STATES_OF_COMING:
        return now + GRACE_MS
    if row.state != "running" or row.healthState not in WAITING:
        return None
    until = (row.started or row.created) + GRACE_MS
    return until if until > now else None


def is_replacing(service: rows.Service, now: int) -> bool:
    """True if units that lack may be those that were removed for their health a moment ago."""
    return service.replacedAt is not None and service.replacedAt + GRACE_MS > now


def replaced(
    service: rows.Service, there: Iterable[rows.Instance], sick: Iterable[rows.Instance], now: int
) -> dict[str, int]:
    """What a service remembers when some of its sick containers are replaced.

    ``replacingSince``: when this run of replacements began, as one follows the other; ``replacedAt``: the last time;
    ``replacements``: how often in a row in vain.
    """
    again = _in_vain(service, sick, now)
    goes_on = again or any(comes_until(service, row, now) is not None for row in there)
    return {
        "replacedAt": now,
        "replacingSince": (service.replacingSince or now) if goes_on else now,
        "replacements": (service.replacements or 0) + again if goes_on else 0,
    }


def _in_vain(service: rows.Service, sick: Iterable[rows.Instance], now: int) -> bool:
    return any(_is_replacement(service, row, now) for row in sick)


def _is_replacement(service: rows.Service, row: rows.Instance, now: int) -> bool:
    """True if a container was made in the present run of replacements."""
    if service.replacedAt is None or service.replacedAt + OVER_MS <= now:
        return False
    return row.created >= (service.replacingSince or service.replacedAt)
