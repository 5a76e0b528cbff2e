# SPDX-License-Identifier: Apache-2.0
"""An agent's WebSocket: commands out, replies and reports in. Source: docs/architecture/wire.md.

Replies go to their callers at once. A worker of the connection handles reports one after another, so that a long one
does not hold up replies. If an agent reports faster than that, its socket is not read meanwhile. An agent that does not
read its frames is cut off.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from orca import wire
from orca.api.agents.queues import Inbox, Outbox
from orca.engine import AgentGone, Behaviour, CommandFailed, Core, Progress
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
CLOSE_TRY_AGAIN = 1013
CLOSE_SECONDS = 5.0
"""Seconds for an agent to read the frame that says why its connection ends."""
REPLY_BYTES = 1024 * 1024
"""Most bytes of an answer: the inspection of a big container."""
COMPLAINTS = 20
"""Most kinds of invalid messages from one connection that are logged."""
MESSAGE_CHARACTERS = 2000
"""Most characters of an answer's message for people."""
CLOSE_REASON_BYTES = 120
"""A close frame's reason has at most 123 bytes (RFC 6455, section 5.5)."""


@dataclass(slots=True)
class Pending:
    """A command without its answer yet."""

    future: asyncio.Future[dict[str, Any]]
    progress: Progress | None


class AgentSocket:
    """The ``AgentConnection`` of one WebSocket."""

    def __init__(self, core: Core, socket: WebSocket, agent_id: int, address: str) -> None:
        self.core = core
        self.socket = socket
        self.agent_id = agent_id
        self.address = address
        self.closed = False
        self._load = core.agents.load
        self._pending: dict[str, Pending] = {}
        self._outbox = Outbox(self._load)
        self._inbox = Inbox(self._load)
        self._ending: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()
        self._unanswered = 0
        self._greeted = False
        self._attached = False
        self._complained: set[str] = set()

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
        self._load.unanswered += 1
        self._transmit(event)
        try:
            return await future
        except asyncio.CancelledError:
            if not self.closed and name != names.PING:
                self.post(names.CANCEL, {"previousIds": [event.id]})
            raise
        finally:
            self._load.unanswered -= 1
            self._pending.pop(event.id, None)

    def post(self, name: str, data: Mapping[str, Any]) -> None:
        """Send an event that has no reply."""
        self._transmit(wire.Event.report(name, dict(data)))

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
                ("end", self._close()),
            )
        ]
        try:
            await self.core.agents.opened(self)
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for part in done:
                part.result()
        finally:
            self.closed = True
            self.core.agents.ended(self)
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)
            self._inbox.close()
            self._outbox.close()
            for pending in list(self._pending.values()):
                if not pending.future.done():
                    pending.future.set_exception(AgentGone())
            await self._depart()

    def deliver(self, event: wire.Event) -> bool:
        """Give a reply to its caller; return False if nobody waits for it."""
        self._unanswered = 0
        pending = next((self._pending[id] for id in event.previous_ids if id in self._pending), None)
        if pending is None:
            return False
        said = wire.plain_text(event.transitioning_message or "", MESSAGE_CHARACTERS)
        if event.transitioning == "yes":
            if pending.progress is not None:
                percent = event.transitioning_progress
                pending.progress(said or None, None if percent is None else max(0, min(100, percent)))
        elif not pending.future.done():
            if event.transitioning == "error":
                pending.future.set_exception(CommandFailed(said or "the agent gave no reason", event.data))
            else:
                pending.future.set_result(event.data)
        return True

    async def _receive(self) -> None:
        while True:
            try:
                text = await self.socket.receive_text()
                frame = wire.receive(text)
                self._unanswered = 0
                if frame.previous_ids:
                    self._answered(frame, len(text))
                else:
                    await self._inbox.put(frame, len(text))
            except (WebSocketDisconnect, KeyError):
                return
            except wire.WireError as error:
                self._end(CLOSE_POLICY, str(error))
                await asyncio.Event().wait()

    def _answered(self, frame: wire.Incoming, size: int) -> None:
        """Take a reply. One that nobody waits for, or that is too long, is not parsed."""
        if not any(id in self._pending for id in frame.previous_ids):
            return
        if size > REPLY_BYTES:
            frame.data = msgspec.Raw(b"{}")
            frame.transitioning, frame.transitioning_message = "error", "the agent's answer is longer than 1 MiB"
        self.deliver(frame.event())

    async def _send(self) -> None:
        while True:
            frame = await self._outbox.get()
            try:
                await self.socket.send_text(frame)
            except (WebSocketDisconnect, RuntimeError, OSError):
                return
            self._outbox.sent(frame)

    async def _close(self) -> None:
        """Say why the connection ends, when it does; waiting frames are not sent."""
        code, reason = await self._ending
        text = reason.encode()[:CLOSE_REASON_BYTES].decode(errors="ignore")
        with contextlib.suppress(TimeoutError, WebSocketDisconnect, RuntimeError, OSError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.socket.close(code, text)

    async def _work(self) -> None:
        try:
            async with asyncio.timeout(HELLO_TIMEOUT):
                event = await self._inbox.get()
        except TimeoutError:
            event = None
        if event is None or event.name != names.HELLO:
            self._end(CLOSE_POLICY, f"{names.HELLO} is expected first")
            await asyncio.Event().wait()
            return
        self._greeted = True
        problem = await self._greet(event)
        if problem is not None:
            # Nobody else would handle this host: the agent must say hello again.
            self._end(CLOSE_ERROR, f"the server could not take in {names.HELLO}: {problem}")
            await asyncio.Event().wait()
        if not self.closed:
            self.core.agents.attach(self)
            self._attached = True
            await self._emit("connected", None)
        while not isinstance(await self._handle(await self._inbox.get()), NoSpace):
            pass
        # The report would be lost; the agent's next hello reports everything again.
        self._end(CLOSE_ERROR, str(NoSpace()))
        await asyncio.Event().wait()

    async def _greet(self, event: wire.Incoming) -> Exception | None:
        """Handle a hello. Few are handled at the same time, however many agents come."""
        self._load.greetings += 1
        try:
            async with self.core.agents.greeting:
                return await self._handle(event)
        finally:
            self._load.greetings -= 1

    async def _handle(self, event: wire.Incoming) -> Exception | None:
        """Handle a report; return the reason if that failed."""
        form = wire.FORMS.get(event.name)
        if form is None:
            self._load.refused += 1
            self._complain(event.name, "which nobody handles")
            return None
        try:
            report = wire.sound(event.read(form))
        except wire.WireError as error:
            self._load.refused += 1
            self._complain(event.name, f"which makes no sense: {error}")
            return error
        self._load.reports += 1
        return await self._emit(event.name, report)

    def _complain(self, name: str, why: str) -> None:
        """Log what an agent should not have sent, once for each name, because it may repeat it without end."""
        shown = wire.plain_text(name, 64)
        if shown not in self._complained and len(self._complained) < COMPLAINTS:
            self._complained.add(shown)
            log.warning("agent %s sent %s, %s", self.agent_id, shown, wire.plain_text(why, MESSAGE_CHARACTERS))

    async def _emit(self, name: str, report: wire.Message | None) -> Exception | None:
        """Run every handler; return the last error, if any."""
        problem = None
        WORK.set(Work(owner=("agent", self.agent_id), name=f"{name} of {ids.show('agent', self.agent_id)}"))
        for handler in self.core.part(Behaviour).agent_events.get(name, ()):
            if self.closed and name != "disconnected":
                return problem
            try:
                await handler(self.core, self, report)
            except Exception as error:
                problem = error
                self._load.failed += 1
                # One report that cannot be handled must not end the connection: the rest of the host is fine.
                log.exception("agent %s: %s could not be handled", self.agent_id, name)
        return problem

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING_INTERVAL)
            if self._inbox.full:
                continue  # its answers wait behind its reports
            if self._unanswered >= MISSED_PINGS:
                log.warning("agent %s at %s is silent", self.agent_id, self.address)
                self._end(CLOSE_GOING_AWAY, "no answer to pings")
                return
            self._unanswered += 1
            self._transmit(wire.Event.request(names.PING))

    async def _stop(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        self._end(CLOSE_GOING_AWAY, "the server stops")
        await asyncio.Event().wait()

    def _transmit(self, event: wire.Event) -> None:
        if not self._outbox.offer(wire.encode(event)) and not self.closed:
            self._load.cut += 1
            log.warning("agent %s at %s does not read its frames", self.agent_id, self.address)
            self._end(CLOSE_TRY_AGAIN, "the agent does not read its frames")

    def _end(self, code: int, reason: str) -> None:
        self.closed = True
        if not self._ending.done():
            self._ending.set_result((code, reason))

    async def _depart(self) -> None:
        """Tell the other parts, unless the agent was refused or has reconnected."""
        if self._attached:
            left = self.core.agents.detach(self)
        else:
            left = self._greeted and self.core.agents.get(self.agent_id) is None
        if left:
            await self._emit("disconnected", None)
