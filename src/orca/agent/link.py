# SPDX-License-Identifier: Apache-2.0
"""Where the agent's events go: to the present connection, or nowhere while there is none.

Nothing is kept for later: after a gap the hello reports everything, and the server repeats the commands whose replies
it missed.
"""

import asyncio

from orca.wire import Event


class Link:
    """The way to the server. One connection at a time is attached."""

    def __init__(self) -> None:
        """Begin without a connection."""
        self._outbox: asyncio.Queue[Event] | None = None

    def attach(self) -> asyncio.Queue[Event]:
        """Begin to collect events for a new connection and return their queue.

        Unbounded on purpose: a server that stops reading also stops sending pings, and the connection is then closed
        within seconds together with its queue.
        """
        self._outbox = asyncio.Queue()
        return self._outbox

    def detach(self, outbox: asyncio.Queue[Event]) -> None:
        """Forget a connection that ended; a newer one stays."""
        if self._outbox is outbox:
            self._outbox = None

    def send(self, event: Event) -> None:
        """Send ``event`` if the server can be reached now."""
        if self._outbox is not None:
            self._outbox.put_nowait(event)
