# SPDX-License-Identifier: Apache-2.0
"""Damp the health of containers that change it again and again. Pure.

After three changes in ten minutes a container that becomes unhealthy stays so for a minute. If it becomes so again
within ten minutes after that, it stays so for two, and so on up to ten. To become unhealthy never waits: what does not
answer gets no requests.
"""

from __future__ import annotations

from typing import Any

from orca.orchestration.health.states import HEALTHY, UNHEALTHY

WINDOW = 600_000
"""Milliseconds in which changes are counted."""
FLIPS = 3
"""The number of changes from which on a container is held."""
FIRST, LONGEST = 60_000, 600_000
"""How long a container is held at first, and at most (milliseconds)."""

Flaps = dict[str, Any]
"""``flips``: the times of the last changes; ``hold``: how long it was held last; ``until``: until when. All in UTC
milliseconds or milliseconds.
"""

WORDS = frozenset({HEALTHY, UNHEALTHY})


def after_change(known: Flaps | None, before: str | None, now_is: str | None, now: int) -> Flaps | None:
    """What is known after a container's health changed; None if it has not changed lately."""
    known = known or {}
    flips = [at for at in known.get("flips", ()) if at > now - WINDOW]
    if before in WORDS and now_is in WORDS:
        flips = [*flips, now][-FLIPS:]
    lately = "until" in known and known["until"] + WINDOW > now
    held = {name: known[name] for name in ("hold", "until")} if lately else {}
    if now_is == UNHEALTHY and flips and (held or len(flips) == FLIPS):
        hold = min(2 * held["hold"], LONGEST) if held else FIRST
        held = {"hold": hold, "until": now + hold}
    return {"flips": flips, **held} if flips or held else None


def held_until(known: Flaps | None, now: int) -> int | None:
    """Until when a container stays unhealthy whatever is reported; None: it is not held."""
    until: int | None = (known or {}).get("until")
    return until if until is not None and until > now else None
