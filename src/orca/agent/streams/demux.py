# SPDX-License-Identifier: Apache-2.0
"""Docker's multiplexed output: stdout and stderr of a container without a terminal in one stream.

Source: Docker Engine API 1.41, "Attach to a container", stream format: a header of eight bytes (1 stdout or 2 stderr,
three zeros, the size in big endian), then as many bytes.
"""

import asyncio
import struct
from collections.abc import AsyncIterator

CHUNK = 1 << 15
_HEADER = struct.Struct(">BxxxI")


async def chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """What comes, as it comes, in pieces of at most ``CHUNK`` bytes."""
    while chunk := await reader.read(CHUNK):
        yield chunk


async def packets(reader: asyncio.StreamReader) -> AsyncIterator[tuple[int, bytes]]:
    """The packets as (1 or 2, bytes); the engine makes none of more than 32 KB."""
    try:
        while True:
            kind, size = _HEADER.unpack(await reader.readexactly(_HEADER.size))
            yield kind, await reader.readexactly(size)
    except asyncio.IncompleteReadError:
        return
