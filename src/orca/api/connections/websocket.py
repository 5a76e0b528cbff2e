# SPDX-License-Identifier: Apache-2.0
"""A connection that became a WebSocket."""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from orca.api.connections.visitors import Visitor

CLOSING_SECONDS = 10.0
"""Seconds for the peer of an ended connection to read the rest; then it is dropped."""


class Upgraded(WebSocketsSansIOProtocol):
    """Tells its ``Visitor`` when the connection is gone, and queues nothing for a peer that does not read.

    While the peer does not read, its frames are not read either, because each ping would need another answer.
    """

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        visitor: Visitor = self.app_state["visitor"]
        visitor.leaves()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The peer lags behind."""
        super().pause_writing()
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        """The peer has caught up; messages that wait for the application keep their own pause."""
        super().resume_writing()
        if not self.read_paused and not self.transport.is_closing():
            self.transport.resume_reading()

    async def receive(self) -> object:  # type: ignore[override]
        """Give the application the next message, and read on only while the peer reads too."""
        message = await super().receive()
        if not self.writable.is_set() and not self.transport.is_closing():
            self.transport.pause_reading()
        return message

    async def run_asgi(self) -> None:
        """Serve the connection; the transport would otherwise wait for a silent peer for as long as TCP does."""
        try:
            await super().run_asgi()
        finally:
            self.loop.call_later(CLOSING_SECONDS, self.transport.abort)
