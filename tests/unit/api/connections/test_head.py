# SPDX-License-Identifier: Apache-2.0
"""How long a client may take for what comes before a body."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from orca.api.connections import head


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Reads the body, then answers."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """Where a server listens that has little patience."""
    monkeypatch.setattr(head, "HEAD_SECONDS", 0.2)
    config = uvicorn.Config(application, http=head.BoundedHead, lifespan="off", log_config=None, timeout_keep_alive=60)
    config.load()
    state = uvicorn.Server(config).server_state
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: head.BoundedHead(config, state, {}), "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def ended(reader: asyncio.StreamReader) -> bytes:
    """Everything to the end of the connection."""
    async with asyncio.timeout(10):
        return await reader.read()


@pytest.mark.parametrize("start", [b"", b"\r\n", b"GET / HTT", b"GET / HTTP/1.1\r\nX: y\r\n", b"GET / HTTP/1.1\r\nX: "])
async def test_a_head_that_does_not_end(port: int, start: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(start)
    assert await ended(reader) == b""
    writer.close()


async def test_a_second_request_that_trickles(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b" 204 " in await reader.readuntil(b"\r\n\r\n")

    rest = asyncio.create_task(ended(reader))
    for byte in b"GET / HTTP/1.1\r\nX: " + b"x" * 10_000:
        if (await asyncio.wait([rest], timeout=0.01))[0]:
            break
        writer.write(bytes([byte]))
    with contextlib.suppress(ConnectionError):
        assert await rest == b""
    writer.close()


async def test_a_body_may_take_its_time(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{")
    younger, other = await asyncio.open_connection("127.0.0.1", port)
    assert await ended(younger) == b""
    other.close()
    writer.write(b"}")
    assert b" 204 " in await ended(reader)
    writer.close()
