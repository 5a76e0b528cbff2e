# SPDX-License-Identifier: Apache-2.0
"""One writer per kind of state: owner files, last good items, the lock (docs/architecture/host.md)."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from typing import Any, Dict, Iterator, Mapping, Optional

from ..plan.items import digest
from . import files
from .errors import HostStateError, OwnedByOther

PUSH, AGENT = "push", "agent"


class Owner:
    """The parsed owner file: who last applied a kind."""

    def __init__(self, owner: str, version: int, sha256: str, updated: int) -> None:
        self.owner, self.version, self.sha256, self.updated = owner, version, sha256, updated

    def __repr__(self) -> str:
        return "Owner(owner={0!r}, version={1}, sha256={2!r})".format(self.owner, self.version, self.sha256)


class Ledger:
    """The directory ``/var/lib/orca/host``."""

    def __init__(self, directory: str) -> None:
        self.directory = directory

    def read(self, kind: str) -> Optional[Owner]:
        """The owner of ``kind``, ``None`` if nobody has applied it yet.

        :raises HostStateError: the owner file cannot be understood.
        """
        text = files.read(self._path(kind))
        if text is None:
            return None
        try:
            data = json.loads(text)
            return Owner(str(data["owner"]), int(data["version"]), str(data["sha256"]), int(data["updated"]))
        except (ValueError, KeyError, TypeError) as error:
            raise HostStateError("owner file {0} is damaged: {1}".format(self._path(kind), error)) from error

    def claim(self, kind: str, owner: str, takeover: bool = False) -> Optional[Owner]:
        """Return the present owner if ``owner`` may write ``kind``. The agent always may: it takes over.

        :raises OwnedByOther: another driver owns it and ``takeover`` is not given.
        """
        current = self.read(kind)
        if current is not None and current.owner != owner and owner != AGENT and not takeover:
            raise OwnedByOther(kind, current.owner, current.version)
        return current

    def write(self, kind: str, owner: str, version: int, description: Optional[Mapping[str, Any]]) -> None:
        """Record that ``description`` is in force. Unchanged content leaves the file untouched."""
        sha256 = digest(description)
        current = self.read(kind)
        if current is not None and (current.owner, current.version, current.sha256) == (owner, version, sha256):
            return
        self._ensure()
        content = {"owner": owner, "version": version, "sha256": sha256, "updated": int(time.time() * 1000)}
        files.write(self._path(kind), json.dumps(content, sort_keys=True) + "\n")

    def forget(self, kind: str) -> None:
        """Remove the owner file and the last good items of ``kind``."""
        for path in (self._path(kind), self._items_path(kind)):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)

    def load_items(self, kind: str) -> Dict[str, Dict[str, Any]]:
        """Last good items of ``kind``: ``{name: {"version": int, "description": {...}}}``; may be empty."""
        text = files.read(self._items_path(kind))
        if text is None:
            return {}
        try:
            items: Dict[str, Dict[str, Any]] = json.loads(text)
        except ValueError as error:
            raise HostStateError("{0} is damaged: {1}".format(self._items_path(kind), error)) from error
        return items

    def save_items(self, kind: str, items: Mapping[str, Mapping[str, Any]]) -> None:
        """Keep ``items`` (see ``load_items``) for the next start."""
        self._ensure()
        # Items hold certificates and addresses but no keys; still only root may read them.
        files.write(self._items_path(kind), json.dumps(items, sort_keys=True) + "\n", 0o600)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """The lock that every driver holds while it reads, plans, applies and writes."""
        self._ensure()
        with open(os.path.join(self.directory, "lock"), "w", encoding="ascii") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield

    def _ensure(self) -> None:
        os.makedirs(os.path.join(self.directory, "items"), mode=0o755, exist_ok=True)

    def _path(self, kind: str) -> str:
        return os.path.join(self.directory, kind + ".json")

    def _items_path(self, kind: str) -> str:
        return os.path.join(self.directory, "items", kind + ".json")
