# SPDX-License-Identifier: Apache-2.0
"""The result of applying one kind; in check mode, what it would do."""

from __future__ import annotations

from typing import List


class Result:
    """Outcome of one application: truthy ``changed``, the texts for a diff, and the actions in order."""

    def __init__(self) -> None:
        self.actions: List[str] = []
        self._before: List[str] = []
        self._after: List[str] = []

    @property
    def changed(self) -> bool:
        return bool(self.actions)

    @property
    def before(self) -> str:
        """The differing text as found; empty if nothing differed."""
        return "".join(self._before)

    @property
    def after(self) -> str:
        """The text that replaces it."""
        return "".join(self._after)

    def add(self, action: str, before: str = "", after: str = "") -> None:
        """Record one action; ``before`` and ``after`` are shown below a heading naming it.

        Without texts only the heading is shown, on one side.
        """
        self.actions.append(action)
        heading = "# {0}\n".format(action)
        if before or after:
            self._before.append(heading + _lines(before))
        self._after.append(heading + _lines(after))

    def absorb(self, other: Result) -> None:
        """Append the records of ``other``."""
        self.actions += other.actions
        self._before += other._before
        self._after += other._after

    def __repr__(self) -> str:
        return "Result(changed={0}, actions={1})".format(self.changed, self.actions)


def _lines(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"
