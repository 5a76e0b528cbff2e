# SPDX-License-Identifier: Apache-2.0
"""Cost follows change: what one container's start and one hello cost the server, by what else there is."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench import hellos
from bench.httpload import Client
from bench.pinned import PinnedServer, pin_generator
from bench.population import reached
from bench.result import Figure, Result, Table

SERVICES = (10, 100, 1000)
CONTAINERS = (100, 1000, 10_000, 30_000)
AGENTS = (10, 100, 500)
STARTS = 20
AT_ONCE = 100
HOSTS, MANY_HOSTS = 10, 140
IMAGE = "sim:bench"
EVEN = 1.2
PATIENCE = 0.25

METHOD = (
    f"`orca server --sim` on one core; processor time of its process while {STARTS} stacks of one container are made, "
    "one after another, until all run, over their number. Beside them are other services of the project (inactive or "
    f"with a container each, in one stack or in many), or containers that stand alone on {MANY_HOSTS} hosts. Hello: "
    "see `tests/bench/hellos.py`. A curve is flat when no point lies more than 20 % off its middle. While containers "
    "are added as fast as the server takes them, somebody else makes an empty stack ten times a second."
)


class Bed:
    """One server with hosts, and a client in its default project."""

    def __init__(self, server: PinnedServer, client: Client, project: str) -> None:
        self.server = server
        self.client = client
        self.project = f"/v2/projects/{project}"
        self.made = 0

    @classmethod
    async def on(cls, server: PinnedServer, hosts: int) -> Bed:
        """Have so many simulated hosts join a new server."""
        client = Client(server.url, server.key)
        (project,) = (await client.json("GET", "/v2/projects?name=Default"))["data"]
        bed = cls(server, client, project["id"])
        for number in range(hosts):
            await client.json("POST", f"{bed.project}/agents", {"uri": f"sim://flat-{number}"})
        await reached(lambda: bed.count("host", "agent_state = 'active' AND state = 'active'") == hosts, 600)
        return bed

    def count(self, table: str, condition: str) -> int:
        """Rows of the server's database, counted beside it."""
        return int(self.server.query(f"SELECT count(*) FROM {table} WHERE {condition}")[0][0])

    @property
    def running(self) -> int:
        return self.count("instance", "state = 'running'")

    async def quiet(self, seconds: float = 600) -> None:
        """Wait until no process is under way, and what follows from the last ones is done."""
        await reached(lambda: self.count("process_instance", "end_time IS NULL") == 0, seconds)
        while True:
            used = self.server.cpu()
            await asyncio.sleep(PATIENCE)
            if self.server.cpu() == used:
                return

    async def stack(self, text: str, *, start: bool = True) -> str:
        """Make a stack; its path."""
        self.made += 1
        body = {"name": f"flat-{self.made}", "dockerCompose": text, "startOnCreate": start}
        row = await self.client.json("POST", f"{self.project}/environments", body)
        return f"{self.project}/environments/{row['id']}"

    async def start_cost(self) -> float:
        """Milliseconds of the server's processor for one stack of one container, from the request until it is quiet."""
        await self.quiet()
        before, cpu = self.running, self.server.cpu()
        made = []
        for number in range(1, STARTS + 1):
            made.append(await self.stack(f"one: {{image: '{IMAGE}'}}"))
            await reached(lambda wanted=before + number: self.running == wanted, 60)
        await self.quiet()
        spent = (self.server.cpu() - cpu) / STARTS * 1000
        for path in made:
            await self.client.json("DELETE", path)
        await reached(lambda: self.running == before, 120)
        return spent


async def by_services(folder: Path, *, many: bool, active: bool) -> dict[int, float]:
    """The cost of a start beside so many other services."""
    found, present = {}, 0
    with PinnedServer(folder).running() as server:
        bed = await Bed.on(server, HOSTS)
        for size in SERVICES:
            names = [f"s{number}" for number in range(present, size)]
            groups = [[name] for name in names] if many else [names]
            for group in groups:
                await bed.stack("\n".join(f"{name}: {{image: '{IMAGE}'}}" for name in group), start=active)
            present = size
            if active:
                await reached(lambda size=size: bed.running == size, 600)
            found[size] = await bed.start_cost()
    return found


async def by_containers(folder: Path) -> tuple[dict[int, float], list[float]]:
    """The cost of a start beside so many containers of one project, and what others waited meanwhile (ms)."""
    found: dict[int, float] = {}
    waited: list[float] = []
    with PinnedServer(folder).running() as server:
        bed = await Bed.on(server, MANY_HOSTS)
        present = 0
        for size in CONTAINERS:
            user = asyncio.create_task(somebody(bed, waited))
            while present < size:
                await bed.client.json(
                    "POST", f"{bed.project}/containers", {"imageUuid": IMAGE, "name": "flat-", "count": AT_ONCE}
                )
                present += AT_ONCE
                # The server is kept busy; what waits in it is bounded all the same.
                await reached(lambda enough=present - 3 * AT_ONCE: bed.running >= enough, 120)
            await reached(lambda size=size: bed.running == size, 600)
            user.cancel()
            found[size] = await bed.start_cost()
    return found, waited


async def somebody(bed: Bed, waited: list[float]) -> None:
    """Another user's writes, ten a second."""
    number = 0
    while True:
        number += 1
        began = time.monotonic()
        await bed.client.json(
            "POST", f"{bed.project}/environments", {"name": f"else-{len(waited)}-{number}", "startOnCreate": False}
        )
        waited.append((time.monotonic() - began) * 1000)
        await asyncio.sleep(0.1)


def deviation(curve: Sequence[float]) -> float:
    """How far the highest point lies above the middle between the highest and the lowest."""
    return max(curve) / ((max(curve) + min(curve)) / 2)


def measure() -> Result:
    """All curves."""
    pin_generator()
    figures: list[Figure] = []
    tables: list[Table] = []

    def add(name: str, unit: str, curve: dict[int, float]) -> None:
        figures.append(Figure(f"{name}: highest over middle", "", [deviation(list(curve.values()))], target=EVEN))
        found = [[f"{size:,}", f"{cost:.1f} ms"] for size, cost in curve.items()]
        tables.append(Table(f"Processor time, {name}", [unit, "one of it costs"], found))

    with tempfile.TemporaryDirectory(prefix="orca-flat-") as scratch:
        for many in (False, True):
            for active in (False, True):
                words = f"{'active' if active else 'inactive'} services in {'many stacks' if many else 'one stack'}"
                folder = Path(scratch) / words.replace(" ", "-")
                curve = asyncio.run(by_services(folder, many=many, active=active))
                add(f"start beside {words}", "other services", curve)
        curve, waited = asyncio.run(by_containers(Path(scratch) / "containers"))
        add("start beside containers", "containers in the project", curve)
        figures.append(Figure("somebody else's write meanwhile", "ms", waited, statistic="p99", target=100))
        figures.append(Figure("the slowest of them", "ms", waited, statistic="max", target=250))
    add("hello", "hosts in the project", asyncio.run(hellos.processor_times(AGENTS)))
    return Result("flat", "Cost follows change", METHOD, figures, tables)
