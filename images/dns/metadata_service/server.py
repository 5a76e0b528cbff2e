# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 as far as readers of metadata need it: GET and HEAD, within bounds of number, size and time."""

import asyncio
import contextlib
from collections import Counter
from http import HTTPStatus

from .answers import Answer, Answers

CONNECTIONS, CONNECTIONS_OF_ONE = 512, 64
HEAD_BYTES = 8192
IDLE_SECONDS = 15.0
SEND_SECONDS = 15.0
REFUSE_SECONDS = 1.0


class Server:
    """Serves one request after another on each connection."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._open: Counter[str] = Counter()

    async def listen(self, address: str, port: int) -> asyncio.Server:
        """Listen for callers."""
        return await asyncio.start_server(self._serve, address, port, limit=HEAD_BYTES)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        caller = writer.get_extra_info("peername")[0]
        self._open[caller] += 1
        try:
            with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                if self._open[caller] > CONNECTIONS_OF_ONE or self._open.total() > CONNECTIONS:
                    async with asyncio.timeout(REFUSE_SECONDS):
                        await reader.readuntil(b"\r\n\r\n")  # closing before would take the answer back
                    await _send(writer, Answer(503, "Too many connections\n"), again=False)
                    return
                while await self._exchange(caller, reader, writer):
                    pass
        finally:
            self._open[caller] -= 1
            if not self._open[caller]:
                del self._open[caller]
            writer.close()

    async def _exchange(self, caller: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; return whether another may follow."""
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
            method, target, protocol, headers = _read(head.decode("latin-1"))
        except (asyncio.LimitOverrunError, ValueError):
            await _send(writer, Answer(400, "Bad request\n"), again=False)
            return False
        if method not in ("GET", "HEAD"):
            await _send(writer, Answer(405, "Only GET and HEAD are answered\n"), again=False)
            return False
        answer = await self._answers.get(caller, target, headers.get("accept", ""))
        again = protocol != "HTTP/1.0" and headers.get("connection", "").lower() != "close"
        await _send(writer, answer, again=again, bare=method == "HEAD")
        return again


def _read(head: str) -> tuple[str, str, str, dict[str, str]]:
    """Return method, target, protocol and headers. Raises ``ValueError``: it is no request without a body."""
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, target, protocol = first.split(" ")
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(line)
        headers[name.strip().lower()] = value.strip()
    if (
        not protocol.startswith("HTTP/1.")
        or "transfer-encoding" in headers
        or headers.get("content-length", "0") != "0"
    ):
        raise ValueError(first)
    return method, target, protocol, headers


async def _send(writer: asyncio.StreamWriter, answer: Answer, *, again: bool, bare: bool = False) -> None:
    body = answer.body.encode()
    head = (
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\n"
        f"Content-Type: {answer.media}\r\nContent-Length: {len(body)}\r\n"
        f"Connection: {'keep-alive' if again else 'close'}\r\n\r\n"
    )
    writer.write(head.encode() + (b"" if bare else body))
    async with asyncio.timeout(SEND_SECONDS):
        await writer.drain()
