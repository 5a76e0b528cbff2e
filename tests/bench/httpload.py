# SPDX-License-Identifier: Apache-2.0
"""A client that costs little: HTTP/1.1 over connections that stay open, parsed by the parser the server uses.

A general client takes as long for a request as the server does, and would be what is measured.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections import deque
from typing import Any
from urllib.parse import urlsplit

import httptools


class _Connection(asyncio.Protocol):
    """One connection with at most one request under way."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._parser: Any = None
        self._body = bytearray()
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("the server hung up"))
        self.transport = None

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, data: bytes) -> None:
        self._body += data

    def on_message_complete(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((self._parser.get_status_code(), bytes(self._body)))

    async def exchange(self, request: bytes) -> tuple[int, bytes]:
        assert self.transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._body.clear()
        self.transport.write(request)
        return await self._answer


class Client:
    """Requests to one server with one key. ``url``: ``http://HOST:PORT``."""

    def __init__(self, url: str, key: tuple[str, str]) -> None:
        self._address = urlsplit(url)
        self.authorization = "Basic " + base64.b64encode(":".join(key).encode()).decode()
        self._head = f"Host: {self._address.netloc}\r\nAuthorization: {self.authorization}\r\n"
        self._idle: deque[_Connection] = deque()

    async def send(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """One request; status and body."""
        content = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\n{self._head}"
        if content:
            head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        elif method != "GET":
            head += "Content-Length: 0\r\n"
        connection = await self._connection()
        answer = await connection.exchange(head.encode() + b"\r\n" + content)
        self._idle.append(connection)
        return answer

    async def json(self, method: str, path: str, body: Any = None) -> Any:
        """The document of an answer that must be a success."""
        status, content = await self.send(method, path, body)
        if status >= 300:
            raise RuntimeError(f"{method} {path}: {status} {content[:500]!r}")
        return json.loads(content)

    def close(self) -> None:
        """Hang up."""
        for connection in self._idle:
            if connection.transport is not None:
                connection.transport.close()
        self._idle.clear()

    async def _connection(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.transport is not None:
                return connection
        made = await asyncio.get_running_loop().create_connection(
            _Connection, self._address.hostname, self._address.port
        )
        return made[1]
