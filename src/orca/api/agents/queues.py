# SPDX-License-Identifier: Apache-2.0
"""The queues between an agent's socket and the server's parts, one each way, bounded by bytes."""

from __future__ import annotations

import asyncio
from collections import deque

from orca import wire
from orca.engine.agents import Load

INBOX_BYTES = 256 * 1024
"""Bytes of waiting reports of one agent. While more wait, its socket is not read, and TCP slows the agent down."""
OUTBOX_BYTES = 16 * 1024 * 1024
"""Bytes of frames that one agent has not read. An agent that lets more wait is cut off."""


class Inbox:
    """Reports in the order they came. ``put`` waits while there is no room; one report always fits."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._waiting: deque[tuple[wire.Incoming, int]] = deque()
        self._bytes = 0
        self._filled, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()

    @property
    def full(self) -> bool:
        """True if the queue has no room now."""
        return not self._room.is_set()

    async def put(self, report: wire.Incoming, size: int) -> None:
        """Add a report with a frame of that size as soon as there is room."""
        await self._room.wait()
        self._waiting.append((report, size))
        self._count(size)
        self._filled.set()

    async def get(self) -> wire.Incoming:
        """The next report."""
        await self._filled.wait()
        report, size = self._waiting.popleft()
        if not self._waiting:
            self._filled.clear()
        self._count(-size)
        return report

    def close(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
        self._count(-self._bytes)

    def _count(self, size: int) -> None:
        self._bytes += size
        self._load.waiting_bytes += size
        if self._bytes < INBOX_BYTES:
            self._room.set()
        else:
            self._room.clear()


class Outbox:
    """Frames in the order they are sent."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._waiting: deque[str] = deque()
        self._bytes = 0
        self._filled = asyncio.Event()

    def offer(self, frame: str) -> bool:
        """Add a frame; return False if the agent has left too many unread."""
        if self._bytes and self._bytes + len(frame) > OUTBOX_BYTES:
            return False
        self._waiting.append(frame)
        self._count(len(frame))
        self._filled.set()
        return True

    async def get(self) -> str:
        """The next frame; it counts until ``sent``."""
        await self._filled.wait()
        frame = self._waiting.popleft()
        if not self._waiting:
            self._filled.clear()
        return frame

    def sent(self, frame: str) -> None:
        """The agent's socket has taken a frame."""
        self._count(-len(frame))

    def close(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
        self._count(-self._bytes)

    def _count(self, size: int) -> None:
        self._bytes += size
        self._load.outgoing_bytes += size
