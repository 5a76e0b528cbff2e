# SPDX-License-Identifier: Apache-2.0
"""An agent's WebSocket: commands out, replies and reports in. Source: docs/architecture.md, section 4.

Replies are handed to whoever waits at once; reports are handled one after another by a worker of the connection, so
that a long one does not hold up replies.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from orca import wire
from orca.engine import AgentGone, CommandFailed, Progress, Services
from orca.resources import ids
from orca.store import WORK, NoSpace, Work
from orca.wire import names

log = logging.getLogger(__name__)

PING_INTERVAL = 5.0
MISSED_PINGS = 3
HELLO_TIMEOUT = 15.0
CLOSE_POLICY = 1008
CLOSE_GOING_AWAY = 1001
CLOSE_ERROR = 1011
CLOSE_REASON_BYTES = 120
"""A close frame's reason has at most 123 bytes (RFC 6455, section 5.5)."""


@dataclass(slots=True)
class Pending:
    """A command without its answer yet."""

    future: asyncio.Future[dict[str, Any]]
    progress: Progress | None


@dataclass(eq=False)
class AgentSocket:
    """The ``AgentConnection`` of one WebSocket."""

    services: Services
    socket: WebSocket
    agent_id: int
    address: str
    closed: bool = False
    _pending: dict[str, Pending] = field(default_factory=dict)
    _outgoing: asyncio.Queue[wire.Event | tuple[int, str]] = field(default_factory=asyncio.Queue)
    _reports: asyncio.Queue[wire.Event] = field(default_factory=asyncio.Queue)
    _unanswered: int = 0
    _greeted: bool = False
    _attached: bool = False

    # -- AgentConnection ---------------------------------------------------------------------------------------------

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
        if self.closed:
            raise AgentGone
        event = wire.Event.request(name, dict(data))
        event.resource_type, event.resource_id = resource_type, resource_id
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._pending[event.id] = Pending(future, progress)
        self._outgoing.put_nowait(event)
        try:
            return await future
        except asyncio.CancelledError:
            if not self.closed and name != names.PING:
                self.post(names.CANCEL, {"previousIds": [event.id]})
            raise
        finally:
            self._pending.pop(event.id, None)

    def post(self, name: str, data: Mapping[str, Any]) -> None:
        """Send an event that has no reply."""
        self._outgoing.put_nowait(wire.Event.report(name, dict(data)))

    async def close(self, reason: str) -> None:
        """End the connection; the agent reads why in the close frame."""
        self._end(CLOSE_POLICY, reason)

    # -- the connection's life ---------------------------------------------------------------------------------------

    async def serve(self, stopping: asyncio.Event) -> None:
        """Work until either side ends the connection, or the server stops."""
        parts = [
            asyncio.create_task(work, name=f"agent {self.agent_id} {name}")
            for name, work in (
                ("in", self._receive()),
                ("out", self._send()),
                ("reports", self._work()),
                ("ping", self._ping()),
                ("stop", self._stop(stopping)),
            )
        ]
        try:
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for part in done:
                part.result()
        finally:
            self.closed = True
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)
            for pending in list(self._pending.values()):
                if not pending.future.done():
                    pending.future.set_exception(AgentGone())
            await self._depart()

    def deliver(self, event: wire.Event) -> bool:
        """Give a reply to who waits for it; False when nobody does (any more)."""
        self._unanswered = 0
        pending = next((self._pending[id] for id in event.previous_ids if id in self._pending), None)
        if pending is None:
            return False
        if event.transitioning == "yes":
            if pending.progress is not None:
                pending.progress(event.transitioning_message, event.transitioning_progress)
        elif not pending.future.done():
            if event.transitioning == "error":
                message = event.transitioning_message or "the agent gave no reason"
                pending.future.set_exception(CommandFailed(message, event.data))
            else:
                pending.future.set_result(event.data)
        return True

    async def _receive(self) -> None:
        while True:
            try:
                event = wire.decode(await self.socket.receive_text())
            except (WebSocketDisconnect, KeyError):
                return
            except wire.WireError as error:
                self._end(CLOSE_POLICY, str(error))
                await self._outgoing.join()
                return
            self._unanswered = 0
            if event.previous_ids:
                self.deliver(event)
            else:
                self._reports.put_nowait(event)

    async def _send(self) -> None:
        while True:
            item = await self._outgoing.get()
            try:
                if isinstance(item, tuple):
                    code, reason = item
                    await self.socket.close(code, reason.encode()[:CLOSE_REASON_BYTES].decode(errors="ignore"))
                    return
                await self.socket.send_text(wire.encode(item))
            except (WebSocketDisconnect, RuntimeError, OSError):
                return
            finally:
                self._outgoing.task_done()

    async def _work(self) -> None:
        try:
            async with asyncio.timeout(HELLO_TIMEOUT):
                event = await self._reports.get()
        except TimeoutError:
            event = None
        if event is None or event.name != names.HELLO:
            self._end(CLOSE_POLICY, f"{names.HELLO} is expected first")
            await asyncio.Event().wait()
            return
        self._greeted = True
        problem = await self._handle(event)
        if problem is not None:
            # Nobody else would look at this host again: the agent says it anew.
            self._end(CLOSE_ERROR, f"the server could not take in {names.HELLO}: {problem}")
            await asyncio.Event().wait()
        if not self.closed:
            self.services.agents.attach(self)
            self._attached = True
            await self._emit("connected", {})
        while not isinstance(await self._handle(await self._reports.get()), NoSpace):
            pass
        # What it reports would be lost: it says all of it again with its next hello.
        self._end(CLOSE_ERROR, str(NoSpace()))
        await asyncio.Event().wait()

    async def _handle(self, event: wire.Event) -> Exception | None:
        return await self._emit(event.name, event.data)

    async def _emit(self, name: str, data: dict[str, Any]) -> Exception | None:
        """Have every handler do its part; the last error of those that could not."""
        problem = None
        WORK.set(Work(owner=("agent", self.agent_id), name=f"{name} of {ids.show('agent', self.agent_id)}"))
        handlers = self.services.behaviour.agent_events.get(name)
        if handlers is None and name not in ("connected", "disconnected"):
            log.warning("agent %s sent %s, which nobody handles", self.agent_id, name)
        for handler in handlers or ():
            if self.closed and name != "disconnected":
                return problem
            try:
                await handler(self.services, self, data)
            except Exception as error:
                problem = error
                # One report that cannot be handled must not end the connection: the rest of the host is fine.
                log.exception("agent %s: %s could not be handled", self.agent_id, name)
        return problem

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING_INTERVAL)
            if self._unanswered >= MISSED_PINGS:
                log.warning("agent %s at %s is silent", self.agent_id, self.address)
                self._end(CLOSE_GOING_AWAY, "no answer to pings")
                return
            self._unanswered += 1
            event = wire.Event.request(names.PING)
            self._outgoing.put_nowait(event)

    async def _stop(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        self._end(CLOSE_GOING_AWAY, "the server stops")
        await asyncio.Event().wait()

    def _end(self, code: int, reason: str) -> None:
        self.closed = True
        self._outgoing.put_nowait((code, reason))

    async def _depart(self) -> None:
        """Tell the other parts, unless the agent was refused or is here again already."""
        if self._attached:
            left = self.services.agents.detach(self)
        else:
            left = self._greeted and self.services.agents.get(self.agent_id) is None
        if left:
            await self._emit("disconnected", {})
