# SPDX-License-Identifier: Apache-2.0
"""What the database costs: how many containers come to run per second on PostgreSQL, and on SQLite."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import sys
import tempfile
import time
from pathlib import Path

from bench.httpload import Client
from bench.openloop import open_loop
from bench.pinned import SERVER_CORE, PinnedServer, pin_generator
from bench.population import IMAGE, reached
from bench.result import Figure, Result, ratios

sys.path.insert(0, str(Path(__file__).parent.parent / "integration"))

from databases import postgresql

PROJECTS, HOSTS = 10, 4  # hosts of one project
NEW, CREATES = 600, 400.0  # containers of one round; offered per second
ENOUGH = 0.5

METHOD = (
    "Two servers, one on SQLite with `synchronous=FULL`, one on the distribution's PostgreSQL with its defaults "
    "(`fsync` and `synchronous_commit` on) behind a socket, both files on the same disk. Both servers and PostgreSQL "
    f"share a core; the load comes from the other. Each server has {PROJECTS} projects with {HOSTS} simulated hosts "
    f"each. In each round each server gets {NEW} POSTs of one container, {CREATES:.0f} offered per second, in turning "
    "order; the rate is their number over the time from the first POST to the last start's COMMIT. A shorter round "
    "before them is not counted."
)


class Side:
    """A server on one database, and a client."""

    def __init__(self, server: PinnedServer) -> None:
        self.server = server
        self.rates: list[float] = []
        self.spent: list[float] = []
        """Processor time (ms) of the server for one container, by round."""
        self._client = Client(server.url, server.key)
        self._projects: list[str] = []
        self._numbers = itertools.count()

    async def populate(self) -> None:
        """Make projects, and have hosts join them."""
        for number in range(PROJECTS):
            await self._client.json("POST", "/v2/projects", {"name": f"bench-{number}"})
        await reached(lambda: self._count("account", "kind = 'project' AND state = 'active'") > PROJECTS, 60)
        page = await self._client.json("GET", "/v2/projects?name_prefix=bench-&all=true&limit=1000")
        self._projects = [row["id"] for row in page["data"]]
        for id, number in itertools.product(self._projects, range(HOSTS)):
            await self._client.json("POST", f"/v2/projects/{id}/agents", {"uri": f"sim://{id}-{number}"})
        await reached(
            lambda: self._count("host", "state = 'active' AND agent_state = 'active'") >= PROJECTS * HOSTS, 300
        )
        await self._quiet()

    async def round(self, new: int = NEW) -> None:
        """Have so many containers made, and wait until they run."""
        before, cpu, began = self._running(), self.server.cpu(), time.time()
        await open_loop(CREATES, new / CREATES, self._create)
        await reached(lambda: self._running() == before + new, 300)
        sql = "SELECT max(end_time) FROM process_instance WHERE process_name = 'instance.start'"
        self.rates.append(new / (int(self.server.query(sql)[0][0]) / 1000 - began))
        await self._quiet()
        self.spent.append((self.server.cpu() - cpu) / new * 1000)

    def forget(self) -> None:
        """Do not count what was measured so far."""
        self.rates.clear()
        self.spent.clear()

    async def _create(self, _number: int, _due: float) -> None:
        number = next(self._numbers)
        body = {"imageUuid": IMAGE, "name": f"new-{number}"}
        await self._client.json("POST", f"/v2/projects/{self._projects[number % PROJECTS]}/containers", body)

    async def _quiet(self) -> None:
        await reached(lambda: self._count("process_instance", "end_time IS NULL") == 0, 60)

    def _running(self) -> int:
        return self._count("instance", "state = 'running'")

    def _count(self, table: str, condition: str) -> int:
        return int(self.server.query(f"SELECT count(*) FROM {table} WHERE {condition}")[0][0])


async def compare(sqlite: PinnedServer, other: PinnedServer, rounds: int) -> list[Figure]:
    """Both in turn."""
    lite, big = sides = Side(sqlite), Side(other)
    for side in sides:
        await side.populate()
        await side.round(NEW // 3)
        side.forget()
    for number in range(rounds):
        for side in sides if number % 2 else reversed(sides):
            await side.round()
    return [
        Figure("created to running on SQLite", "/s", lite.rates),
        Figure("created to running on PostgreSQL", "/s", big.rates),
        Figure("PostgreSQL over SQLite", "", ratios(big.rates, lite.rates), target=ENOUGH, at_least=True),
        Figure("processor time of the server for a container, SQLite", "ms", lite.spent),
        Figure("processor time of the server for a container, PostgreSQL", "ms", big.spent),
    ]


def measure(rounds: int) -> Result:
    """Both servers at once, each measured while the other is idle."""
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="orca-databases-")))
        os.sched_setaffinity(0, {SERVER_CORE})  # PostgreSQL inherits it
        database = stack.enter_context(stack.enter_context(postgresql(durable=True)).database())
        pin_generator()
        sqlite = stack.enter_context(PinnedServer(scratch / "sqlite").running())
        other = stack.enter_context(PinnedServer(scratch / "postgresql", database=database).running())
        figures = asyncio.run(compare(sqlite, other, rounds))
    return Result("databases", "The databases", METHOD, figures)
