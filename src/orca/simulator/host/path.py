# SPDX-License-Identifier: Apache-2.0
"""The data path between simulated hosts: which of them reach each other."""

from __future__ import annotations


class DataPath:
    """Hosts by uuid. All reach all, until somebody takes one away, or cuts the way between two."""

    def __init__(self) -> None:
        self._gone: set[str] = set()
        self._cut: set[frozenset[str]] = set()

    def take_away(self, uuid: str) -> None:
        """A host dies, or is cut off: nobody reaches it."""
        self._gone.add(uuid)

    def bring_back(self, uuid: str) -> None:
        """The host is back."""
        self._gone.discard(uuid)

    def cut(self, one: str, other: str) -> None:
        """The way between two hosts carries nothing from now on."""
        self._cut.add(frozenset({one, other}))

    def mend(self, one: str, other: str) -> None:
        """The way between two hosts carries packets again."""
        self._cut.discard(frozenset({one, other}))

    def reaches(self, one: str, other: str) -> bool:
        """True if a host gets an answer from another one."""
        return one not in self._gone and other not in self._gone and frozenset({one, other}) not in self._cut


EVERYWHERE = DataPath()
"""The path of hosts that have no other: nothing is ever wrong with it."""
