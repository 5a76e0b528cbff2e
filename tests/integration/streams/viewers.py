# SPDX-License-Identifier: Apache-2.0
"""One server with one host, and viewers of its streams."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import uuid
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import docker
import websockets
from pretended import PretendedHost
from realserver import RealServer
from streamingagent import StreamingAgent
from websockets.asyncio.client import ClientConnection

from orca import wire
from orca.simulator.host import Container

WAIT = 20.0


class Viewer:
    """One open stream."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def frame(self) -> str:
        async with asyncio.timeout(WAIT):
            return str(await self.socket.recv())

    async def frames(self, count: int) -> list[str]:
        return [await self.frame() for _ in range(count)]

    async def rest(self) -> tuple[list[str], int, str]:
        """Everything to the end, and how it ended."""
        found: list[str] = []
        async with asyncio.timeout(WAIT):
            with contextlib.suppress(websockets.ConnectionClosed):
                while True:
                    found.append(str(await self.socket.recv()))
        return found, self.socket.close_code or 0, self.socket.close_reason or ""

    async def type(self, text: bytes) -> None:
        await self.socket.send(base64.b64encode(text).decode())


def output(frames: list[str]) -> bytes:
    """What a command wrote."""
    return b"".join(base64.b64decode(frame) for frame in frames)


class Site:
    """One server, one host."""

    def __init__(
        self, server: RealServer, agent: StreamingAgent, host: PretendedHost, engine: docker.DockerClient
    ) -> None:
        self.server, self.agent, self.host, self.engine = server, agent, host, engine
        self.image = engine.images.list("orca/base")[0].tags[0]
        self.made: list[Any] = []

    async def container(self, command: str, **options: Any) -> dict[str, Any]:
        """A container on the engine, as the API shows it."""
        name = f"strm-{uuid.uuid4().hex[:8]}"
        made = await asyncio.to_thread(
            self.engine.containers.run,
            self.image,
            ["sh", "-c", command],
            name=name,
            detach=True,
            network_mode="none",
            **options,
        )
        self.made.append(made)
        self.agent.appear(Container(made.id, name, state="running", started_at=wire.now_ms()))
        return dict((await self.server.until(f"containers?name={name}", lambda answer: answer["data"]))["data"][0])

    async def reconnect(self) -> None:
        """The agent dials again."""
        await self.agent.connect()
        await self.until_agent("active")

    async def until_agent(self, state: str) -> None:
        await self.server.until(f"hosts?uuid={self.host.uuid}", lambda a: a["data"][0]["agentState"] == state)

    def path(self, url: str) -> str:
        return url.removeprefix(self.server.url)

    async def access(self, url: str, body: Any = None) -> dict[str, Any]:
        """Follow a link, or run an action."""
        if body is None:
            return dict(await self.server.get(self.path(url)))
        return dict(await self.server.post(self.path(url), body, status=200))

    @contextlib.asynccontextmanager
    async def open(self, access: dict[str, Any], **query: str) -> AsyncIterator[Viewer]:
        url = f"{access['url']}?{urlencode({'token': access['token'], **query})}"
        async with websockets.connect(url, max_size=None, close_timeout=1) as socket:
            yield Viewer(socket)

    async def refusal(self, access: dict[str, Any], headers: dict[str, str] | None = None, **query: str) -> int:
        """The status with which an upgrade is refused."""
        url = f"{access['url']}?{urlencode({'token': access['token'], **query})}"
        try:
            async with websockets.connect(url, additional_headers=headers):
                return 101
        except websockets.InvalidStatus as error:
            assert error.response.headers["content-type"].startswith("application/json")
            return error.response.status_code
