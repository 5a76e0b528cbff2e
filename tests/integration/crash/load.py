# SPDX-License-Identifier: Apache-2.0
"""Mixed changes of containers, sent by several workers that outlive the server and write down what it acknowledged."""

from __future__ import annotations

import asyncio
import random

import httpx
from journal import CREATE, DESCRIBE, REMOVE, RESTART, START, STOP, Change, Journal
from realserver import RealServer

WORKERS = 8
FEW, MANY = 3, 12  # containers of one worker
FAIL = "compute.instance.activate::fail"


class Load:
    """Workers that make changes until ``total``; they pause at ``allowed`` and while the server is down."""

    def __init__(self, server: RealServer, journal: Journal, total: int, seed: int) -> None:
        self.server = server
        self.journal = journal
        self.total = total
        self.allowed = 0
        self._seed = seed
        self._up = asyncio.Event()
        self._go = asyncio.Condition()

    async def allow(self, more: int) -> None:
        """Let the workers make so many changes more."""
        async with self._go:
            self.allowed = min(self.total, self.allowed + more)
            self._go.notify_all()

    def server_is(self, up: bool) -> None:
        """Say whether there is anybody to talk to."""
        if up:
            self._up.set()
        else:
            self._up.clear()

    async def run(self) -> None:
        """All workers, to their end."""
        async with asyncio.TaskGroup() as tasks:
            for number in range(WORKERS):
                tasks.create_task(self._work(random.Random(self._seed * 1000 + number)))

    async def _turn(self) -> bool:
        """Wait for the next change to be allowed; False when there are enough."""
        async with self._go:
            await self._go.wait_for(
                lambda: len(self.journal.changes) < self.allowed or len(self.journal.changes) >= self.total
            )
            return len(self.journal.changes) < self.total

    async def _work(self, lot: random.Random) -> None:
        own: list[str] = []
        while await self._turn():
            verb = CREATE if len(own) < FEW else lot.choice([START, STOP, STOP, RESTART, REMOVE, DESCRIBE, DESCRIBE])
            if len(own) < MANY and lot.random() < 0.3:
                verb = CREATE
            change = Change(verb, lot.choice(own) if verb != CREATE else None)
            if verb == DESCRIBE:
                change.text = f"text {lot.getrandbits(40)}"
            change.fails = verb == CREATE and lot.random() < 0.1
            self.journal.changes.append(change)
            async with self._go:
                self._go.notify_all()
            await self._up.wait()
            try:
                answer = await self._send(change)
            except httpx.TransportError:
                # Nobody knows whether it happened.
                self._up.clear()
                continue
            if answer.status_code >= 400:
                # Not in that state; nothing changed.
                assert answer.status_code in (405, 422), answer.text
                self.journal.changes.remove(change)
                continue
            change.acknowledged = True
            change.container = answer.json()["id"]
            if verb == CREATE and not change.fails:
                own.append(change.container)
            elif verb == REMOVE:
                own.remove(change.container)

    async def _send(self, change: Change) -> httpx.Response:
        path = f"containers/{change.container}"
        if change.verb == CREATE:
            labels = {FAIL: "yes"} if change.fails else {}
            return await self.server.call("POST", "containers", {"imageUuid": "sim:1", "labels": labels})
        if change.verb == DESCRIBE:
            return await self.server.call("PUT", path, {"description": change.text})
        if change.verb == REMOVE:
            return await self.server.call("DELETE", path)
        return await self.server.call("POST", f"{path}?action={change.verb}", {})
