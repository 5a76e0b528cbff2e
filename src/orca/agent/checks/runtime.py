# SPDX-License-Identifier: Apache-2.0
"""The asynchronous shell of HAProxy's runtime socket."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from orca.hoststate.haproxy_api import ProtocolError, decode, encode


class CheckerGone(Exception):
    """HAProxy does not answer on its socket."""


async def ask(path: Path, command: str, *, seconds: float) -> str:
    """Send one command and return its answer.

    Raises:
        CheckerGone: no answer within ``seconds``.
    """
    try:
        async with asyncio.timeout(seconds), follow(path, command) as reader:
            (answer,) = decode(await reader.read(), 1)
            return answer
    except TimeoutError as error:
        raise CheckerGone(f"the checker does not answer on {path} within {seconds} s") from error
    except (OSError, ProtocolError) as error:
        raise CheckerGone(f"the checker does not answer on {path}: {error}") from error


@asynccontextmanager
async def follow(path: Path, command: str) -> AsyncIterator[asyncio.StreamReader]:
    """Send one command and yield the stream of its answer.

    Raises:
        CheckerGone: HAProxy does not listen.
    """
    try:
        reader, writer = await asyncio.open_unix_connection(str(path))
    except OSError as error:
        raise CheckerGone(f"the checker does not listen on {path}: {error}") from error
    try:
        writer.write(encode([command]))
        yield reader
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
