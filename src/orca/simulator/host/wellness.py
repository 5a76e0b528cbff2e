# SPDX-License-Identifier: Apache-2.0
"""Which containers fail their checks, as all hosts of one simulation see it."""

from __future__ import annotations

from collections.abc import Callable

Watcher = Callable[[int], None]
"""Gets the time in UTC milliseconds."""


class Wellness:
    """The containers that fail, by the uuids of their instances; all others are well."""

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}
        self._watchers: dict[str, list[Watcher]] = {}

    def reason(self, uuid: str) -> str | None:
        """Why a container fails; None: it is well."""
        return self._reasons.get(uuid)

    def set(self, uuid: str, reason: str | None, now: int) -> None:
        """From ``now`` (UTC milliseconds) on a container fails for a reason, or (None) is well."""
        if self._reasons.get(uuid) == reason:
            return
        if reason is None:
            del self._reasons[uuid]
        else:
            self._reasons[uuid] = reason
        for watcher in tuple(self._watchers.get(uuid, ())):
            watcher(now)

    def watch(self, uuid: str, watcher: Watcher) -> None:
        """Call ``watcher`` when a container changes."""
        self._watchers.setdefault(uuid, []).append(watcher)

    def leave(self, uuid: str, watcher: Watcher) -> None:
        """End ``watch``."""
        watchers = self._watchers[uuid]
        watchers.remove(watcher)
        if not watchers:
            del self._watchers[uuid]
