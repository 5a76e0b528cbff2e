# SPDX-License-Identifier: Apache-2.0
"""Accepts connections. Each is counted from its first moment on, and one that does not complete TLS is closed."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable

from orca.api.connections.visitors import Visitor, Visitors

HANDSHAKE_SECONDS = 15.0
SILENCE = 60_000
"""Milliseconds that a client may read nothing of what was sent; then the kernel ends the connection."""
BURST = 64
"""Connections accepted in a row before other work gets its turn."""
PAUSE = 0.2
"""Seconds without accepting if the system has no descriptor left and nobody can be cut off."""
NO_DESCRIPTOR = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Acceptor:
    """Takes the place of uvicorn's ``asyncio.Server``.

    ``protocol`` makes the object that serves a visitor; ``context`` is None for a socket without TLS.
    """

    def __init__(
        self,
        bound: socket.socket,
        visitors: Visitors,
        protocol: Callable[[Visitor], asyncio.Protocol],
        context: ssl.SSLContext | None,
    ) -> None:
        self._socket = bound
        self._visitors = visitors
        self._protocol = protocol
        self._context = context
        self._loop = asyncio.get_running_loop()
        self._welcoming: set[asyncio.Task[None]] = set()
        bound.setblocking(False)
        # Accepted sockets inherit it.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE)
        self._loop.add_reader(bound, self._accept)

    def close(self) -> None:
        """Stop accepting, and end the handshakes under way."""
        self._loop.remove_reader(self._socket)
        for task in self._welcoming:
            task.cancel()

    async def wait_closed(self) -> None:
        """Return when no handshake is under way."""
        await asyncio.gather(*self._welcoming, return_exceptions=True)

    def _accept(self) -> None:
        for _ in range(BURST):
            try:
                connection, peer = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in NO_DESCRIPTOR:
                    raise
                if not self._visitors.make_room():
                    self._pause()
                return
            visitor = self._visitors.enter(str(peer[0]))
            if visitor is None:
                connection.close()
                return
            connection.setblocking(False)
            task = self._loop.create_task(self._welcome(connection, visitor))
            visitor.cut = task.cancel
            self._welcoming.add(task)
            task.add_done_callback(self._welcoming.discard)

    async def _welcome(self, connection: socket.socket, visitor: Visitor) -> None:
        """Pass the connection to its protocol, after the handshake if there is one."""
        patience = None if self._context is None else HANDSHAKE_SECONDS
        try:
            await self._loop.connect_accepted_socket(
                lambda: self._protocol(visitor), connection, ssl=self._context, ssl_handshake_timeout=patience
            )
        except BaseException as error:
            if isinstance(error, ConnectionAbortedError):  # the event loop's name for its own time limit
                self._visitors.cuts.add("handshake", visitor.peer)
            visitor.leaves()
            connection.close()
            # Clients that speak no TLS, or leave, are no defect of the server.
            if not isinstance(error, OSError | asyncio.CancelledError):
                raise

    def _pause(self) -> None:
        self._visitors.cuts.add("refused", "unknown")
        self._loop.remove_reader(self._socket)
        self._loop.call_later(PAUSE, self._go_on)

    def _go_on(self) -> None:
        if self._socket.fileno() != -1:
            self._loop.add_reader(self._socket, self._accept)
