# SPDX-License-Identifier: Apache-2.0
"""Pass frames on between a viewer and an agent, one at a time: a side that does not read holds up the other.

No frame is kept here. The next one is read only after the last one was sent.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.websockets import WebSocket, WebSocketDisconnect

from orca.api.streams.backends import Backend

CLOSE_NORMAL = 1000
CLOSE_GOING_AWAY = 1001
CLOSE_NO_STATUS = 1005
CLOSE_ABNORMAL = 1006
CLOSE_AGAIN = 1013
"""Try again later (IANA registry of close codes): with a new token, where the stream was cut."""

GONE = (WebSocketDisconnect, RuntimeError, OSError)
"""Errors of sending to a connection that ended."""


@dataclass(frozen=True)
class End:
    """How a stream ended, for the viewer's close frame."""

    code: int = CLOSE_NORMAL
    reason: str = ""


CUT = End(CLOSE_AGAIN, "the host was cut off")
STOPPING = End(CLOSE_GOING_AWAY, "the server stops")


async def relay(viewer: WebSocket, backend: Backend, *, takes_input: bool) -> End:
    """Pass frames on until either side ends; if the viewer leaves, the agent's connection is closed."""
    parts = {
        asyncio.create_task(pass_frames(backend, viewer)),
        asyncio.create_task(cut(backend)),
        asyncio.create_task(listen(viewer, backend if takes_input else None)),
    }
    try:
        done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for part in parts:
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)
        backend.done.set()


async def pass_frames(backend: Backend, viewer: WebSocket) -> End:
    """From the agent to the viewer."""
    while True:
        message = await backend.socket.receive()
        if message["type"] == "websocket.disconnect":
            code = message.get("code", CLOSE_NO_STATUS)
            return CUT if code in (CLOSE_NO_STATUS, CLOSE_ABNORMAL) else End(code, message.get("reason") or "")
        try:
            await viewer.send_text(message.get("text") or "")
        except GONE:
            return End()


async def listen(viewer: WebSocket, backend: Backend | None) -> End:
    """Pass frames from the viewer to the agent, or drop them; end when the viewer leaves."""
    while True:
        message = await viewer.receive()
        if message["type"] == "websocket.disconnect":
            return End()
        text = message.get("text")
        if backend is not None and text is not None:
            try:
                await backend.socket.send_text(text)
            except GONE:
                return CUT


async def cut(backend: Backend) -> End:
    """Wait until the agent is gone."""
    await backend.cut.wait()
    return CUT
