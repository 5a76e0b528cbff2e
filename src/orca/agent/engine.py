# SPDX-License-Identifier: Apache-2.0
"""Streams from the Docker Engine API: events, pull progress and statistics, logs, the terminals of commands.

The ``docker`` SDK does everything else. It is not used here because its streams hold a thread each and cannot be ended
from outside: a pull that hangs before its first byte could not be cancelled. Closing this connection cancels the pull
in the engine as well. The request is HTTP/1.0 so that the engine answers without chunks: the body ends with the
connection.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from .errors import AgentError

SOCKET = "/var/run/docker.sock"
_LINE_LIMIT = 4 << 20


class EngineGone(AgentError):
    """No Docker engine answers on its socket, or it closed the connection."""


class EngineRefused(AgentError):
    """The engine answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@asynccontextmanager
async def stream(
    path: str, target: str, *, method: str = "GET", headers: Mapping[str, str] | None = None
) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """Open a request; yield the iterator over its documents once the engine accepted it.

    Args:
        path: the engine's unix socket.
        target: path and query of the request, already quoted.
        method: the HTTP method.
        headers: more request headers.

    Raises:
        EngineGone: nobody listens, or the connection broke (also while iterating).
        EngineRefused: status 400 or above.
    """
    async with connection(path, target, method=method, headers=headers, limit=_LINE_LIMIT) as (reader, _):
        yield _documents(reader)


@asynccontextmanager
async def connection(
    path: str,
    target: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    limit: int = 1 << 16,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open a request; yield what follows the engine's head, and the way to it where the engine goes on listening.

    Args:
        path: the engine's unix socket.
        target: path and query of the request, already quoted.
        method: the HTTP method.
        headers: more request headers.
        body: of the request.
        limit: bytes of the longest line; up to twice as many are read ahead.

    Raises:
        EngineGone: nobody listens, or the connection broke.
        EngineRefused: status 400 or above.
    """
    try:
        reader, writer = await asyncio.open_unix_connection(path, limit=limit)
    except OSError as error:
        raise EngineGone(f"Docker does not answer on {path}: {error}") from error
    try:
        lines = [f"{method} {target} HTTP/1.0", "Host: docker", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
        try:
            status = await _head(reader)
            if status >= 400:
                raise EngineRefused(status, _message(await reader.read(1 << 16)))
        except (OSError, ValueError) as error:
            raise EngineGone(f"Docker broke off: {error}") from error
        yield reader, writer
    finally:
        await _close(writer)


async def _documents(reader: asyncio.StreamReader) -> AsyncIterator[dict[str, Any]]:
    try:
        while line := await reader.readline():
            if line.strip():
                yield json.loads(line)
    except (OSError, ValueError) as error:
        raise EngineGone(f"Docker broke off: {error}") from error


async def alive(path: str) -> bool:
    """Return whether an engine answers ``_ping``."""
    try:
        reader, writer = await asyncio.open_unix_connection(path)
    except OSError:
        return False
    try:
        writer.write(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")
        async with asyncio.timeout(5):
            return await _head(reader) == 200
    except (OSError, ValueError, TimeoutError):
        return False
    finally:
        await _close(writer)


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def _head(reader: asyncio.StreamReader) -> int:
    """Read the status line and the headers; return the status."""
    words = (await reader.readline()).split()
    if len(words) < 2:
        raise ValueError("no HTTP answer")
    while (await reader.readline()).strip():
        pass
    return int(words[1])


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode("utf-8", "replace").strip()
