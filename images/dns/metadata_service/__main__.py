# SPDX-License-Identifier: Apache-2.0
"""Serve until ended. s6 starts it again if it fails."""

import asyncio
from pathlib import Path

from .answers import Answers
from .feed import Feed
from .known import Known
from .server import Server

ADDRESS, PORT = "169.254.169.250", 80
DIRECTORY = Path("/etc/orca-metadata")  # the host's /var/lib/orca/metadata


async def main() -> None:
    """Serve containers at the address, and the agent at the socket."""
    known = Known(DIRECTORY / "known.json")
    feed = Feed(known)
    if (DIRECTORY / "run").is_dir():
        await feed.listen(DIRECTORY / "run" / "feed.sock")
    server = await Server(Answers(known, feed)).listen(ADDRESS, PORT)
    await server.serve_forever()


asyncio.run(main())
