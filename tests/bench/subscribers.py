# SPDX-License-Identifier: Apache-2.0
"""Clients that listen to the events of their project."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence

import websockets
from websockets.asyncio.client import ClientConnection

MARK = re.compile(r'"description":"bench-(\d+)"')


class Subscribers:
    """``count`` sockets, dealt out to the projects in turn."""

    def __init__(self) -> None:
        self.seen: defaultdict[int, list[float]] = defaultdict(list)
        """When (on the clock of ``time.monotonic``) each socket saw the change of this number first."""

    @classmethod
    @contextlib.asynccontextmanager
    async def listening(
        cls, url: str, authorization: str, projects: Sequence[str], count: int
    ) -> AsyncIterator[Subscribers]:
        """All connected, for as long as the block lasts."""
        self = cls()
        sockets: list[ClientConnection] = []
        for number in range(count):
            address = f"{url.replace('http', 'ws', 1)}/v2/projects/{projects[number % len(projects)]}/subscribe"
            sockets.append(
                await websockets.connect(
                    f"{address}?eventNames=resource.change",
                    additional_headers={"Authorization": authorization},
                    compression=None,
                    ping_interval=None,
                )
            )
        tasks = [asyncio.create_task(self._listen(socket)) for socket in sockets]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.gather(*(socket.close() for socket in sockets))

    async def _listen(self, socket: ClientConnection) -> None:
        known: set[str] = set()
        async for frame in socket:
            at = time.monotonic()
            assert isinstance(frame, str)
            mark = MARK.search(frame)
            if mark is not None and mark[1] not in known:
                known.add(mark[1])
                self.seen[int(mark[1])].append(at)
