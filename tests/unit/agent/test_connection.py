# SPDX-License-Identifier: Apache-2.0
"""The agent's connection, against a WebSocket server of the test."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve

from orca.agent.connection import Connection
from orca.agent.identity import Credentials, write_credentials
from orca.agent.link import Link
from orca.agent.paths import Paths
from orca.agent.status import Status
from orca.wire import Event, Hello, decode, names

ADDRESS = "127.0.0.1"


class Server:
    """Keeps who says hello, and what comes after the last hello."""

    def __init__(self) -> None:
        self.hellos: asyncio.Queue[ServerConnection] = asyncio.Queue()
        self.later: asyncio.Queue[str] = asyncio.Queue()

    async def serve(self, socket: ServerConnection) -> None:
        self.hellos.put_nowait(socket)
        async for frame in socket:
            self.later.put_nowait(decode(frame).name)


@contextlib.asynccontextmanager
async def connected(root: Path) -> AsyncIterator[tuple[Connection, Link, Server]]:
    """An agent's connection to a server."""
    server, paths, link = Server(), Paths(root), Link()

    async def hello(_server: str) -> Hello:
        return Hello(uuid="one")

    async def nothing() -> None:
        """As the parts do that are not under test."""

    async with serve(server.serve, ADDRESS, 0) as listening:
        port = next(iter(listening.sockets)).getsockname()[1]
        write_credentials(paths, Credentials(url=f"http://{ADDRESS}:{port}/v1", access_key="a", secret_key="b"))
        connection = Connection(
            paths, "one", "", link, Status(paths), hello=hello, receive=print, greeted=nothing, ended=nothing
        )
        running = asyncio.create_task(connection.run())
        try:
            assert await server.later.get() == names.HELLO
            yield connection, link, server
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def test_a_connection_ends_with_the_address_it_leaves_from(tmp_path: Path) -> None:
    async with connected(tmp_path) as (connection, _, server):
        first = await server.hellos.get()
        connection.leave_from({ADDRESS})
        async with asyncio.timeout(10):  # silence is noticed after twice as long
            assert await server.hellos.get() is not first
            await first.wait_closed()


@pytest.mark.parametrize("gone", [{"192.0.2.1"}, set()])
async def test_a_connection_outlives_other_addresses(tmp_path: Path, gone: set[str]) -> None:
    async with connected(tmp_path) as (connection, link, server):
        connection.leave_from(gone)
        link.send(Event.report(names.HOST_CHANGE, Hello(uuid="one")))
        assert await server.later.get() == names.HOST_CHANGE
        assert server.hellos.qsize() == 1


async def test_without_a_connection_no_address_is_missed(tmp_path: Path) -> None:
    async with connected(tmp_path) as (connection, _, _):
        pass
    connection.leave_from({ADDRESS})
