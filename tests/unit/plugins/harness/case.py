# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module is held to: the four runs, and how it refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness import host
from harness.conversation import Call
from harness.running import Outcome, run


@dataclass(frozen=True)
class Case:
    """Check, run, check, run: with the same arguments on one host, but for those that are `later` others.

    `check` and `change` are what is asked before the change, `check_again` and `settled` after it. `prepare` makes the
    host, and may return parts that take the place of names in the module. `gives` are parts of what the second run
    returns, `shows` a text in the diff, `secrets` texts that no output may hold, `warns` all warnings. `changes` is
    False for a module that only looks.
    """

    module: str
    does: str
    arguments: dict[str, Any]
    check: Sequence[Call] = ()
    change: Sequence[Call] = ()
    settled: Sequence[Call] = ()
    check_again: Sequence[Call] | None = None
    prepare: Callable[[Path], Mapping[str, Any] | None] = host.make
    gives: Mapping[str, Any] = field(default_factory=dict)
    shows: str = ""
    secrets: Sequence[str] = ()
    warns: Sequence[str] = ()
    changes: bool = True
    later: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.module} {self.does}"

    def runs(self, root: Path) -> list[Outcome]:
        """The outcomes of the four runs. Raises AssertionError when a run in check mode changed a file."""
        parts = self.prepare(root)
        later = {**self.arguments, **self.later}
        again = self.settled if self.check_again is None else self.check_again
        pairs = (self.arguments, self.check, self.change), (later, again, self.settled)
        outcomes = []
        for arguments, *asked in pairs:
            for calls, check in zip(asked, (True, False), strict=True):
                before = host.snapshot(root)
                outcomes.append(run(self.module, arguments, calls, root, check=check, parts=parts))
                assert not check or host.snapshot(root) == before, "check mode changed files"
        return outcomes


@dataclass(frozen=True)
class Failure:
    """One run that fails with `message`, a text within it; `gives` are other parts of the result.

    It leaves the host as it was, unless it fails `half_way`.
    """

    module: str
    when: str
    arguments: dict[str, Any]
    message: str
    calls: Sequence[Call] = ()
    check: bool = False
    prepare: Callable[[Path], Mapping[str, Any] | None] = host.make
    gives: Mapping[str, Any] = field(default_factory=dict)
    half_way: bool = False

    def __str__(self) -> str:
        return f"{self.module} {self.when}"

    def run(self, root: Path) -> Outcome:
        parts = self.prepare(root)
        before = host.snapshot(root)
        outcome = run(self.module, self.arguments, self.calls, root, check=self.check, parts=parts)
        changed = dict(host.snapshot(root).items() ^ before.items()).keys() - host.LOCK
        assert self.half_way or not changed, f"it failed, and left changed: {', '.join(sorted(changed))}"
        return outcome


def half_way(failure: Failure) -> Failure:
    """The same run, which fails after its first change."""
    return replace(failure, half_way=True)
