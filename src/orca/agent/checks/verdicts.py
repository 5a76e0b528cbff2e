# SPDX-License-Identifier: Apache-2.0
"""What this host thinks of each check, and what it may say about it. Pure: time comes from the caller.

A good check proves that a container is up. A failed one counts only if the checker could judge: it was on time, and the
way to the container's host is proven by an answered probe that was sent after the failure. Else the verdict is
``unknown``, and the failure is looked at again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from orca.hoststate.plan.checks import identity
from orca.wire import CheckEdge, CheckState

from .lines import Said

EARLY = 1024  # findings kept whose item is not in effect yet

NOT_ON_TIME = "the checker was not on time"
SILENT = "the checker does not answer"
NO_WAY = "the tunnel to the container's host answers no probe"

Items = Mapping[str, Mapping[str, Any]]

_NEVER = float("-inf")


@dataclass(slots=True)
class Finding:
    """What HAProxy last said about one check; ``at`` is in monotonic seconds."""

    start: int
    up: bool
    reason: str
    at: float


@dataclass(slots=True)
class Verdicts:
    """The verdicts of one checker, each about one start of a container."""

    own: str
    """The uuid of this host."""
    edges: dict[str, CheckEdge] = field(default_factory=dict)
    """The present verdicts by check, as the server knows them or is being told."""
    _items: Items = field(default_factory=dict)
    _findings: dict[str, Finding] = field(default_factory=dict)
    _open: dict[str, None] = field(default_factory=dict)
    """Checks whose finding is not judged yet."""

    def want(self, items: Items) -> None:
        """Take the checks of this host, by uuid; forget the others, and earlier starts."""
        for uuid in self._items.keys() - items.keys():
            self._forget(uuid)
        self._items = items
        for uuid in [uuid for uuid, edge in self.edges.items() if edge.start != self._start(uuid)]:
            del self.edges[uuid]

    def news(self, name: str, up: bool) -> bool:
        """True if a server that HAProxy calls ``name`` is in another state than it last said."""
        known = identity(name)
        if known is None:
            return False
        uuid, start = known
        finding = self._findings.get(uuid)
        return finding is None or (finding.start, finding.up) != (start, up)

    def find(self, said: Said, now: float) -> None:
        """Take what HAProxy says about a server."""
        known = identity(said.server.name)
        if known is None or not self.news(said.server.name, said.up):
            return
        uuid, start = known
        before = self._findings.pop(uuid, None)
        if before is not None and before.start > start:
            self._findings[uuid] = before  # an earlier start has its last word
            return
        self._findings[uuid] = Finding(start, said.up, said.reason, now)
        self._open[uuid] = None
        if len(self._findings) > len(self._items) + EARLY:
            self._forget(next(each for each in self._findings if each not in self._items))

    def judge(self, now: float, late_until: float, proven: Mapping[str, float], at: int) -> list[CheckEdge]:
        """Judge what is open, as far as that is possible; return the verdicts that changed.

        Args:
            now: monotonic seconds.
            late_until: until when this checker was late for the last time.
            proven: by host, when the newest probe was sent that was answered.
            at: the time of the verdicts, in UTC milliseconds.
        """
        changed = []
        for uuid in list(self._open):
            item, finding = self._items.get(uuid), self._findings[uuid]
            if item is None or item["start"] != finding.start:
                continue  # its item is coming or going
            series = (item["interval"] * item["fall"] + item["timeout"]) / 1000
            if finding.up:
                del self._open[uuid]
                changed += self._say(uuid, finding.start, "up", at)
            elif finding.at - series < late_until and now < late_until + series:
                # If it still fails after as many checks on time as it takes, it counts.
                changed += self._say(uuid, finding.start, "unknown", at, NOT_ON_TIME)
            elif item["host"] == self.own or proven.get(item["host"], _NEVER) > finding.at:
                del self._open[uuid]
                changed += self._say(uuid, finding.start, "down", at, finding.reason)
        return changed

    def doubted(self) -> set[str]:
        """The other hosts that must answer a probe before a failed check of their containers counts."""
        return {
            str(self._items[uuid]["host"])
            for uuid in self._open
            if uuid in self._items and not self._findings[uuid].up and self._items[uuid]["host"] != self.own
        }

    def no_way(self, host: str, at: int) -> list[CheckEdge]:
        """Withhold judgement where ``host`` answered no probe; return the verdicts that changed."""
        changed = []
        for uuid in self._open:
            finding = self._findings[uuid]
            if not finding.up and self._start(uuid) == finding.start and self._items[uuid]["host"] == host:
                changed += self._say(uuid, finding.start, "unknown", at, NO_WAY)
        return changed

    def silent(self, at: int) -> list[CheckEdge]:
        """Know nothing any more, since HAProxy does not answer; return the verdicts that changed."""
        self._findings.clear()
        self._open.clear()
        return [
            edge
            for uuid, last in list(self.edges.items())
            for edge in self._say(uuid, last.start, "unknown", at, SILENT)
        ]

    def _say(self, uuid: str, start: int, state: CheckState, at: int, reason: str = "") -> list[CheckEdge]:
        before = self.edges.get(uuid)
        if before is not None and (before.start, before.state) == (start, state):
            return []
        self.edges[uuid] = CheckEdge(check=uuid, state=state, at=at, start=start, reason=reason or None)
        return [self.edges[uuid]]

    def _start(self, uuid: str) -> int | None:
        return self._items[uuid]["start"] if uuid in self._items else None

    def _forget(self, uuid: str) -> None:
        for known in (self._findings, self._open, self.edges):
            known.pop(uuid, None)
