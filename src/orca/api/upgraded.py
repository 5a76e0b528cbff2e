# SPDX-License-Identifier: Apache-2.0
"""A connection that became a WebSocket."""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from orca.api.visitors import Visitor


class Upgraded(WebSocketsSansIOProtocol):
    """Tells its ``Visitor`` when the connection is gone."""

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        visitor: Visitor = self.app_state["visitor"]
        visitor.leaves()
        super().connection_lost(exc)
