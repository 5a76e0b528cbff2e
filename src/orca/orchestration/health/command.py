# SPDX-License-Identifier: Apache-2.0
"""What the engine's own check of a container, a command inside it, may ask for. Pure.

Source: ``HealthConfig`` of Docker's API, and what its daemon refuses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from orca.orchestration.health.terms import LEAST_INTERVAL

NONE, SHELL = "NONE", "CMD-SHELL"
COMMANDS = ("CMD", SHELL)
MOST_MS = 86_400_000
MOST_RETRIES = 1000
WORDS = 1000
"""Most words of a command."""

_TIMES = {"interval": LEAST_INTERVAL, "startInterval": LEAST_INTERVAL, "timeout": 1, "startPeriod": 1}
"""The least milliseconds of each; 0 stands for what the image, or else the engine, says."""


def wrong(check: Mapping[str, Any]) -> str | None:
    """Why no engine can make such an ``engineHealthCheck``, with the cure; None if it can."""
    return next(_reasons(check), None)


def _reasons(check: Mapping[str, Any]) -> Iterator[str]:
    test = check.get("test") or []
    if test and test[0] not in (NONE, *COMMANDS):
        yield f"test: {str(test[0])[:80]!r} is none of {NONE}, {' and '.join(COMMANDS)}, with which it begins"
    if test and (test[0] in COMMANDS) != (len(test) > 1):
        yield f"test: a command follows after {' or '.join(COMMANDS)}, and nothing after {NONE}"
    if len(test) > WORDS:
        yield f"test: a command has at most {WORDS} words"
    for field, least in _TIMES.items():
        value = check.get(field) or 0
        if value and not least <= value <= MOST_MS:
            yield f"{field}: {value} ms is not between {least} ms and {MOST_MS} ms"
    if not 0 <= (check.get("retries") or 0) <= MOST_RETRIES:
        yield f"retries: {check['retries']} is not between 1 and {MOST_RETRIES}"
