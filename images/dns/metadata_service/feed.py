# SPDX-License-Identifier: Apache-2.0
"""The objects of the project, which the server sends through the agent to hosts where somebody asks for them.

One JSON object per line, over a unix socket. This side says ``{"reached": <int>}`` when somebody asks: up to which
point it knows the changes. The other side says ``{"base", "reached", "complete", "objects": {key: object or null}}``,
changes from one point to another, of which ``complete`` ends a series, and ``{"connected": true}`` when it has a server
again.
"""

import asyncio
import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any

from .known import Known

LEASE_SECONDS = 600.0
"""So long after the last request the server goes on sending."""
ASK_SECONDS = 60.0
WAIT_SECONDS = 2.0
"""How long a caller waits for the first objects; if none came, the next callers do not wait for a while."""
PATIENCE_SECONDS = 10.0
LINE_BYTES = 16 << 20
MODE = 0o660


class Feed:
    """Asks for objects while callers do, and forgets them after that."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._writer: asyncio.StreamWriter | None = None
        self._objects: dict[str, Any] = {}
        self._reached = 0
        self._wanted = self._asked = self._missed = float("-inf")
        self._expiry: asyncio.TimerHandle | None = None

    async def listen(self, path: Path) -> asyncio.Server:
        """Wait for the agent at a socket."""
        before = os.umask(0o777 & ~MODE)  # asyncio removes a socket that an earlier run left
        try:
            return await asyncio.start_unix_server(self._serve, path, limit=LINE_BYTES)
        finally:
            os.umask(before)

    def want(self) -> None:
        """Somebody asks for objects of the project."""
        now = time.monotonic()
        self._wanted = now
        if now - self._asked >= (ASK_SECONDS if self._known.current else WAIT_SECONDS):
            self._ask()

    async def wait(self) -> None:
        """Wait a moment for the first objects."""
        now = time.monotonic()
        if self._known.current or now - self._missed < PATIENCE_SECONDS:
            return
        while not self._known.current and (left := now + WAIT_SECONDS - time.monotonic()) > 0:
            await self._known.wait(left)
        if not self._known.current:
            self._missed = time.monotonic()

    def _ask(self) -> None:
        if self._writer is None:
            return
        self._asked = time.monotonic()
        self._writer.write(json.dumps({"reached": self._reached}).encode() + b"\n")
        if self._expiry is not None:
            self._expiry.cancel()
        self._expiry = asyncio.get_running_loop().call_later(LEASE_SECONDS, self._forget)

    def _forget(self) -> None:
        self._objects, self._reached = {}, 0
        self._known.take(None)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Follow an agent; a newer one replaces it."""
        if self._writer is not None:
            self._writer.close()
        self._writer = writer
        self._ask_again()
        try:
            with contextlib.suppress(OSError, ValueError):  # ValueError: a line without end
                while line := await reader.readline():
                    self._take(json.loads(line))
        finally:
            if self._writer is writer:
                self._writer = None
            writer.close()

    def _ask_again(self) -> None:
        if time.monotonic() - self._wanted < LEASE_SECONDS:
            self._ask()

    def _take(self, said: dict[str, Any]) -> None:
        if "connected" in said:
            self._ask_again()
            return
        if said["base"] == 0:
            self._objects = {}
        elif said["base"] > self._reached:
            if self._reached:
                self._reached = 0
                self._ask()  # something is missing between the two
            return  # or this one was forgotten meanwhile
        self._objects |= said["objects"]
        for key in [key for key, each in said["objects"].items() if each is None]:
            del self._objects[key]
        self._reached = max(self._reached, said["reached"]) if said["base"] else said["reached"]
        if said["complete"]:
            self._known.take(self._objects)
