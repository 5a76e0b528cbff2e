# SPDX-License-Identifier: Apache-2.0
"""Questions to programs outside the server, and their replies. The first reply that is not progress counts.

The floor above passes questions on to listeners; without a listener a question times out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from orca import wire
from orca.engine.agents import Progress
from orca.engine.errors import CommandFailed

Key: TypeAlias = tuple[str, int]
Hear: TypeAlias = Callable[[wire.Event, Key | None], None]
"""Called with each event and the resource (root type, id) that it is about."""


class Exchange:
    """Events out, replies in."""

    def __init__(self) -> None:
        self.listeners: list[Hear] = []
        self._asked: dict[str, tuple[asyncio.Future[wire.Event], Progress | None]] = {}

    def publish(self, event: wire.Event, about: Key | None = None) -> None:
        """Hand an event to the listeners."""
        for hear in self.listeners:
            hear(event, about)

    async def ask(
        self,
        event: wire.Event,
        about: Key,
        timeout: float,  # noqa: ASYNC109
        progress: Progress | None = None,
    ) -> wire.Event:
        """Publish an event and wait for its reply. Raises ``CommandFailed`` and ``TimeoutError``."""
        future: asyncio.Future[wire.Event] = asyncio.get_running_loop().create_future()
        self._asked[event.id] = (future, progress)
        try:
            async with asyncio.timeout(timeout):
                self.publish(event, about)
                reply = await future
        finally:
            del self._asked[event.id]
        if reply.transitioning == "error":
            raise CommandFailed(reply.transitioning_message or f"{event.name}: the handler gave no reason", reply.data)
        return reply

    def reply(self, event: wire.Event) -> bool:
        """Take a reply from outside; return False if nobody waits for it."""
        for id in event.previous_ids:
            if id in self._asked:
                future, progress = self._asked[id]
                if event.transitioning == "yes":
                    if progress is not None:
                        progress(event.transitioning_message, event.transitioning_progress)
                elif not future.done():
                    future.set_result(event)
                return True
        return False
