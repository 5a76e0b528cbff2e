# SPDX-License-Identifier: Apache-2.0
"""What was asked of the server and what it acknowledged, kept outside of it; and what must be true because of that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

CREATE, START, STOP, RESTART, REMOVE, DESCRIBE = "create", "start", "stop", "restart", "remove", "describe"

GONE = {"removed", "purging", "purged"}
"""A removed container is purged when its time has come, which a slow run lives to see."""
ENDS = {CREATE: {"running"}, START: {"running"}, RESTART: {"running"}, STOP: {"stopped"}, REMOVE: GONE}
"""The states that a change of a container's life leads to when nothing follows it."""
ON_THE_WAY = {
    CREATE: {"creating", "starting", "running"},
    START: {"starting", "running"},
    RESTART: {"restarting", "running"},
    STOP: {"stopping", "stopped"},
    REMOVE: {"stopping", "removing"} | GONE,
}
"""States that are at least what an answer to the change acknowledged."""
FAILING = {"creating", "starting", "stopped", "removing"} | GONE
"""States of a container whose start is made to fail."""


@dataclass
class Change:
    """One request about a container; ``text`` is what ``describe`` sets, ``fails``: its start is made to fail."""

    verb: str
    container: str | None
    text: str = ""
    fails: bool = False
    acknowledged: bool = False


class Journal:
    """Changes in the order of sending; those of one container follow each other."""

    def __init__(self) -> None:
        self.changes: list[Change] = []

    def containers(self) -> Mapping[str, list[Change]]:
        """The changes of each container whose creation was acknowledged."""
        found: defaultdict[str, list[Change]] = defaultdict(list)
        for change in self.changes:
            if change.container is not None:
                found[change.container].append(change)
        return found

    def unanswered(self) -> list[Change]:
        """Creations that nobody answered."""
        return [change for change in self.changes if change.container is None]


def open_changes(changes: Iterable[Change], verbs: Iterable[str]) -> list[Change]:
    """The last acknowledged change of these kinds, and those after it that may or may not have happened."""
    result: list[Change] = []
    for change in changes:
        if change.verb in verbs:
            result = [change] if change.acknowledged else [*result, change]
    return result


def check_present(row: Mapping[str, Any], changes: list[Change], *, final: bool) -> None:
    """A container is in at least the state that was acknowledged last; ``final``: exactly where that leads to."""
    lives = open_changes(changes, ENDS)
    if lives[0].fails:
        allowed = GONE if final else FAILING
    else:
        allowed = set().union(*((ENDS if final else ON_THE_WAY)[change.verb] for change in lives))
    assert row["state"] in allowed, (row["id"], row["state"], allowed, row.get("transitioningMessage"), changes)
    texts = [change.text for change in open_changes(changes, {DESCRIBE})]
    if texts:
        assert row["description"] in texts or (row["description"] is None and not _described(changes)), (row, changes)


def _described(changes: Iterable[Change]) -> bool:
    return any(change.verb == DESCRIBE and change.acknowledged for change in changes)


def check_process(row: Mapping[str, Any], changes: list[Change] | None, journal: Journal) -> None:
    """A process ended well, or was superseded by a journalled request, or failed because that was asked for.

    ``changes``: of its container; None when the journal knows none, for it is another resource's, or that of a
    container whose creation was never answered.
    """
    assert row["phase"] == "DONE", row
    if row["result"] == "CANCELED":
        assert changes is not None, row
        assert len([change for change in changes if change.verb in ENDS]) > 1, (row, changes)
    elif row["result"] == "FAILED":
        assert any(change.fails for change in changes or journal.unanswered()), (row, changes)
    else:
        assert row["result"] == "SUCCESS", row
