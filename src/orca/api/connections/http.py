# SPDX-License-Identifier: Apache-2.0
"""One HTTP connection: in which phases it waits for the client, and how long a body may take.

Bodies have a minimum rate rather than a maximum time: a big compose file over a slow line arrives, but one byte a
minute does not.
"""

from __future__ import annotations

import asyncio
from typing import Any

from orca.api.connections.cuts import Cuts
from orca.api.connections.head import LINGER, BoundedHead, answer
from orca.api.connections.visitors import Visitor
from orca.resources.errors import Refused

BODY_SECONDS = 30.0
"""Seconds from the end of the headers to the end of the body, plus the time of its bytes at ``BODY_RATE``."""
BODY_RATE = 1000
"""Bytes a second."""
REST_SECONDS = 10.0
"""Seconds for the rest of a body after its request was answered, as by a refusal."""


class LateBody(Refused):
    """408 in the API's words."""

    def __init__(self) -> None:
        message = f"a body arrives within {BODY_SECONDS:.0f} seconds and one more for each {BODY_RATE} bytes"
        super().__init__("Request Timeout", message, status=408)


class Connection(BoundedHead):
    """Tells its ``Visitor`` when it waits, and cuts off bodies that do not come."""

    def __init__(self, visitor: Visitor, cuts: Cuts, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.app_state = {**self.app_state, "visitor": visitor}
        self._visitor = visitor
        self._cuts = cuts
        self._body_timer: asyncio.TimerHandle | None = None
        self._body_began = 0.0
        self._body_bytes = 0
        self._complete = True
        """True if all of the last request has arrived."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there; its request is expected."""
        super().connection_made(transport)
        self._visitor.cut = transport.abort
        self._visitor.waits()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._stop_body_timer()
        self._visitor.leaves()
        super().connection_lost(exc)

    def on_headers_complete(self) -> None:
        """A body may follow."""
        headers = (value for name, value in self.headers if name == b"x-forwarded-for")
        self._visitor.asks(next(headers, b"").decode("latin-1"))
        self._complete = False
        self._body_began, self._body_bytes = self.loop.time(), 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The server's turn."""
        self._complete = True
        self._stop_body_timer()
        if self.cycle is not None and self.cycle.response_complete:
            self._visitor.waits()
        else:
            self._visitor.served()
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        """Handle bytes; a body's time runs from the end of the headers."""
        super().data_received(data)
        if not self._complete and self._body_timer is None and not self.transport.is_closing():
            self._body_timer = self.loop.call_later(BODY_SECONDS, self._body_late)

    def on_response_complete(self) -> None:
        """The request was answered. A body that nobody reads any more must end soon."""
        super().on_response_complete()
        if not self.cycle.response_complete:
            return  # a later request of the connection is next
        if self._complete:
            self._visitor.waits()
        else:
            self._stop_body_timer()
            self._body_timer = self.loop.call_later(REST_SECONDS, self.transport.close)

    def handle_websocket_upgrade(self) -> None:
        """Hand over to another protocol, which reports when the connection is gone."""
        self._complete = True
        self._stop_body_timer()
        self._visitor.served()
        unread = next((name for name, value in self.headers if _is_for_upgrade(name) and not value.isascii()), None)
        if unread is not None:
            self._refuse(Refused("Bad Request", f"{unread.decode('latin-1')}: ASCII is expected", status=400))
            return
        super().handle_websocket_upgrade()

    def _body_late(self) -> None:
        self._body_timer = None
        left = self._body_began + BODY_SECONDS + self._body_bytes / BODY_RATE - self.loop.time()
        if self.flow.read_paused:  # the server's own pace
            left = BODY_SECONDS
        if left > 0:
            self._body_timer = self.loop.call_later(left, self._body_late)
            return
        self._cuts.add("body", self._visitor.address or self._visitor.peer)
        if not self.pipeline and not self.cycle.response_started:
            self.transport.write(answer(LateBody()))
        # For the application the client is gone.
        self.cycle.disconnected = True
        self.cycle.message_event.set()
        self.loop.call_later(LINGER, self.transport.close)

    def _stop_body_timer(self) -> None:
        if self._body_timer is not None:
            self._body_timer.cancel()
            self._body_timer = None

    def _late(self) -> None:
        self._cuts.add("head", self._visitor.peer)
        super()._late()


def _is_for_upgrade(name: bytes) -> bool:
    """True if the handshake parses this header."""
    return name in (b"connection", b"upgrade") or name.startswith(b"sec-websocket-")
