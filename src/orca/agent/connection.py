# SPDX-License-Identifier: Apache-2.0
"""The agent's one outbound WebSocket: register if needed, dial, say hello, serve events; dial again after each end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from orca.wire import Event, Hello, WireError, decode, encode, names

from . import identity
from .backoff import Backoff
from .dial import dial
from .errors import AgentError, RegistrationError, Unreachable
from .link import Link
from .paths import Paths
from .status import Status

SILENCE_SECONDS = 20.0  # the server pings every 5 s
MAX_FRAME = 16 << 20  # the config items of a large project come in one frame

_log = logging.getLogger(__name__)


class Connection:
    """Keeps this host connected."""

    def __init__(
        self,
        paths: Paths,
        uuid: str,
        ca_sha256: str,
        link: Link,
        status: Status,
        *,
        hello: Callable[[str], Awaitable[Hello]],
        receive: Callable[[Event], None],
        greeted: Callable[[], Coroutine[Any, Any, None]],
        ended: Callable[[], Awaitable[None]],
    ) -> None:
        """Prepare.

        Args:
            paths: the agent's files.
            uuid: this host.
            ca_sha256: the pin for registering (``ORCA_CA_SHA256``), may be empty when registered already.
            link: gets the queue of each connection.
            status: shows what happens.
            hello: makes the first frame, given the server's name or address.
            receive: takes each event of the server.
            greeted: called after each hello was sent.
            ended: called after the end of each connection.
        """
        self._paths, self._uuid, self._pin = paths, uuid, ca_sha256
        self._link, self._status = link, status
        self._hello, self._receive, self._greeted, self._ended = hello, receive, greeted, ended
        self._backoff = Backoff()
        self._socket: ClientConnection | None = None

    def leave_from(self, gone: Collection[str]) -> None:
        """End the connection if it leaves from an address that the host has lost.

        No packet reaches it there, which would show only after ``SILENCE_SECONDS``. The next one leaves from another.
        """
        if self._socket is not None and self._socket.local_address[0] in gone:
            _log.warning("%s is no address of this host any more; dialling again", self._socket.local_address[0])
            self._socket.transport.abort()

    async def run(self) -> None:
        """Stay connected until cancelled."""
        while True:
            try:
                await self._serve(await self._credentials())
            except Unreachable as error:
                self._status.show("connecting", str(error))
            except AgentError as error:
                self._status.show("failed", str(error))
            await asyncio.sleep(self._backoff.delay())

    def redial(self) -> None:
        """End the present connection, if any, so that another hello follows."""
        if self._socket is not None:
            self._closing = asyncio.create_task(self._socket.close())

    # -- registering ---------------------------------------------------------------------------------------------

    async def _credentials(self) -> identity.Credentials:
        """Return credentials; a registration file makes the agent register (again) and replaces the present ones."""
        known = identity.read_credentials(self._paths)
        try:
            url = self._paths.registration.read_text().strip()
        except FileNotFoundError:
            if known is None:
                raise RegistrationError(f"not registered, and there is no {self._paths.registration}") from None
            return known
        from .registration import register  # once in a host's life

        try:
            result = await asyncio.to_thread(register, url, self._pin, self._uuid)
        except AgentError as error:
            if known is None:
                raise
            _log.error("%s; going on with the present credentials", error)
            return known
        if result.ca_pem:
            identity.write_private(self._paths.ca, result.ca_pem)
        identity.write_credentials(self._paths, result.credentials)
        self._paths.registration.unlink(missing_ok=True)
        _log.info("registered at %s", result.credentials.url)
        return result.credentials

    # -- one connection ------------------------------------------------------------------------------------------

    async def _serve(self, credentials: identity.Credentials) -> None:
        """Dial and serve until the connection ends.

        Raises:
            Refused: the server does not accept the credentials.
            Unreachable: no connection, or it broke.
        """
        host = urlsplit(credentials.url).hostname or ""
        socket = await dial(
            credentials,
            self._paths.ca,
            "subscribe",
            ping_interval=None,  # the server's own pings show that it lives
            max_size=MAX_FRAME,
        )
        self._socket = socket
        outbox = self._link.attach()  # from here on changes are queued, so that none is lost between list and hello
        try:
            await socket.send(encode(Event.report(names.HELLO, await self._hello(host))))
            self._status.show("connected", credentials.url)
            # If sending fails, the connection is closed and ``_listen`` ends with the reason.
            helpers = [asyncio.create_task(_send(socket, outbox)), asyncio.create_task(self._greeted())]
            try:
                await self._listen(socket)
            finally:
                for task in helpers:
                    task.cancel()
                await asyncio.gather(*helpers, return_exceptions=True)
        except ConnectionClosed as error:
            raise Unreachable(f"the server ended the connection: {error}") from error
        finally:
            self._socket = None
            self._link.detach(outbox)
            await self._ended()
            await socket.close()

    async def _listen(self, socket: ClientConnection) -> None:
        while True:
            try:
                async with asyncio.timeout(SILENCE_SECONDS):
                    frame = await socket.recv()
            except TimeoutError:
                raise Unreachable(f"the server was silent for {SILENCE_SECONDS:.0f} s") from None
            self._backoff.reset()
            try:
                self._receive(decode(frame))
            except WireError as error:
                _log.warning("ignored a frame: %s", error)


async def _send(socket: ClientConnection, outbox: asyncio.Queue[Event]) -> None:
    while True:
        await socket.send(encode(await outbox.get()))
