# SPDX-License-Identifier: Apache-2.0
"""WebSockets to the server: opening one, noticing that it went silent, and how it ended (docs/api.md, "Streams")."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any
from urllib.parse import urlencode, urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, WebSocketException

from orca.cli import trust
from orca.cli.client import Client, Resource
from orca.cli.errors import ApiError, CommandError, UnreachableError
from orca.cli.target import Target

END = 1000
FAILED = 1011
POLICY = 1008
MAX_FRAME = 16 << 20
SILENCE = 20.0  # seconds without a frame before the connection is probed, and seconds for the answer
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0  # seconds between two attempts to get a stream back


class Cut(Exception):
    """The stream broke off, but can be opened again."""


class Refusal(ApiError):
    """The server refused to open a stream."""


class Ended(Exception):
    """The server ended the stream in good order."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@contextlib.asynccontextmanager
async def opened(target: Target, url: str, headers: dict[str, str] | None = None) -> AsyncIterator[ClientConnection]:
    """An open WebSocket. Raises Cut, Refusal or UnreachableError when there is none."""
    parts = urlsplit(url)
    secure = parts.scheme == "wss"
    if parts.netloc != urlsplit(target.url).netloc or secure != target.url.startswith("https:"):
        raise CommandError(f"the server links to {parts.scheme}://{parts.netloc}, which is not {target.url}")
    context = trust.authorities(target.ca) if secure else None
    opening = connect(url, ssl=context, additional_headers=headers, max_size=MAX_FRAME, ping_interval=None)
    try:
        socket = await opening
    except InvalidStatus as exc:
        raise refused(f"GET {parts.path}", exc) from exc
    except (OSError, TimeoutError, InvalidHandshake, WebSocketException) as exc:
        if "CERTIFICATE_VERIFY_FAILED" in str(exc):
            raise trust.explained(exc, target.url, target.ca) from exc
        raise Cut(str(exc) or type(exc).__name__) from exc
    try:
        yield socket
    except BaseException:
        # Frames under way are not wanted, and the closing handshake would have to wait for all of them.
        socket.transport.abort()
        raise
    finally:
        await socket.close()


def refused(request: str, exc: InvalidStatus) -> Refusal:
    """The error document of a refused upgrade."""
    try:
        error = json.loads(exc.response.body or b"{}")
    except ValueError:
        error = {}
    code, field = error.get("code") or exc.response.reason_phrase, error.get("fieldName")
    return Refusal(request, exc.response.status_code, str(code), error.get("message"), field, error.get("detail"))


async def frames(socket: ClientConnection) -> AsyncIterator[str]:
    """The frames of a stream.

    Raises Ended at the end, Cut if it can be opened again, CommandError if it cannot go on. Only a silent connection is
    probed: one whose frames are not read yet must not count as dead.
    """
    try:
        while True:
            try:
                frame = await asyncio.wait_for(socket.recv(decode=True), SILENCE)
            except TimeoutError:
                await asyncio.wait_for(await socket.ping(), SILENCE)
            else:
                yield str(frame)
    except TimeoutError as exc:
        raise Cut("the connection went silent") from exc
    except ConnectionClosed as exc:
        code, reason = (exc.rcvd.code, exc.rcvd.reason) if exc.rcvd else (0, "the connection broke")
        if code == END:
            raise Ended(reason) from exc
        if code in (FAILED, POLICY):
            raise CommandError(reason or f"the server closed the stream with {code}") from exc
        raise Cut(reason or f"the server closed the stream with {code}") from exc


class Again:
    """Decides whether and when to try again: pauses grow while nothing comes, and begin short again once it does."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._pause = FIRST_PAUSE
        self._seen = False

    def came(self) -> None:
        """Note that something came: the connection works."""
        self._seen, self._pause = True, FIRST_PAUSE

    async def after(self, error: Exception) -> None:
        """Wait before another attempt; raise the error if nothing ever came, or if it is permanent."""
        if not self._seen or not passing(error):
            raise UnreachableError(str(error)) if isinstance(error, Cut) else error
        if self._pause == FIRST_PAUSE:
            self._say(f"cut off ({error}); trying to go on")
        await asyncio.sleep(self._pause)
        self._pause = min(self._pause * 2, LONGEST_PAUSE)


def passing(error: Exception) -> bool:
    """True if an error may be gone a moment later: the server restarts, the host reconnects, a token grew old."""
    if isinstance(error, ApiError):
        return error.status in (502, 503, 504) or (isinstance(error, Refusal) and error.status == 401)
    return isinstance(error, Cut) or (isinstance(error, UnreachableError) and "refuses" not in str(error))


async def together(*parts: Coroutine[Any, Any, None]) -> None:
    """Run all to their end; the first error ends the others and is raised unchanged."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def access(client: Client, ask: Callable[[], Any], **query: object) -> str:
    """Ask for access to a stream, in a thread; returns the URL with its token."""
    given: Resource = await asyncio.to_thread(ask)
    if not given.get("url"):
        raise CommandError("there is nothing to show: no container is running")
    return f"{given['url']}?{urlencode({'token': given['token'], **query})}"
