# SPDX-License-Identifier: Apache-2.0
"""The asynchronous shell of the Docker Engine API: single answers, streams of documents, logs, terminals.

One connection serves one request; closing it ends a stream, and a pull also in the engine.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

from orca.hoststate.engine_api import (
    HEAD_END,
    Call,
    Head,
    Negotiation,
    ProtocolError,
    TooOld,
    calls,
    encode,
    message,
    parse_head,
    whole,
)
from orca.hoststate.plan.places import DOCKER_SOCKET

from .errors import AgentError, CommandFailed

TIMEOUT = 120.0  # seconds until a request without an answer counts as failed
LINE_LIMIT = 4 << 20  # bytes of a document in a stream
BUFFER = 1 << 16  # bytes read ahead of a stream's reader
_ERROR_LIMIT = 1 << 16


class EngineGone(AgentError):
    """No Docker engine answers on its socket, or it closed the connection."""


class EngineRefused(CommandFailed):
    """The engine answered with an error; ``message`` is its own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"Docker: {message}")
        self.status, self.message = status, message


class Engine:
    """The engine behind one socket."""

    def __init__(self, socket: str = DOCKER_SOCKET) -> None:
        """Args: the engine's unix socket."""
        self.socket = socket
        self._negotiation = Negotiation()

    async def request(self, call: Call, *, seconds: float = TIMEOUT) -> Any:
        """Send one request and return the decoded answer, None when it is empty.

        Raises:
            EngineGone: nobody listens, the connection broke, or no answer came within ``seconds``.
            EngineRefused: status 400 or above.
        """
        try:
            async with asyncio.timeout(seconds), self._answer(call, BUFFER) as (head, reader, _):
                data = whole(head, await reader.read())
                return json.loads(data) if data.strip() else None
        except TimeoutError as error:
            raise EngineGone(f"Docker does not answer {call.path} within {seconds:.0f} s") from error
        except (OSError, ValueError) as error:
            raise EngineGone(f"Docker broke off: {error}") from error

    async def find(self, call: Call) -> Any:
        """Return the decoded answer; None if the engine has no such thing.

        Raises:
            EngineGone, EngineRefused: as ``request``.
        """
        try:
            return await self.request(call)
        except EngineRefused as error:
            if error.status == 404:
                return None
            raise

    async def speaks(self, version: tuple[int, int]) -> bool:
        """True if the version of the API that is spoken with this engine is not older.

        Raises:
            EngineGone, EngineRefused: as ``request``.
        """
        major, _, minor = (await self._version()).partition(".")
        return (int(major), int(minor)) >= version

    @asynccontextmanager
    async def stream(
        self, call: Call, *, limit: int = BUFFER
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """Open a request; yield the stream after the head of its answer, and a writer if the engine keeps listening.

        Args:
            call: the request.
            limit: bytes of the longest line; up to twice as many are read ahead.

        Raises:
            EngineGone, EngineRefused: as ``request``, before anything is yielded.
        """
        async with self._answer(call, limit) as (_, reader, writer):
            yield reader, writer

    @asynccontextmanager
    async def documents(self, call: Call) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        """Open a request for documents, one per line; yield an iterator over them once the engine has accepted it.

        Raises:
            EngineGone, EngineRefused: as ``request``; the first also while iterating.
        """
        async with self._answer(call, LINE_LIMIT) as (_, reader, _writer):
            yield _documents(reader)

    @asynccontextmanager
    async def _answer(
        self, call: Call, limit: int
    ) -> AsyncIterator[tuple[Head, asyncio.StreamReader, asyncio.StreamWriter]]:
        """Send a request in the engine's version; again if another engine has started meanwhile."""
        async with AsyncExitStack() as stack:
            try:
                answer = await stack.enter_async_context(self._exchange(call, await self._version(), limit))
            except EngineRefused as error:
                if not self._negotiation.refused(error.status, error.message):
                    raise
                answer = await stack.enter_async_context(self._exchange(call, await self._version(), limit))
            yield answer

    async def _version(self) -> str:
        if self._negotiation.version is not None:
            return self._negotiation.version
        async with self._exchange(calls.ping(), "", BUFFER) as (pong, _, _writer):
            try:
                return self._negotiation.learn(pong)
            except TooOld as error:
                raise CommandFailed(str(error)) from error

    @asynccontextmanager
    async def _exchange(
        self, call: Call, version: str, limit: int
    ) -> AsyncIterator[tuple[Head, asyncio.StreamReader, asyncio.StreamWriter]]:
        try:
            reader, writer = await asyncio.open_unix_connection(self.socket, limit=limit)
        except OSError as error:
            raise EngineGone(f"Docker does not answer on {self.socket}: {error}") from error
        try:
            writer.write(encode(call, version))
            try:
                head = parse_head(await reader.readuntil(HEAD_END))
                if head.status >= 400:
                    raise EngineRefused(head.status, message(await reader.read(_ERROR_LIMIT)))
            except (OSError, EOFError, ProtocolError, asyncio.LimitOverrunError) as error:
                raise EngineGone(f"Docker broke off: {error}") from error
            yield head, reader, writer
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def _documents(reader: asyncio.StreamReader) -> AsyncIterator[dict[str, Any]]:
    try:
        while line := await reader.readline():
            if line.strip():
                yield json.loads(line)
    except (OSError, ValueError) as error:
        raise EngineGone(f"Docker broke off: {error}") from error
