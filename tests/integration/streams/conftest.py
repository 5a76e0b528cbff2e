# SPDX-License-Identifier: Apache-2.0
"""A real server process, an agent with real streams, and containers on this machine's engine."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import docker
import pytest
import pytest_asyncio
import websockets
from websockets.asyncio.client import ClientConnection

sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent)]

from fakeagent import FakeHost
from realserver import RealServer
from streamingagent import StreamingAgent

from orca import wire

NO_STATISTICS = "0001-01-01T00:00:00Z"
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

    def __init__(self, server: RealServer, agent: StreamingAgent, host: FakeHost, engine: docker.DockerClient) -> None:
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
        report = wire.Container(external_id=made.id, name=name, state="running", started_at=wire.now_ms())
        self.host.containers[made.id] = report
        self.agent.machine.report(report, "start")
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


@pytest.fixture(scope="module")
def engine() -> Iterator[docker.DockerClient]:
    client = docker.from_env()
    assert client.images.list("orca/base"), "orca/base is not built: script/images base"
    yield client
    client.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory, engine: docker.DockerClient) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("streams")
    async with RealServer.running(folder / "data") as server:
        token = (await server.token())["token"]
        host = FakeHost("h1", "192.0.2.7")
        agent = StreamingAgent(host, folder / "agent", f"{server.url}/v1", *await server.credentials(token, host))
        await agent.connect()
        site = Site(server, agent, host, engine)
        await server.until(f"hosts?uuid={host.uuid}", lambda a: a["data"] and a["data"][0]["state"] == "active")
        await site.until_agent("active")
        try:
            yield site
        finally:
            await agent.disconnect()
            agent.containers.close()
            for container in site.made:
                with contextlib.suppress(docker.errors.NotFound):
                    container.remove(force=True)


@pytest.fixture(scope="module")
def statistics(engine: docker.DockerClient, site: Site) -> None:
    """Skips a test where the engine itself has no statistics: containerd needs every cgroup controller mounted."""
    probe = engine.containers.run(site.image, ["sleep", "60"], detach=True, network_mode="none", name="strm-probe")
    try:
        if probe.stats(stream=False)["read"] == NO_STATISTICS:
            pytest.skip("this engine has no statistics of containers")
    finally:
        probe.remove(force=True)
