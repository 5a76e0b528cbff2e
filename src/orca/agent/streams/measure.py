# SPDX-License-Identifier: Apache-2.0
"""Measure the host and containers once, for one answer."""

import asyncio
import logging
from collections.abc import Iterable

import msgspec

from orca.agent.engine import Engine, EngineGone, EngineRefused
from orca.hoststate.engine_api import calls
from orca.wire import Measured, Usage

from .container_sample import container_look
from .host_sample import host_look
from .sample import Look

AT_ONCE = 8
SECONDS = 3.0
"""Until then containers are asked about; the answer has those that came."""
LINE_LIMIT = 1 << 18

_log = logging.getLogger(__name__)


async def measure(engine: Engine, containers: Iterable[str]) -> Measured:
    """Return what the host and these containers (Docker's ids) use."""
    found: dict[str, Usage] = {}
    waiting = iter(containers)

    async def work() -> None:
        for container in waiting:
            look = await _look(engine, container)
            if look is not None:
                found[container] = usage(look)

    tasks = [asyncio.create_task(work(), name="measure") for _ in range(AT_ONCE)]
    try:
        async with asyncio.timeout(SECONDS):
            await asyncio.gather(*tasks)
    except TimeoutError:
        _log.info("the engine told about %d containers in %.0f s; the rest is left out", len(found), SECONDS)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return Measured(usage(host_look()), found)


def usage(look: Look) -> Usage:
    """The figures of a sample; several interfaces and disks are added up."""
    interfaces, disks = look.sample.network.interfaces, look.sample.diskio.io_service_bytes
    return Usage(
        cpu=look.sample.cpu.usage.total,
        memory=look.sample.memory.usage,
        memory_limit=look.mem_limit,
        received=sum(each.rx_bytes for each in interfaces),
        sent=sum(each.tx_bytes for each in interfaces),
        read=sum(each.stats.read for each in disks),
        written=sum(each.stats.write for each in disks),
    )


async def _look(engine: Engine, container: str) -> Look | None:
    try:
        async with engine.stream(calls.stats_once(container), limit=LINE_LIMIT) as (reader, _):
            line = await reader.readline()
            return container_look(line) if line.strip() else None
    except (EngineGone, EngineRefused, OSError, ValueError, msgspec.DecodeError) as error:
        _log.debug("figures of %s: %s", container[:12], error)
        return None
