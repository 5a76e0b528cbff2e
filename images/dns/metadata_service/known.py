# SPDX-License-Identifier: Apache-2.0
"""What is known: who the clients of this host are (a file), and, while somebody asks, the objects of the project."""

import asyncio
import contextlib
import ipaddress
import json
import sys
import time
from pathlib import Path
from typing import Any

from . import tree

LOOK_SECONDS = 0.1
"""How long the file is believed unchanged; the standard library cannot be told of changes."""


class Known:
    """The objects, and their version, which grows with each change."""

    def __init__(self, path: Path) -> None:
        self.version = time.time_ns() // 1_000_000  # above those of an earlier run
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._looked = 0.0
        self._local: dict[str, Any] = {"subnet": None, "host": None, "clients": {}, "objects": {}}
        self._project: dict[str, Any] | None = None
        self._trees: dict[str, tree.Tree] = {}
        self._objects: dict[str, Any] = {}
        self._changed = asyncio.Event()

    @property
    def current(self) -> bool:
        """True if the objects of the project are here."""
        return self._project is not None

    def serves(self, address: str) -> bool:
        """True if an address is one of this host."""
        subnet = self._local["subnet"]
        return subnet is not None and ipaddress.ip_address(address) in ipaddress.ip_network(subnet)

    def see(self, address: str, version: str) -> tree.Tree:
        """Return the tree of a version for a client."""
        if version not in self._trees:
            self._trees[version] = tree.tree(self._objects, version)
        whole = self._trees[version]
        own = tree.own(whole, self._objects, *self._keys(address))
        lists = {name: value for name, value in whole.items() if name}
        return {**lists, "self": own, "version": str(self.version)}

    def see_own(self, address: str) -> tree.Tree:
        """Return what a client itself is: ``self`` without other containers and services."""
        return tree.own_values(self._objects, *self._keys(address))

    def _keys(self, address: str) -> tuple[str | None, str | None]:
        """The keys of a client's container and of the host."""
        uuid, host = self._local["clients"].get(address), self._local["host"]
        return uuid and f"container/{uuid}", host and f"host/{host}"

    def look(self) -> None:
        """Read the file if it has changed. A damaged one leaves what is known."""
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        try:
            found = self._path.stat()
            stamp = (found.st_mtime_ns, found.st_ino)
            if stamp != self._stamp:
                self._local = json.loads(self._path.read_bytes())
                self._stamp = stamp
                self._change()
        except (OSError, ValueError) as error:
            sys.stderr.write(f"metadata: {self._path} cannot be read: {error}\n")

    def take(self, project: dict[str, Any] | None) -> None:
        """Take the objects of the project; None: they are no longer current."""
        self._project = project
        self._change()

    async def wait(self, seconds: float) -> None:
        """Return at the next change, or after some seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), seconds)

    def _change(self) -> None:
        self.version = max(self.version + 1, time.time_ns() // 1_000_000)
        self._objects = self._local["objects"] | (self._project or {})
        self._trees.clear()
        self._changed.set()
        self._changed = asyncio.Event()
