# SPDX-License-Identifier: Apache-2.0
"""The connected agents.

The WebSocket behind a connection lives in ``orca.api``; a simulated agent can stand in for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

Progress: TypeAlias = Callable[[str | None, int | None], None]
"""Called with a message and a percentage for each reply that only reports progress."""


class AgentConnection(Protocol):
    """One live agent. ``address`` is where it calls from, for people to read."""

    @property
    def agent_id(self) -> int:
        """The agent row."""

    @property
    def address(self) -> str:
        """The remote address."""

    @property
    def closed(self) -> bool:
        """True if it has ended, or was refused."""

    async def request(
        self,
        name: str,
        data: Mapping[str, Any],
        *,
        resource_type: str | None = None,
        resource_id: str | None = None,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """Send a command and wait for its answer's data.

        Raises ``CommandFailed`` for an error reply and ``AgentGone`` when the connection ends. Cancelling the wait
        sends ``command.cancel``.
        """

    def post(self, name: str, data: Mapping[str, Any]) -> None:
        """Send an event that has no reply."""

    async def close(self, reason: str) -> None:
        """End the connection, telling the agent why."""


GREETINGS = 8
"""Hellos that are handled at the same time. After a restart all agents come at once, and users' requests go on."""


MOST_CONNECTIONS = 8
"""Most connections of one agent. While its network comes and goes, some are dead, which the server cannot tell."""


@dataclass
class Load:
    """Figures of the sockets of all agents: what waits in them now, and what went wrong so far."""

    waiting_bytes: int = 0
    """Bytes of reports that were read and are not handled yet."""
    outgoing_bytes: int = 0
    """Bytes of frames that agents have not taken yet."""
    unanswered: int = 0
    """Commands without an answer."""
    greetings: int = 0
    """Agents whose hello waits, or is being handled."""
    reports: int = 0
    refused: int = 0
    """Reports that made no sense, or that nobody handles."""
    failed: int = 0
    """Reports that could not be handled."""
    cut: int = 0
    """Connections that the server ended because the agent did not read, or opened too many."""


class AgentConnections:
    """Which agents are connected to this server, by agent id."""

    def __init__(self) -> None:
        self.load = Load()
        self.greeting = asyncio.Semaphore(GREETINGS)
        """Held while a hello is handled."""
        self._connections: dict[int, AgentConnection] = {}
        self._open: dict[int, list[AgentConnection]] = {}
        self._changed: dict[int, asyncio.Event] = {}

    def get(self, agent_id: int | None) -> AgentConnection | None:
        """The live connection of an agent, or None."""
        return None if agent_id is None else self._connections.get(agent_id)

    def all(self) -> list[AgentConnection]:
        """Every live connection."""
        return list(self._connections.values())

    async def opened(self, connection: AgentConnection) -> None:
        """Count the connection of an agent that dialled. Of too many, the oldest that is not in use is ended."""
        mine = self._open.setdefault(connection.agent_id, [])
        mine.append(connection)
        if len(mine) > MOST_CONNECTIONS:
            spare = next(each for each in mine if each is not self._connections.get(each.agent_id))
            mine.remove(spare)
            self.load.cut += 1
            await spare.close(f"this agent has more than {MOST_CONNECTIONS} connections")

    def ended(self, connection: AgentConnection) -> None:
        """Forget a connection that has ended, whether it was ever in use or not."""
        mine = self._open.get(connection.agent_id, [])
        if connection in mine:
            mine.remove(connection)
        if not mine:
            self._open.pop(connection.agent_id, None)

    def attach(self, connection: AgentConnection) -> None:
        """Use the connection for commands from now on; callers who wait for the agent go on."""
        self._connections[connection.agent_id] = connection
        event = self._changed.pop(connection.agent_id, None)
        if event is not None:
            event.set()

    def detach(self, connection: AgentConnection) -> bool:
        """Stop using a connection; return False if the agent is already connected again."""
        if self._connections.get(connection.agent_id) is not connection:
            return False
        del self._connections[connection.agent_id]
        return True

    async def wait(self, agent_id: int) -> AgentConnection:
        """Wait until the agent has a connection, and return it."""
        while (connection := self._connections.get(agent_id)) is None:
            await self._changed.setdefault(agent_id, asyncio.Event()).wait()
        return connection
