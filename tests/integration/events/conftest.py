# SPDX-License-Identifier: Apache-2.0
"""A real server process, and clients that listen to it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio
import websockets
from websockets.asyncio.client import ClientConnection

sys.path.insert(0, str(Path(__file__).parent.parent))

from realserver import RealServer

WAIT = 20.0


class Listener:
    """One open subscription."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.cursor = ""

    async def event(self) -> dict[str, Any]:
        """The next frame."""
        async with asyncio.timeout(WAIT):
            event = dict(json.loads(await self.socket.recv()))
        self.cursor = event["cursor"]
        return event

    async def named(self, name: str) -> dict[str, Any]:
        """The next frame of a name."""
        while (event := await self.event())["name"] != name:
            pass
        return event

    async def change(self, resource_id: str, **shown: Any) -> dict[str, Any]:
        """The next change of a resource that shows these values; pings alone do not go on for ever."""
        async with asyncio.timeout(WAIT):
            return await self._change(resource_id, shown)

    async def _change(self, resource_id: str, shown: dict[str, Any]) -> dict[str, Any]:
        while True:
            event = await self.named("resource.change")
            resource = dict(event["data"]["resource"])
            if event["resourceId"] == resource_id and shown.items() <= resource.items():
                return resource

    async def end(self) -> tuple[list[str], int]:
        """The names of the frames to the end, and the code that closed the stream."""
        found: list[str] = []
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                found.append((await self.event())["name"])
        return found, self.socket.close_code or 0


class EventServer(RealServer):
    """A server whose events are listened to."""

    @contextlib.asynccontextmanager
    async def listen(
        self, path: str = "", auth: tuple[str, str] | None = None, query: str = ""
    ) -> AsyncIterator[Listener]:
        """A subscription; below the default project unless a path is given. The first ping has come."""
        keys = httpx.BasicAuth(*auth) if auth else self.http.auth
        assert isinstance(keys, httpx.BasicAuth)
        address = f"{self.url.replace('http', 'ws', 1)}{path or self.project}/subscribe"
        async with websockets.connect(
            f"{address}?{query or 'eventNames=resource.change'}",
            additional_headers={"Authorization": keys._auth_header},
            ping_interval=None,
        ) as socket:
            yield Listener(socket)

    async def key(self, project: str) -> tuple[str, str]:
        """A key of a project, which is given as a path."""
        made = await self.post(f"{project}/apikeys")
        await self.until(f"{project}/apikeys/{made['id']}", lambda shown: shown["state"] == "active")
        return made["publicValue"], made["secretValue"]

    async def stack(self, name: str, project: str = "") -> dict[str, Any]:
        """An empty stack, active."""
        made = await self.post(f"{project}/environments" if project else "environments", {"name": name})
        path = f"{project or self.project}/environments/{made['id']}"
        return dict(await self.until(path, lambda shown: shown["state"] == "active"))


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def server(tmp_path_factory) -> AsyncIterator[EventServer]:
    async with EventServer.running(tmp_path_factory.mktemp("events")) as running:
        assert isinstance(running, EventServer)
        yield running
