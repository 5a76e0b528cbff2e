# SPDX-License-Identifier: Apache-2.0
"""How long a client may take for a body, and what of a connection counts."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from orca.api.connections import http as connection
from orca.api.connections.acceptor import Acceptor
from orca.api.connections.http import Connection
from orca.api.connections.visitors import Visitors

POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"

CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Reads the body of what is for ``/``, then answers."""
    if scope["path"] == "/":
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            if not message["more_body"]:
                break
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


class Place:
    """A server that has little patience."""

    def __init__(self) -> None:
        self.visitors = Visitors((), 100)
        self.bound = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(application, lifespan="off", log_config=None, timeout_keep_alive=60)
        config.load()
        state = uvicorn.Server(config).server_state
        self.acceptor = Acceptor(
            self.bound, self.visitors, lambda visitor: Connection(visitor, self.visitors.cuts, config, state, {}), None
        )

    async def dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(*self.bound.getsockname())


@pytest.fixture
async def place(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    monkeypatch.setattr(connection, "BODY_SECONDS", 0.2)
    monkeypatch.setattr(connection, "REST_SECONDS", 0.2)
    found = Place()
    yield found
    found.acceptor.close()
    await found.acceptor.wait_closed()
    found.bound.close()


async def ended(reader: asyncio.StreamReader) -> bytes:
    """Everything to the end of the connection."""
    async with asyncio.timeout(20):
        return await reader.read()


@pytest.mark.parametrize(
    "start", [POST % 4_000_000 + b"{", POST % 2, b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{"]
)
async def test_a_body_that_does_not_come(place: Place, start: bytes) -> None:
    reader, writer = await place.dial()
    writer.write(start)
    text = await ended(reader)
    assert text.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"Request Timeout"' in text
    assert place.visitors.cuts.total["body"] == 1
    writer.close()


async def test_a_body_that_keeps_coming_has_its_time(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BODY_RATE", 1)
    reader, writer = await place.dial()
    writer.write(POST % 40_000 + b"x" * 20_000)  # worth hours
    other, second = await place.dial()
    second.write(POST % 2)
    assert b" 408 " in await ended(other)  # began later, and is over
    second.close()
    writer.write(b"x" * 20_000)
    assert b" 204 " in await reader.readuntil(b"\r\n\r\n")
    writer.close()


async def test_a_later_request_has_a_time_of_its_own(place: Place) -> None:
    reader, writer = await place.dial()
    for _ in range(2):
        writer.write(POST % 1 + b"x")
        assert b" 204 " in await reader.readuntil(b"\r\n\r\n")
    writer.write(POST % 2 + b"x")
    assert b" 408 " in await ended(reader)
    writer.close()


async def test_what_nobody_reads_any_more_ends_soon(place: Place) -> None:
    reader, writer = await place.dial()
    writer.write(POST.replace(b"/", b"/elsewhere", 1) % 100_000)
    assert b" 204 " in await reader.readuntil(b"\r\n\r\n")

    rest = asyncio.create_task(ended(reader))
    while not rest.done():
        writer.write(b"x")
        await asyncio.wait([rest], timeout=0.02)
    with contextlib.suppress(ConnectionError):
        assert await rest == b""
    writer.close()


async def test_connections_are_counted_until_they_are_gone(place: Place) -> None:
    writers = [(await place.dial())[1] for _ in range(3)]
    await until(lambda: place.visitors.strangers == 3)
    for writer in writers:
        writer.close()
    await until(lambda: len(place.visitors) == 0)


async def until(condition: Any) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what it waits for is the server's
            await asyncio.sleep(0.01)
