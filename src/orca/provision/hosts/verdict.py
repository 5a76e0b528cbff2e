# SPDX-License-Identifier: Apache-2.0
"""Is a silent host dead? Pure: evidence in, verdict out.

A host is dead when its agent is silent and no peer reaches it through the data path. One that its peers reach has lost
its agent only. Nothing moves while more than half of the hosts are silent at once, or while the server itself was late:
then the server, or its network, is the likelier cause.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Liveness = Literal["agent lost", "undecided", "dead"]

AGENT_LOST: Liveness = "agent lost"
UNDECIDED: Liveness = "undecided"
DEAD: Liveness = "dead"

WORDS = 2
"""Peers that must fail to reach a host, where there are so many."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Some hosts, the one in doubt among them: ``silent`` of them are silent at once, of ``hosts``."""

    silent: int
    hosts: int

    @property
    def is_too_much(self) -> bool:
        """True if so many at once are no coincidence."""
        return 2 * self.silent > self.hosts


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a host whose agent is silent.

    ``words``: by peer's name, whether the host answered its probes. ``tried``: whether the host answered the server's
    own try, None without one. ``crowds``: the hosts of its project, and of the server. ``on_time``: the server's own
    loop was.
    """

    words: Mapping[str, bool]
    tried: bool | None
    crowds: tuple[Crowd, ...]
    on_time: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of the host now, and why."""

    liveness: Liveness
    reason: str


def judge(evidence: Evidence) -> Verdict:
    """Decide on a host whose agent is silent."""
    if not evidence.on_time:
        return Verdict(UNDECIDED, "the server itself was late, so that it cannot tell")
    reached = sorted(name for name, answered in evidence.words.items() if answered)
    if reached:
        return Verdict(AGENT_LOST, f"the agent is silent, but {' and '.join(reached)} can reach the host")
    if evidence.tried:
        return Verdict(AGENT_LOST, "the agent is silent, but the server can reach the host's address")
    for crowd in evidence.crowds:
        if crowd.is_too_much:
            return Verdict(UNDECIDED, f"{crowd.silent} of {crowd.hosts} hosts are silent at once, so nothing moves")
    said = sorted(evidence.words)
    if not said:
        return Verdict(UNDECIDED, "the agent is silent, and there is no other host to tell whether the host lives")
    if len(said) < WORDS and evidence.tried is None:
        return Verdict(UNDECIDED, f"only {said[0]} cannot reach the host, which proves nothing")
    others = " and ".join([*said, *(["the server"] if len(said) < WORDS else [])])
    return Verdict(DEAD, f"its agent is silent, and {others} cannot reach it")
