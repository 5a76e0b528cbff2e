# SPDX-License-Identifier: Apache-2.0
"""uvicorn on the server's sockets, with its own way of accepting connections."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Generator
from typing import Any

import uvicorn

from orca.api.connections import tls
from orca.api.connections.acceptor import Acceptor
from orca.api.connections.head import HEAD_BYTES, HEAD_LINES
from orca.api.connections.http import Connection
from orca.api.connections.visitors import Visitor, Visitors

GRACE = 1
"""Seconds that requests under way get when the server stops."""
WS_MAX_BYTES = 4 * 1024 * 1024
"""Largest frame: the first hello of a full host."""
WS_PING = 30.0
"""Seconds between the pings that keep proxies from cutting quiet connections; nobody must answer in time."""
KEEP_ALIVE = 75
"""Seconds that an idle connection stays open: longer than clients and proxies keep theirs (60 s as a rule), or they
would send a request just when it closes."""


class Listener(uvicorn.Server):
    """uvicorn without its own signal handling: the process has one stop for all listeners."""

    def __init__(self, config: uvicorn.Config, visitors: Visitors) -> None:
        super().__init__(config)
        self._visitors = visitors

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave signals to ``run``."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept connections on the sockets."""
        acceptors = [Acceptor(bound, self._visitors, self._protocol, self.config.ssl) for bound in sockets or ()]
        self.servers = acceptors  # type: ignore[assignment]
        self.started = True

    def _protocol(self, visitor: Visitor) -> Connection:
        return Connection(visitor, self._visitors.cuts, self.config, self.server_state, {})


def make_listeners(
    app: Callable[..., Any],
    visitors: Visitors,
    identity: tls.Identity,
    clear: list[socket.socket],
    secure: list[socket.socket],
) -> list[tuple[Listener, list[socket.socket]]]:
    """One uvicorn server of the ASGI application ``app`` for the sockets with TLS and one for those without."""
    # Read when the library is imported: what `BoundedHead` lets through is not refused there.
    os.environ["WEBSOCKETS_MAX_LINE_LENGTH"] = str(HEAD_BYTES)
    os.environ["WEBSOCKETS_MAX_NUM_HEADERS"] = str(HEAD_LINES)
    from orca.api.connections.websocket import Upgraded

    listeners = []
    for own, certificate in ((clear, None), (secure, identity)):
        if own:
            config = uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                proxy_headers=False,
                server_header=False,
                ws=Upgraded,
                ws_max_size=WS_MAX_BYTES,
                ws_ping_interval=WS_PING,
                ws_ping_timeout=None,
                ws_per_message_deflate=False,
                timeout_keep_alive=KEEP_ALIVE,
                timeout_graceful_shutdown=GRACE,
                ssl_certfile=None if certificate is None else str(certificate.certificate),
                ssl_keyfile=None if certificate is None else str(certificate.key),
            )
            config.load()
            listeners.append((Listener(config, visitors), own))
    return listeners
