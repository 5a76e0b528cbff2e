# SPDX-License-Identifier: Apache-2.0
"""Balancers on hosts (docs/architecture/wire.md, "Balancers"): what the server asks about them, and what they report.

``instance`` is the uuid of a balancer's container. ``target`` is the key of a target in the config items
``targets/<instance>/<backend>``. Times are UTC milliseconds.
"""

from typing import Literal

import msgspec

from .commands import Message

TargetState = Literal["up", "down", "drain"]
Section = Literal["global", "defaults"]


class Drain(Message):
    """Data of ``balancer.drain``: no new request goes to the target, and its connections end.

    The agent replies when none is left. After ``timeout`` milliseconds it closes those that are.
    """

    instance: str
    target: str
    timeout: int


class Drained(Message):
    """Reply to ``balancer.drain``; ``left`` counts the connections that the agent closed."""

    left: int = 0


class LookAtBalancer(Message):
    """Data of ``balancer.stats``."""

    instance: str


class TargetFigures(Message):
    """What one target did since HAProxy began with it; ``sessions`` are open now.

    ``requests`` are connections where HAProxy does not speak HTTP. ``errors`` are connections and answers that failed.
    """

    state: TargetState
    sessions: int = 0
    requests: int = 0
    errors: int = 0
    bytes_in: int = 0
    bytes_out: int = 0


class BalancerFigures(Message):
    """Reply to ``balancer.stats``: by backend and target."""

    backends: dict[str, dict[str, TargetFigures]] = msgspec.field(default_factory=dict)


class TargetEdge(Message):
    """A balancer's own check of a target changed its mind at ``at``; ``reason`` is the last failure in words."""

    instance: str
    backend: str
    target: str
    state: Literal["up", "down"]
    at: int
    reason: str | None = None


class Refusal(Message):
    """HAProxy refuses the configuration of a balancer since ``at`` and runs on with the last good one.

    ``reason`` has its words; None: the refusal is over. ``section`` and ``line`` name the place in the user's text, as
    far as it is there.
    """

    instance: str
    at: int
    reason: str | None = None
    section: Section | None = None
    line: int | None = None


class BalancerReport(Message):
    """Data of ``balancer.report``: edges of one moment in one message.

    ``complete``: these are all targets that are down, and all refusals; everything else is well.
    """

    targets: list[TargetEdge] = msgspec.field(default_factory=list)
    refusals: list[Refusal] = msgspec.field(default_factory=list)
    complete: bool = False
