# SPDX-License-Identifier: Apache-2.0
"""Docker's multiplexed output: stdout and stderr of a container without a terminal in one stream.

The format is that of ``hoststate.engine_api.frames``.
"""

import asyncio
from collections.abc import AsyncIterator

from orca.hoststate.engine_api import FRAME_HEADER

CHUNK = 1 << 15


async def chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield the bytes as they come, in pieces of at most ``CHUNK``."""
    while chunk := await reader.read(CHUNK):
        yield chunk


async def packets(reader: asyncio.StreamReader) -> AsyncIterator[tuple[int, bytes]]:
    """Yield the packets as (1 or 2, bytes); the engine's packets have at most 32 KB."""
    try:
        while True:
            stream, size = FRAME_HEADER.unpack(await reader.readexactly(FRAME_HEADER.size))
            yield stream, await reader.readexactly(size)
    except asyncio.IncompleteReadError:
        return
