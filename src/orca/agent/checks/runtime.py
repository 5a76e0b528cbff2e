# SPDX-License-Identifier: Apache-2.0
"""The asynchronous shell of HAProxy's runtime socket."""

import asyncio
import contextlib
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
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_unix_connection(str(path))
            try:
                writer.write(encode([command]))
                (answer,) = decode(await reader.read(), 1)
                return answer
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except (OSError, ProtocolError) as error:  # TimeoutError is an OSError
        raise CheckerGone(f"the checker does not answer on {path}: {error or f'nothing within {seconds} s'}") from error
