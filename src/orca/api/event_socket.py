# SPDX-License-Identifier: Apache-2.0
"""A client's event stream: ``resource.change`` for what the caller may see. Source: section 8 of the v1 description.

The first change of a resource goes out at once; more of them within a second go out together at its end. Resources are
shown as they are at that time, so a slow client gets the present state, never a backlog.
"""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from orca.api import listing
from orca.api.ask import Ask
from orca.api.callers import Caller
from orca.api.operations import Operation
from orca.engine import Services
from orca.resources import ids
from orca.store import Change, Overflow, ReadTx, now_ms

PING_INTERVAL = 5.0
COALESCE = 1.0
QUEUE_LIMIT = 10_000
CLOSE_GOING_AWAY = 1001
CLOSE_OVERFLOW = 1013
"""Try again later (IANA registry of close codes): the client lists again and subscribes anew."""


@dataclass
class EventSocket:
    """One subscriber."""

    services: Services
    socket: WebSocket
    ask: Ask
    caller: Caller
    _sent: dict[tuple[str, int], float] = field(default_factory=dict)
    _waiting: dict[tuple[str, int], Change] = field(default_factory=dict)

    async def serve(self, stopping: asyncio.Event) -> None:
        """Send events until the client leaves or the server stops."""
        parts = [
            asyncio.create_task(work)
            for work in (self._receive(), self._ping(), self._changes(), self._coalesced(), stopping.wait())
        ]
        try:
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            if parts[-1] in done:
                await self.socket.close(CLOSE_GOING_AWAY)
            for part in done:
                part.result()
        except (WebSocketDisconnect, RuntimeError, OSError):
            return
        finally:
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)

    async def _receive(self) -> None:
        while True:
            await self.socket.receive_text()

    async def _ping(self) -> None:
        while True:
            await self._event("ping")
            await asyncio.sleep(PING_INTERVAL)

    async def _changes(self) -> None:
        names = [value.partition(";")[0] for key, value in self.ask.query if key == "eventNames"]
        if names and "resource.change" not in names:
            await asyncio.Event().wait()
        with self.services.db.bus.subscribe(limit=QUEUE_LIMIT) as changes:
            while True:
                try:
                    batch = await changes.batch()
                except Overflow:
                    await self._event("resume.expired")
                    await self.socket.close(CLOSE_OVERFLOW)
                    return
                now = asyncio.get_running_loop().time()
                due = {(change.root, change.id): change for change in batch}
                for key in [key for key in due if now - self._sent.get(key, -COALESCE) < COALESCE]:
                    self._waiting[key] = due.pop(key)
                await self._send(list(due.values()))

    async def _coalesced(self) -> None:
        while True:
            await asyncio.sleep(COALESCE)
            waiting, self._waiting = list(self._waiting.values()), {}
            now = asyncio.get_running_loop().time()
            self._sent = {key: sent for key, sent in self._sent.items() if now - sent < COALESCE}
            await self._send(waiting)

    async def _send(self, changes: list[Change]) -> None:
        wanted = [change for change in changes if self.caller.view.of(change.type) is not None]
        if not wanted:
            return
        now = asyncio.get_running_loop().time()
        self._sent.update(((change.root, change.id), now) for change in wanted)
        for resource in await self.services.db.read(lambda tx: self._show(tx, wanted)):
            await self._event(
                "resource.change",
                resourceType=resource["type"],
                resourceId=resource["id"],
                data={"resource": resource},
            )

    def _show(self, tx: ReadTx, changes: list[Change]) -> list[dict[str, Any]]:
        operation = Operation(tx, self.services, self.ask, self.caller)
        shown = []
        for change in changes:
            record = listing.visible(tx, self.caller, change.type, change.id)
            if record is not None:
                shown.append(operation.renderer().show(record))
            elif tx.get(change.root, change.id) is None:
                type = self.caller.view.of(change.type)
                assert type is not None
                shown.append({"id": ids.show(change.root, change.id), "type": type.name, "state": "removed"})
        return shown

    async def _event(self, name: str, **fields: Any) -> None:
        event = {"id": str(uuid.uuid4()), "name": name, "time": now_ms(), **fields}
        await self.socket.send_text(msgspec.json.encode(event).decode())
