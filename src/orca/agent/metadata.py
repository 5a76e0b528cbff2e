# SPDX-License-Identifier: Apache-2.0
"""Between this host's metadata service (in ``orca-dns``) and the server: who asks, and what changed in the project.

Nothing is kept here: the service says up to which point it knows the changes.
"""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import msgspec

from orca.wire import Event, MetadataAsked, MetadataUpdate, names, to_data

from .errors import AgentError

RETRY_SECONDS = 1.0
LINE_BYTES = 1024  # of the service

_log = logging.getLogger(__name__)
_encoder = msgspec.json.Encoder()
_asked = msgspec.json.Decoder(MetadataAsked)


class Metadata:
    """The connection to the service."""

    def __init__(self, path: Path, send: Callable[[Event], None]) -> None:
        """Args: the service's socket, and the way to the server."""
        self._path = path
        self._send = send
        self._writer: asyncio.StreamWriter | None = None

    async def run(self) -> None:
        """Follow the service until cancelled; it comes back when its container does."""
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(str(self._path), limit=LINE_BYTES)
            except OSError:
                await asyncio.sleep(RETRY_SECONDS)
                continue
            self._writer = writer
            try:
                while line := await reader.readline():
                    self._send(Event.report(names.METADATA_ASKED, _asked.decode(line)))
            except (OSError, ValueError) as error:
                _log.warning("the metadata service: %s", error)
            finally:
                self._writer = None
                writer.close()
            await asyncio.sleep(RETRY_SECONDS)

    def connected(self) -> None:
        """The server may be another one now: the service asks again if it needs anything."""
        if self._writer is not None:
            self._write({"connected": True})

    async def update(self, update: MetadataUpdate) -> None:
        """Pass changes on.

        Raises:
            AgentError: the service is away; it asks again when it is back.
        """
        if self._writer is None:
            raise AgentError("the metadata service of this host is away")
        self._write(to_data(update))
        try:
            await self._writer.drain()
        except OSError as error:
            raise AgentError(f"the metadata service of this host went away: {error}") from error

    def _write(self, said: dict[str, object]) -> None:
        assert self._writer is not None
        self._writer.write(_encoder.encode(said) + b"\n")
