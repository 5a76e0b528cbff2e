# SPDX-License-Identifier: Apache-2.0
"""One client: the frames that wait for it, and how its stream ends."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from orca.api.callers.caller import Caller
from orca.api.events import frames
from orca.api.events.audience import Audience
from orca.api.events.wanted import Wanted
from orca.api.requests.ask import Ask
from orca.resources.errors import Refused

PING_INTERVAL = 5.0
RECHECK_INTERVAL = 30.0
"""Seconds after which a client is identified again even without a change, because a login expires by time."""
QUEUE_FRAMES = 1000
QUEUE_BYTES = 1024 * 1024
"""Most frames that wait for a slow client; they are shared with its audience."""
GRACE = 10.0
"""Seconds for a slow client to read the last frame."""
CLOSE_GOING_AWAY = 1001
CLOSE_POLICY = 1008
CLOSE_TRY_AGAIN = 1013
"""IANA's registry of close codes."""

Send = Callable[[str], Awaitable[None]]
Authorize = Callable[[], Awaitable[Caller]]


@dataclass(frozen=True)
class Ending:
    """Why a stream ends: the last frame, and the close code."""

    name: str | None
    code: int
    reason: str


EXPIRED = Ending(frames.EXPIRED, CLOSE_TRY_AGAIN, "events were lost: list again")
LOGGED_OUT = Ending(frames.LOGOUT, CLOSE_POLICY, "logged out")
CHANGED = Ending(None, CLOSE_TRY_AGAIN, "your rights changed: subscribe again")


class Subscriber:
    """A queue between the hub, which never waits, and the client, which may be slow."""

    def __init__(self, ask: Ask, caller: Caller, audience: Audience, wanted: Wanted, authorize: Authorize) -> None:
        self.ask = ask
        self.caller = caller
        self.audience = audience
        self.wanted = wanted
        self.ending: Ending | None = None
        self.cursor = 0
        """Everything up to this event was sent, or does not concern the client."""
        self._authorize = authorize
        self._queue: deque[tuple[str, int]] = deque()
        self._bytes = 0
        self._ready = asyncio.Event()
        self._over = asyncio.Event()

    @property
    def key(self) -> tuple[str, int]:
        """The key or session that was shown; without access control the caller."""
        shown = self.caller.proof or self.caller.user
        return shown.root, shown.id

    @property
    def waiting(self) -> int:
        """Frames that the client has not taken yet."""
        return len(self._queue)

    def offer(self, text: str, cursor: int) -> None:
        """Queue a frame; one too many ends the stream."""
        if self.ending is not None:
            return
        if len(self._queue) >= QUEUE_FRAMES or self._bytes + len(text) > QUEUE_BYTES:
            self.end(EXPIRED)
            return
        self._queue.append((text, cursor))
        self._bytes += len(text)
        self._ready.set()

    def end(self, ending: Ending) -> None:
        """Drop waiting frames and end the stream."""
        if self.ending is None:
            self.ending = ending
            self._queue.clear()
            self._ready.set()
            self._over.set()

    async def recheck(self) -> None:
        """Check that the client still has its identity and role."""
        try:
            caller = await self._authorize()
        except Refused:
            self.end(LOGGED_OUT)
            return
        before = (self.caller.role, self.caller.account.id, self.caller.user.id, self.caller.agent_id)
        if (caller.role, caller.account.id, caller.user.id, caller.agent_id) != before:
            self.end(CHANGED)

    async def send_all(self, send: Send, position: Callable[[], int]) -> None:
        """Send frames and pings until the stream ends. ``position``: how far everything has been handed out."""
        await self._ping(send)
        loop = asyncio.get_running_loop()
        ping, recheck = loop.time() + PING_INTERVAL, loop.time() + RECHECK_INTERVAL
        while self.ending is None:
            try:
                async with asyncio.timeout_at(ping):
                    await self._ready.wait()
            except TimeoutError:
                # A frame may have been offered just now, and an unsent frame must not count as sent.
                if not self._queue:
                    self.cursor = max(self.cursor, position())
                await self._ping(send)
                ping = loop.time() + PING_INTERVAL
                if loop.time() >= recheck:
                    await self.recheck()
                    recheck = loop.time() + RECHECK_INTERVAL
                continue
            self._ready.clear()
            while self._queue:
                text, cursor = self._queue.popleft()
                self._bytes -= len(text)
                await send(text)
                self.cursor = max(self.cursor, cursor)

    async def ended(self) -> None:
        """Wait until the stream should end, and then give a slow client time to read the rest."""
        await self._over.wait()
        await asyncio.sleep(GRACE)

    async def _ping(self, send: Send) -> None:
        await send(frames.frame(frames.PING, self.cursor))
