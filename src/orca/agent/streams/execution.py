# SPDX-License-Identifier: Apache-2.0
"""A command in a running container, with the viewer at its terminal.

Frames are base64 both ways. Nothing is buffered: a viewer that does not read holds up the command's output, and a
command that does not read holds up the viewer.
"""

import asyncio
import base64
import binascii
import contextlib
import logging
from collections.abc import AsyncIterator

from websockets.asyncio.client import ClientConnection

from orca.agent.containers import Containers
from orca.agent.engine import Engine
from orca.agent.errors import CommandFailed
from orca.hoststate.engine_api import calls
from orca.wire import ContainerExec, ExecMessage, parse_exec_message

from .demux import chunks, packets

END_OF_TRANSMISSION = b"\x04"

_log = logging.getLogger(__name__)


class Execution:
    """One command for one viewer."""

    def __init__(self, engine: Engine, containers: Containers, request: ContainerExec, id: str) -> None:
        """Args: the engine and its containers, what the viewer wants, and the engine's id for the command."""
        self._engine = engine
        self._containers = containers
        self._request = request
        self._id = id

    async def show(self, viewer: ClientConnection) -> str:
        """Run the command to its end, or until the viewer leaves; return how it ended."""
        async with self._engine.stream(calls.start_exec(self._id, self._request.tty)) as (reader, writer):
            typing = asyncio.create_task(self._input(viewer, writer))
            showing = asyncio.create_task(self._output(viewer, reader))
            leaving = asyncio.create_task(viewer.wait_closed())
            parts = (typing, showing, leaving)
            try:
                await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
                if typing.done():
                    typing.result()
                if not showing.done():
                    return ""
                showing.result()
            finally:
                for part in parts:
                    part.cancel()
                await asyncio.gather(*parts, return_exceptions=True)
                await self._hang_up(writer)
        return f"exit {await self._containers.exit_code(self._id)}"

    async def _input(self, viewer: ClientConnection, writer: asyncio.StreamWriter) -> None:
        """Pass on what the viewer types, until the viewer leaves."""
        async for frame in viewer:
            text = frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
            if text.startswith("{"):
                await self._take(parse_exec_message(text), writer)
            elif self._request.attach_stdin:
                try:
                    writer.write(base64.b64decode(text, validate=True))
                except binascii.Error:
                    raise CommandFailed("the input is not base64") from None
                with contextlib.suppress(OSError):  # the command ended; ``_output`` ends too
                    await writer.drain()

    async def _take(self, message: ExecMessage | None, writer: asyncio.StreamWriter) -> None:
        if message is None:
            raise CommandFailed("the message is not a valid one")
        if message.eof:
            with contextlib.suppress(OSError):
                writer.write_eof()
        if message.width and message.height and self._request.tty:
            try:
                await self._containers.resize(self._id, message.width, message.height)
            except CommandFailed as error:
                _log.info("%s", error)  # the command has just ended, or has not begun

    async def _output(self, viewer: ClientConnection, reader: asyncio.StreamReader) -> None:
        """Pass on what the command writes, until it ends."""
        rest = b""
        async for piece in self._pieces(reader):
            if self._request.attach_stdout:
                whole, rest = whole_characters(rest + piece)
                if whole:
                    await viewer.send(base64.b64encode(whole).decode())
        if rest:
            await viewer.send(base64.b64encode(rest).decode())

    async def _pieces(self, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
        if self._request.tty:
            async for chunk in chunks(reader):
                yield chunk
        else:
            async for _, packet in packets(reader):
                yield packet

    async def _hang_up(self, writer: asyncio.StreamWriter) -> None:
        """End the command's input. The engine has no way to end the command itself."""
        with contextlib.suppress(OSError):
            if self._request.tty:
                writer.write(END_OF_TRANSMISSION)
            await writer.drain()
            writer.write_eof()


def whole_characters(text: bytes) -> tuple[bytes, bytes]:
    """Cut off an incomplete character of UTF-8 (RFC 3629), because viewers decode each frame separately."""
    for length in range(1, min(4, len(text) + 1)):
        byte = text[-length]
        if byte & 0b1100_0000 == 0b1100_0000:
            size = 2 if byte < 0b1110_0000 else 3 if byte < 0b1111_0000 else 4
            return (text[:-length], text[-length:]) if size > length else (text, b"")
        if byte & 0b1000_0000 == 0:
            break
    return text, b""
