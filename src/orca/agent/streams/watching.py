# SPDX-License-Identifier: Apache-2.0
"""End work for a viewer when the viewer leaves, which otherwise shows only at the next frame."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from websockets.asyncio.client import ClientConnection


async def while_watched(viewer: ClientConnection, work: Coroutine[Any, Any, None]) -> None:
    """Do the work to its end, or until the viewer leaves."""
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(viewer.wait_closed())
    try:
        await asyncio.wait([working, leaving], return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)
