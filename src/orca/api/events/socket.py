# SPDX-License-Identifier: Apache-2.0
"""The transport of frames to a client: a WebSocket, or one HTTP answer with a frame per line."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from starlette.responses import StreamingResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from orca.api.callers.caller import Caller
from orca.api.events import frames, replay, subscriber
from orca.api.events.audience import Audience
from orca.api.events.hub import Hub
from orca.api.events.subscriber import EXPIRED, Authorize, Subscriber
from orca.api.events.wanted import Wanted, asked
from orca.api.requests.ask import Ask
from orca.engine import Core
from orca.provision.people.roles import EVERYWHERE
from orca.resources import ids

RAW = EVERYWHERE - {"admin", "readAdmin"}
"""Roles that hear the events of everybody, by their full names."""
LINES = "application/x-ndjson"


class Opening:
    """A valid request for a subscription. Raises ``Refused`` for a bad parameter."""

    def __init__(self, core: Core, ask: Ask, caller: Caller, authorize: Authorize) -> None:
        account = None if caller.role in RAW else ids.show("account", caller.account.id)
        wanted = Wanted(asked(ask), account)
        resume = ask.first("resume")
        self.hub = core.part(Hub)
        self.cursor = None if resume is None else replay.parse(resume)
        self.subscriber = Subscriber(ask, caller, Audience(core, ask, caller), wanted, authorize)
        self.hub.admit(self.subscriber)

    async def send_all(self, send: subscriber.Send) -> None:
        """Send missed and new events until the stream ends; then its last frame."""
        own = self.subscriber
        try:
            if self.cursor is None:
                await self.hub.join(own)
            else:
                await self._resume(send, self.cursor)
            await own.send_all(send, lambda: self.hub.position)
        finally:
            self.hub.leave(own)
        if own.ending is not None and own.ending.name is not None:
            await send(frames.frame(own.ending.name, own.cursor))

    async def _resume(self, send: subscriber.Send, cursor: int) -> None:
        try:
            async with contextlib.aclosing(self.hub.resume(self.subscriber, cursor)) as missed:
                async for text in missed:
                    if self.subscriber.wanted(frames.CHANGE):
                        await send(text)
        except replay.Expired:
            self.subscriber.end(EXPIRED)


@dataclass
class EventSocket:
    """A client's WebSocket."""

    socket: WebSocket
    opening: Opening

    async def serve(self, stopping: asyncio.Event) -> None:
        """Send events until the client leaves, may no longer listen, or the server stops."""
        own = self.opening.subscriber
        sending = asyncio.create_task(self.opening.send_all(self.socket.send_text))
        parts = [sending, *(asyncio.create_task(work) for work in (self._receive(), own.ended(), stopping.wait()))]
        try:
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for part in done:
                part.result()
            if sending in done and own.ending is not None:
                await self.socket.close(own.ending.code, own.ending.reason)
            elif parts[-1] in done:
                await self.socket.close(subscriber.CLOSE_GOING_AWAY)
        except (WebSocketDisconnect, RuntimeError, OSError):
            return
        finally:
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)

    async def _receive(self) -> None:
        """Wait until the client leaves; nothing else is expected from it."""
        while True:
            await self.socket.receive()
            if self.socket.client_state.name == "DISCONNECTED":
                return


class EventStream(StreamingResponse):
    """The same over plain HTTP: one frame per line, until either side ends it."""

    def __init__(self, opening: Opening, stopping: asyncio.Event, headers: dict[str, str]) -> None:
        self._opening = opening
        self._stopping = stopping
        super().__init__(self._lines(), headers=headers, media_type=LINES)

    async def _lines(self) -> AsyncIterator[str]:
        """Yield frames as fast as the client reads them."""
        handed: asyncio.Queue[str] = asyncio.Queue(1)
        parts: list[asyncio.Task[Any]] = [
            asyncio.create_task(work)
            for work in (
                self._opening.send_all(handed.put),
                self._opening.subscriber.ended(),
                self._stopping.wait(),
            )
        ]
        over = asyncio.create_task(_first(parts))
        try:
            while True:
                line = asyncio.create_task(handed.get())
                await asyncio.wait([line, over], return_when=asyncio.FIRST_COMPLETED)
                if not line.done() and handed.empty():
                    line.cancel()
                    return
                yield f"{await line}\n"
        finally:
            for part in (*parts, over):
                part.cancel()
            await asyncio.gather(*parts, over, return_exceptions=True)


async def _first(parts: list[asyncio.Task[Any]]) -> None:
    await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
