# SPDX-License-Identifier: Apache-2.0
"""The asynchronous shell of HAProxy's sockets: of a worker's for commands, and of its master."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from orca.hoststate.haproxy_api import ProtocolError, decode, encode


class HaproxyGone(Exception):
    """HAProxy does not answer on its socket."""


async def ask(path: Path, command: str, *, seconds: float) -> str:
    """Send one command and return its answer.

    Raises:
        HaproxyGone: no answer within ``seconds``.
    """
    try:
        async with asyncio.timeout(seconds), follow(path, command) as reader:
            (answer,) = decode(await reader.read(), 1)
            return answer
    except TimeoutError as error:
        raise HaproxyGone(f"HAProxy does not answer on {path} within {seconds} s") from error
    except (OSError, ProtocolError) as error:
        raise HaproxyGone(f"HAProxy does not answer on {path}: {error}") from error


async def ask_master(path: Path, command: str, *, seconds: float) -> str:
    """Send one command to the master, or with ``@!<pid>`` to one of its workers; return the answer.

    The master keeps a connection open, so that this end tells it that nothing follows.

    Raises:
        HaproxyGone: no answer within ``seconds``.
    """
    try:
        async with asyncio.timeout(seconds), _connection(path) as (reader, writer):
            writer.write(encode([command]))
            writer.write_eof()
            return (await reader.read()).decode(errors="replace")
    except TimeoutError as error:
        raise HaproxyGone(f"HAProxy's master does not answer on {path} within {seconds} s") from error
    except OSError as error:
        raise HaproxyGone(f"HAProxy's master does not answer on {path}: {error}") from error


@asynccontextmanager
async def follow(path: Path, command: str) -> AsyncIterator[asyncio.StreamReader]:
    """Send one command and yield the stream of its answer.

    Raises:
        HaproxyGone: HAProxy does not listen.
    """
    async with _connection(path) as (reader, writer):
        writer.write(encode([command]))
        yield reader


@asynccontextmanager
async def _connection(path: Path) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    try:
        reader, writer = await asyncio.open_unix_connection(str(path))
    except OSError as error:
        raise HaproxyGone(f"HAProxy does not listen on {path}: {error}") from error
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
