# SPDX-License-Identifier: Apache-2.0
"""A real server process on a free port of the loopback, and a client that works in its default project."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
from pretended import PretendedHost, SocketAgent


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RealServer:
    """The server's process, which may be killed and started again on the same data and port."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.options = options
        self.program = ("-c", "from orca.cli import main; main()")
        """What the interpreter runs; a test may put something around the command."""
        self.url = f"http://127.0.0.1:{free_port()}"
        self.process: asyncio.subprocess.Process | None = None
        self.http = httpx.AsyncClient(timeout=30, limits=httpx.Limits(max_keepalive_connections=0))
        self.project = ""

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls, folder: Path, *options: str) -> AsyncIterator[RealServer]:
        """A server for as long as the block lasts."""
        server = cls(folder, *options)
        await server.start()
        try:
            yield server
        finally:
            await server.kill()
            await server.http.aclose()

    async def start(self) -> None:
        """Start the process and wait until it answers."""
        address = self.url.removeprefix("http://")
        options = ("server", "--data-dir", str(self.folder), "--listen", address, *self.options)
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, *self.program, *options), stdout=asyncio.subprocess.DEVNULL
        )
        async with asyncio.timeout(60):
            while not await self._answers():
                await asyncio.wait([asyncio.ensure_future(self.process.wait())], timeout=0.05)
                assert self.process.returncode is None, "the server ended at its start"
        admin = json.loads((self.folder / "admin.json").read_text())
        self.http.auth = httpx.BasicAuth(admin["accessKey"], admin["secretKey"])
        (project,) = (await self.get("/v2/projects?name=Default"))["data"]
        self.project = f"/v2/projects/{project['id']}"

    async def kill(self, number: int = signal.SIGKILL) -> int | None:
        """Send a signal and wait for the end; returns the exit status."""
        if self.process is None:
            return None
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        return await self.process.wait()

    async def _answers(self) -> bool:
        try:
            return (await self.http.get(f"{self.url}/ping")).status_code == 200
        except httpx.TransportError:
            return False

    async def call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """One request; `path` begins with a version, or is relative to the project."""
        target = path if path.startswith("/v") else f"{self.project}/{path}"
        return await self.http.request(method, self.url + target, json=body)

    async def get(self, path: str) -> Any:
        """GET that must succeed."""
        response = await self.call("GET", path)
        assert response.status_code == 200, response.text
        return response.json()

    async def post(self, path: str, body: Any = None, status: int = 201) -> Any:
        """POST that must be answered with `status`."""
        response = await self.call("POST", path, body or {})
        assert response.status_code == status, response.text
        return response.json()

    async def rows(self, path: str) -> list[dict[str, Any]]:
        """The data of a collection."""
        return list((await self.get(f"{path}{'&' if '?' in path else '?'}limit=1000"))["data"])

    async def until(self, path: str, condition: Callable[[Any], Any], seconds: float = 20) -> Any:
        """Ask again until the answer is as it should be; returns it."""
        async with asyncio.timeout(seconds):
            while True:
                answer = await self.get(path)
                if condition(answer):
                    return answer
                await asyncio.sleep(0.05)

    async def token(self) -> dict[str, Any]:
        """An active registration token."""
        row = await self.post("registrationtokens")
        return dict(await self.until(f"registrationtokens/{row['id']}", lambda answer: answer["state"] == "active"))

    async def credentials(self, token: str, host: PretendedHost) -> tuple[str, str]:
        """Register a host as its agent does."""
        auth = httpx.BasicAuth("registrationToken", token)
        answer = await self.http.post(f"{self.url}/v1/register", json={"key": host.uuid}, auth=auth)
        assert answer.status_code in (200, 201), answer.text
        async with asyncio.timeout(10):
            while True:
                found = await self.http.get(f"{self.url}/v1/register", params={"key": host.uuid}, auth=auth)
                for row in found.json()["data"]:
                    if row.get("secretKey"):
                        return row["accessKey"], row["secretKey"]
                await asyncio.sleep(0.05)

    async def join(self, host: PretendedHost, token: str) -> SocketAgent:
        """Register and connect a host; wait until it takes containers."""
        agent = SocketAgent(host, f"{self.url}/v1", *await self.credentials(token, host))
        await agent.connect()
        await self.until(
            f"hosts?uuid={host.uuid}",
            lambda answer: answer["data"] and answer["data"][0]["agentState"] == answer["data"][0]["state"] == "active",
        )
        return agent
