# SPDX-License-Identifier: Apache-2.0
"""What an agent's return costs the server: processor time of one hello, by how many hosts the project has.

The floors below the API run in this process, on SQLite, with agents that speak without a socket.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from orca.resources import rows

sys.path.insert(0, str(Path(__file__).parent.parent / "integration"))

from inprocess import Platform
from pretended import PretendedAgent, PretendedHost, signing_request

from orca.provision.settings import values as settings

HELLOS = 20
"""Of one host, one after another."""


async def processor_times(counts: Iterable[int] = (10, 100, 500), *, containers: int = 20) -> dict[int, float]:
    """Milliseconds of processor per hello of a host whose items and containers are as they were, by number of hosts."""
    found: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        async with Platform.start(Path(folder), f"sqlite:///{folder}/bench.db") as platform:
            # A project's network holds 255 ranges of the ordinary size.
            await platform.core.db.write(lambda tx: settings.put(tx, settings.HOST_PREFIX, "25"))
            csr = signing_request()
            agents: list[PretendedAgent] = []
            for count in counts:
                await grow(platform, agents, count, csr)
                agent = agents[0]
                while len(agent.host.containers) < containers:
                    agent.run_by_hand(f"by-hand-{len(agent.host.containers)}")
                await quiet(platform)
                found[count] = await hellos(platform, agent)
    return found


async def grow(platform: Platform, agents: list[PretendedAgent], count: int, csr: str) -> None:
    """Have so many hosts join, each with a tunnel to every other.

    What the agents hold lies in this process too, and grows with the square of the hosts: it is kept from the garbage
    collector, which would look through it in the server's name.
    """
    gc.disable()
    for number in range(len(agents) + 1, count + 1):
        host = PretendedHost(f"h{number}", f"198.18.{number // 250}.{number % 250 + 1}", csr=csr)
        agents.append(await platform.join(host))
    await quiet(platform)
    gc.freeze()
    gc.enable()


async def quiet(platform: Platform) -> None:
    """Wait until every item is applied and nothing waits to be written."""
    await platform.until(
        lambda tx: all(
            requested == applied
            for requested, applied in tx.values(rows.ConfigItemStatus, "requestedVersion", "appliedVersion")
        ),
        seconds=600,
    )
    await platform.core.engine.idle()


async def hellos(platform: Platform, agent: PretendedAgent) -> float:
    """The median milliseconds of a return: the end of the connection, and the hello.

    What the agent does to put its hello together is its own, and not counted.
    """
    times = []
    for _ in range(HELLOS + 1):
        connection = platform.connection_of(agent)
        began = time.process_time()
        await platform.disconnect(connection)
        await platform.connect(connection.agent_id, agent)
        await platform.core.agents.wait(connection.agent_id)
        await asyncio.sleep(0)
        ended = time.process_time()
        agent.host.hello()
        times.append((2 * ended - began - time.process_time()) * 1000)
    return statistics.median(times[1:])


def main() -> None:
    """Print the curve."""
    counts = [int(text) for text in sys.argv[1:]] or [10, 100, 500]
    for count, milliseconds in asyncio.run(processor_times(counts)).items():
        print(f"{count:5d} hosts: {milliseconds:7.2f} ms")


if __name__ == "__main__":
    main()
