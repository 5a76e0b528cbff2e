# SPDX-License-Identifier: Apache-2.0
"""The objects of a project in the order of their last changes, so that whoever knows one point can be told the rest.

Pure. A point is a number that grows with each change; that of another journal is never one of this.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile
from typing import NamedTuple

import msgspec

from orca import wire
from orca.orchestration.metadata.objects import Object

PAGE_BYTES = 1 << 20
MOST_GONE = 1000
"""Most objects that are remembered as gone; whoever knows only an older point gets everything again."""


class _Entry(NamedTuple):
    point: int
    size: int
    found: Object | None


class Journal:
    """What is known of one project."""

    def __init__(self, start: int) -> None:
        """Args: a point above those of all earlier journals, such as the present time."""
        self.reached = self._oldest = start
        self._entries: dict[str, _Entry] = {}
        """By key, the last changed one at the end."""
        self._gone: dict[str, None] = {}

    def put(self, found: Mapping[str, Object | None]) -> None:
        """Note the present state of objects; None is gone."""
        for key, each in found.items():
            before = self._entries.get(key)
            if each == (None if before is None else before.found):
                continue
            self.reached += 1
            self._entries.pop(key, None)
            self._entries[key] = _Entry(self.reached, len(msgspec.json.encode(each)), each)
            self._gone.pop(key, None)
            if each is None:
                self._gone[key] = None
        while len(self._gone) > MOST_GONE:
            key = next(iter(self._gone))
            del self._gone[key]
            self._oldest = max(self._oldest, self._entries.pop(key).point)

    def keys(self) -> set[str]:
        """The keys of all objects that are not gone."""
        return self._entries.keys() - self._gone.keys()

    def since(self, base: int) -> list[wire.MetadataUpdate]:
        """The changes after a point, the oldest first, as messages to be sent one after another."""
        if not self._oldest <= base <= self.reached:
            base = 0
        later = list(takewhile(lambda each: each[1].point > base, reversed(self._entries.items())))
        update = wire.MetadataUpdate(base=base, reached=base, complete=False)
        updates, size = [update], 0
        for key, entry in reversed(later):
            if size >= PAGE_BYTES:
                update = wire.MetadataUpdate(base=update.reached, reached=update.reached, complete=False)
                updates.append(update)
                size = 0
            size += entry.size
            update.objects[key] = entry.found
            update.reached = entry.point
        update.reached, update.complete = self.reached, True
        return updates
