# SPDX-License-Identifier: Apache-2.0
"""The agents' ends of streams: requested over the command socket, opened by a connection with a one-time ticket."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from dataclasses import dataclass, field

from starlette.websockets import WebSocket, WebSocketDisconnect

from orca import wire
from orca.engine import AgentConnection, AgentGone, CommandFailed, Core
from orca.resources.errors import Refused
from orca.wire import names

OPEN_SECONDS = 15.0
"""Seconds until an agent must have opened a stream."""
ARRIVE_SECONDS = 2.0
"""Seconds between an agent's reply and its connection."""


@dataclass(eq=False)
class Backend:
    """One agent's end of a stream. ``cut``: the agent is gone; ``done``: the connection is no longer needed."""

    agent_id: int
    socket: WebSocket
    cut: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)


class Backends:
    """The streams that are requested or open."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._expected: dict[str, tuple[int, asyncio.Future[Backend]]] = {}
        self._open: set[Backend] = set()

    def __len__(self) -> int:
        """The number of streams that are requested or open."""
        return len(self._open) + len(self._expected)

    async def open(self, agent_id: int, source: wire.StreamSource) -> Backend:
        """Request a stream from an agent; the caller sets its ``done`` at the end.

        Raises:
            Refused: 503, with the agent's reason.
        """
        connection = self._core.agents.get(agent_id)
        if connection is None:
            raise unavailable("the host's agent is not connected")
        ticket = secrets.token_urlsafe(32)
        future: asyncio.Future[Backend] = asyncio.get_running_loop().create_future()
        self._expected[ticket] = (agent_id, future)
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                await connection.request(names.OPEN_STREAM, wire.to_data(wire.OpenStream(ticket, source)))
            async with asyncio.timeout(ARRIVE_SECONDS):
                return await future
        except CommandFailed as error:
            raise unavailable(error.message) from None
        except (AgentGone, TimeoutError):
            raise unavailable("the host's agent does not answer") from None
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():  # it came just now
                future.result().done.set()
            raise
        finally:
            self._expected.pop(ticket, None)

    async def serve(self, ticket: str, agent_id: int, socket: WebSocket) -> None:
        """An agent opens a stream: keep its connection while it is needed. Raises ``Refused`` with 403."""
        expected = self._expected.get(ticket)
        if expected is None or expected[0] != agent_id:
            raise Refused("Forbidden", "nobody waits for this stream", status=403)
        del self._expected[ticket]
        await socket.accept()
        backend = Backend(agent_id, socket)
        self._open.add(backend)
        try:
            if not expected[1].done():
                expected[1].set_result(backend)
                await backend.done.wait()
        finally:
            self._open.discard(backend)
            with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError):  # the agent closed it first
                await socket.close()

    async def disconnected(self, core: Core, connection: AgentConnection, _: None) -> None:
        """An agent's command socket ended: so do its streams."""
        for backend in self._open:
            if backend.agent_id == connection.agent_id:
                backend.cut.set()


def unavailable(message: str) -> Refused:
    """503 in the API's words."""
    return Refused("Service Unavailable", message, status=503)
