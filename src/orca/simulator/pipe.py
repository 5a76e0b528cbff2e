# SPDX-License-Identifier: Apache-2.0
"""The server's end of a connection to a simulated agent in the same process."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from orca import wire
from orca.engine import AgentGone, CommandFailed, Progress
from orca.simulator.faults import NONE, Faults
from orca.simulator.host import Driver, Said
from orca.wire import names


class Pipe(ABC):
    """An ``orca.engine.AgentConnection`` to a simulated agent; it lasts until ``hang_up``."""

    def __init__(self, agent_id: int, driver: Driver) -> None:
        self.agent_id = agent_id
        self.address = driver.agent.host.address
        self.closed = False
        self.driver = driver
        self._pending: dict[str, tuple[asyncio.Future[dict[str, Any]], Progress | None]] = {}
        driver.transmit, driver.silenced = self._take, self.silenced

    async def request(
        self,
        name: str,
        data: Mapping[str, Any],
        *,
        resource_type: str | None = None,
        resource_id: str | None = None,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """Send a command and wait for its answer's data; see ``orca.engine.AgentConnection``."""
        event = wire.Event.request(name, dict(data))
        event.resource_type, event.resource_id = resource_type, resource_id
        return await self.ask(event, progress)

    async def ask(self, event: wire.Event, progress: Progress | None = None, faults: Faults = NONE) -> dict[str, Any]:
        """Send one command with its faults, and wait for its answer's data."""
        if self.closed:
            raise AgentGone
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._pending[event.id] = (future, progress)
        try:
            self.driver.receive(event, faults)
            return await future
        except asyncio.CancelledError:
            if not self.closed:
                self.post(names.CANCEL, {"previousIds": [event.id]})
            raise
        finally:
            self._pending.pop(event.id, None)

    def post(self, name: str, data: Mapping[str, Any]) -> None:
        """Send an event that has no reply."""
        self.driver.receive(wire.Event.report(name, dict(data)))

    def hang_up(self) -> None:
        """End the connection; callers who wait for an answer get ``AgentGone``."""
        self.closed = True
        self.driver.stop()
        for future, _ in self._pending.values():
            if not future.done():
                future.set_exception(AgentGone())

    # -- what each kind of connection decides --------------------------------------------------------------------------

    @abstractmethod
    def reported(self, said: Said) -> None:
        """Take a report of the agent."""

    def silenced(self) -> None:
        """End the connection: a fault has made the agent fall silent."""
        self.hang_up()

    def _take(self, said: Said) -> None:
        reply = said.event
        if not reply.previous_ids:
            self.reported(said)
            return
        future, progress = self._pending.get(reply.previous_ids[0], (None, None))
        if reply.transitioning == "yes":
            if progress is not None:
                progress(reply.transitioning_message, reply.transitioning_progress)
        elif future is not None and not future.done():
            if reply.transitioning == "error":
                future.set_exception(CommandFailed(reply.transitioning_message or ""))
            else:
                future.set_result(reply.data)
