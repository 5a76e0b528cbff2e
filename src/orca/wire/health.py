# SPDX-License-Identifier: Apache-2.0
"""What hosts report about the health of containers (docs/architecture/wire.md, "Health").

Only edges travel: a checker reports a verdict when it changes. Times are UTC milliseconds.
"""

from typing import Literal

import msgspec

from .commands import Message

CheckState = Literal["up", "down", "unknown"]
EngineState = Literal["starting", "healthy", "unhealthy"]


class CheckEdge(Message):
    """The verdict of one check changed at ``at``.

    ``check`` is the key of the config item ``check/<check>``, ``start`` the ``start`` that the item had: an edge about
    an earlier start of the container changes nothing. ``unknown``: the checker does not judge for now, as its own loop
    is late or its link to the container's host is not proven. ``reason`` is the last failure in words.
    """

    check: str
    state: CheckState
    at: int
    start: int = 0
    reason: str | None = None


class EngineHealth(Message):
    """The engine's own ``HEALTHCHECK`` of a container changed at ``at``; ``reason`` is the command's last output.

    ``uuid`` is the instance's, ``started_at`` the start of the container that the engine checked.
    """

    uuid: str
    state: EngineState
    at: int
    started_at: int | None = None
    reason: str | None = None


class HealthChange(Message):
    """Data of ``health.change``: edges of one moment in one message.

    ``complete``: these are all verdicts that the host has; a check that is not listed has none yet.
    """

    checks: list[CheckEdge] = msgspec.field(default_factory=list)
    containers: list[EngineHealth] = msgspec.field(default_factory=list)
    complete: bool = False
