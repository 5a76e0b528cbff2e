# SPDX-License-Identifier: Apache-2.0
"""The bounds, in size and time, of what comes before a request's body: its sender has shown no key yet.

uvicorn bounds it for h11 only; httptools accepts any size. A WebSocket's request comes through here too, and what is
accepted is below the bounds of ``websockets``.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from orca.api.errors import error_body
from orca.resources.errors import Refused

HEAD_BYTES = 98_304
"""Bytes of request line and headers: they carry the token of a stream, which may list 40 containers."""
HEAD_LINES = 128
"""Headers of a request."""
HEAD_SECONDS = 30.0
"""Seconds from the connection, or the first byte of a later request, to the end of the headers."""
LINGER = 1.0
"""Seconds in which a client that still sends can read why it is cut off."""
SEPARATORS = 4
"""Bytes around the parts of a line."""


class TooLarge(Refused):
    """431 in the API's words."""

    def __init__(self) -> None:
        message = f"a request has at most {HEAD_LINES} headers, and {HEAD_BYTES} bytes before its body"
        super().__init__("Request Header Fields Too Large", message, status=431)


class BoundedHead(HttpToolsProtocol):
    """uvicorn's protocol, but it ends connections that send too much before a body, or take too long."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._taken = False
        """True if something of the last bytes was for the application."""
        self._untaken = 0
        """Bytes since then: of headers, or of what may follow a body in chunks."""
        self._deadline: asyncio.TimerHandle | None = None
        self._refused: Refused | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there; its request is expected."""
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._take()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Handle bytes; those after a refusal are ignored."""
        if self._refused is not None:
            return
        self._taken = False
        super().data_received(data)
        self._untaken = 0 if self._taken else self._untaken + len(data)
        if self._untaken > HEAD_BYTES:
            self._refuse(TooLarge())
        elif self._untaken and self._deadline is None:
            self._expect()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header is complete."""
        if len(self.headers) >= HEAD_LINES:
            raise self._refuse(TooLarge())
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The request goes to the application."""
        lines = [self.url, *(name + value for name, value in self.headers)]
        if sum(map(len, lines)) + SEPARATORS * len(lines) > HEAD_BYTES:
            raise self._refuse(TooLarge())
        self._take()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Pass a part of the body to the application, which bounds it."""
        self._take()
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        """Refuse an unreadable request in the API's words."""
        self._refuse(Refused("Bad Request", msg, status=400))

    def _take(self) -> None:
        self._taken = True
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _expect(self) -> None:
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._late)

    def _late(self) -> None:
        self.transport.close()

    def _refuse(self, refused: Refused) -> Refused:
        """Answer, unless an earlier request of the connection is being answered, and end the connection."""
        if self._refused is None:
            self._refused = refused
            if self.cycle is None or self.cycle.response_complete:
                self.transport.write(answer(refused))
            self.loop.call_later(LINGER, self.transport.close)
        return refused


def answer(refused: Refused) -> bytes:
    """The bytes of a response."""
    body = msgspec.json.encode(error_body(refused))
    headers = (
        b"content-type: application/json; charset=utf-8\r\n"
        b"cache-control: no-store\r\n"
        b"connection: close\r\n"
        b"content-length: %d\r\n\r\n" % len(body)
    )
    return STATUS_LINE[refused.status] + headers + body
