# SPDX-License-Identifier: Apache-2.0
"""End streams, also silent ones, when nobody reads this program's output any more."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import stat
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def streamed(main: Coroutine[Any, Any, T]) -> T:
    """Run a stream to its end. Raises BrokenPipeError once nobody reads standard output."""
    return asyncio.run(_while_read(main))


async def _while_read(main: Coroutine[Any, Any, T]) -> T:
    work, unread = asyncio.ensure_future(main), asyncio.ensure_future(_unread())
    try:
        await asyncio.wait([work, unread], return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            return work.result()
        raise BrokenPipeError
    finally:
        for task in (work, unread):
            task.cancel()
        await asyncio.gather(work, unread, return_exceptions=True)


async def _unread() -> None:
    """Return once the reader of standard output has gone; never if it is neither pipe nor socket."""
    gone = asyncio.Event()
    loop = asyncio.get_running_loop()
    descriptor = sys.stdout.fileno()

    def look() -> None:
        # The writing end of a pipe reports only that it broke. A socket may also have something to read.
        loop.remove_reader(descriptor)
        if _broken(descriptor):
            gone.set()

    with contextlib.suppress(OSError):
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
            loop.add_reader(descriptor, look)
    try:
        await gone.wait()
    finally:
        loop.remove_reader(descriptor)


def _broken(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
