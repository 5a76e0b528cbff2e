# SPDX-License-Identifier: Apache-2.0
"""The process ``orca-agent``: settings, logging, signals."""

import asyncio
import logging
import signal
import sys
from concurrent.futures import ThreadPoolExecutor

from .app import Agent
from .errors import AgentError
from .settings import Settings, parse


def main() -> None:
    """Run the agent until SIGTERM or SIGINT."""
    settings = parse(sys.argv[1:])
    logging.basicConfig(
        stream=sys.stderr, level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("websockets").setLevel(logging.WARNING)
    ended: list[str] = []
    try:
        asyncio.run(_run(settings))
    except* AgentError as errors:
        ended = [f"orca-agent: {error}" for error in errors.exceptions]
    if ended:
        sys.exit("\n".join(ended))


async def _run(settings: Settings) -> None:
    # Blocking work is only files and small programs, so few threads are enough, and each needs memory.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(3, thread_name_prefix="blocking"))
    agent = asyncio.ensure_future(Agent(settings).run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, agent.cancel)
    try:
        await agent
    except asyncio.CancelledError:
        logging.getLogger(__name__).info("stopped")
