# SPDX-License-Identifier: Apache-2.0
"""The API under load, with a thousand simulated hosts and ten thousand containers behind it."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from provision import ROOT

from bench.httpload import Client
from bench.openloop import open_loop
from bench.pinned import SERVER_CORE, PinnedServer, pin_generator
from bench.population import CONTAINERS, HOSTS, IMAGE, PROJECTS, Population, census, populate, reached, running
from bench.result import Figure, Result, percentile
from bench.server import free_port, seconds_to_answer
from bench.subscribers import Subscribers

RUNS = 3
WARM_SECONDS, SECONDS, IDLE_SECONDS = 5.0, 20.0, 30.0
GETS, PAGES, CHANGES, CREATES = 200.0, 5.0, 10.0, 400.0  # per second
PAGE, SUBSCRIBERS, NEW = 100, 1000, 1500
PATIENCE = 10.0  # seconds; a change that a subscriber has not seen by then counts as seen then

METHOD = (
    f"`orca server` on one core with {PROJECTS * HOSTS} simulated hosts and {PROJECTS * CONTAINERS} containers in "
    f"{PROJECTS} projects; SQLite with `synchronous=FULL` on the disk of the checkout. The load comes from the other "
    "core in an open loop: requests go out when they are due, and latency counts from then. Each figure is measured "
    f"alone, {RUNS} times, after {WARM_SECONDS:.0f} s of the same load that do not count; the value is the median of "
    "the runs. Created to running: each container is one POST; the rate is their number over the time from the first "
    f"POST to the last start's COMMIT, with {CREATES:.0f} POSTs offered per second. The mixed load has no targets."
)

Send = Callable[[int, float], Awaitable[None]]


class Bench:
    """One server, one generator."""

    def __init__(self, server: PinnedServer, client: Client, people: Population) -> None:
        self.server = server
        self.client = client
        self.people = people
        self.every = list(itertools.chain.from_iterable(zip(*people.containers.values(), strict=False)))
        """Containers, with those of one project far apart."""
        self.numbers = itertools.count(int(time.time()))
        """What changes are marked with: never twice on one database, or nothing would change."""
        self.busiest = 0.0
        self.spent: dict[str, list[float]] = {}
        """Processor time (ms) of the server for one of what was asked for, by run."""

    async def get_one(self, number: int, _due: float) -> None:
        await self.client.json("GET", f"/v2/containers/{self.every[number * 7919 % len(self.every)]}")

    async def get_page(self, number: int, _due: float) -> None:
        """Pages of a project and of everything, in turn."""
        where = f"/v2/projects/{self.people.projects[number % PROJECTS]}" if number % 2 else "/v2"
        page = await self.client.json("GET", f"{where}/containers?limit={PAGE}")
        assert len(page["data"]) == PAGE

    async def create(self, number: int, _due: float) -> None:
        project = self.people.projects[number % PROJECTS]
        body = {"imageUuid": IMAGE, "name": f"new-{number}"}
        await self.client.json("POST", f"/v2/projects/{project}/containers", body)

    def note(self, what: str, before: float, count: float) -> None:
        """Keep what the server has spent on `count` of something since its processor time was `before`."""
        self.spent.setdefault(what, []).append((self.server.cpu() - before) / count * 1000)

    async def latency(self, what: str, rate: float, seconds: float, send: Send) -> list[float]:
        """The p99 of each run, after a warm-up."""
        await open_loop(rate, WARM_SECONDS, send)
        result = []
        for _ in range(RUNS):
            before = self.server.cpu()
            load = await open_loop(rate, seconds, send)
            self.note(what, before, rate * seconds)
            self.busiest = max(self.busiest, load.busy)
            result.append(percentile(load.latencies, 0.99))
        return result

    async def events(self) -> list[float]:
        """The p99 of each run, over all subscribers, of what they saw of changes in their project."""
        projects, containers = self.people.projects, self.people.containers
        result = []
        async with Subscribers.listening(
            self.server.url, self.client.authorization, projects, SUBSCRIBERS
        ) as subscribers:
            sent: dict[int, float] = {}

            async def change(number: int, due: float) -> None:
                mark = next(self.numbers)
                sent[mark] = due
                project = projects[number % PROJECTS]
                target = f"/v2/projects/{project}/containers/{containers[project][mark // PROJECTS % CONTAINERS]}"
                await self.client.json("PUT", target, {"description": f"bench-{mark}"})

            await open_loop(CHANGES, WARM_SECONDS, change)
            for _ in range(RUNS):
                sent.clear()
                load = await open_loop(CHANGES, SECONDS, change)
                self.busiest = max(self.busiest, load.busy)
                await asyncio.sleep(PATIENCE)
                late = [(at - due) * 1000 for mark, due in sent.items() for at in subscribers.seen[mark]]
                unseen = len(sent) * SUBSCRIBERS // PROJECTS - len(late)
                result.append(percentile(late + [PATIENCE * 1000] * unseen, 0.99))
        return result

    async def created(self) -> list[float]:
        """Containers that came to run per second, of each run."""
        rates = []
        for _ in range(RUNS):
            before, cpu = running(self.server), self.server.cpu()
            began = time.time()
            load = await open_loop(CREATES, NEW / CREATES, self.create)
            self.busiest = max(self.busiest, load.busy)
            await reached(lambda before=before: running(self.server) == before + NEW, 120)
            self.note("a container from POST to running", cpu, NEW)
            rates.append(NEW / (self.last_start() / 1000 - began))
            await self.remove_new(before)
        return rates

    def last_start(self) -> int:
        """When (UTC ms) the last start of a container ended."""
        sql = "SELECT max(end_time) FROM process_instance WHERE process_name = 'instance.start'"
        return int(self.server.query(sql)[0][0])

    async def remove_new(self, left: int) -> None:
        """Remove what `create` made."""
        rows = self.server.query("SELECT account_id, id FROM instance WHERE state = 'running' AND name LIKE 'new-%'")
        paths = [f"/v2/projects/1a{project}/containers/1i{id}" for project, id in rows]
        for start in range(0, len(paths), 50):
            await asyncio.gather(*(self.client.json("DELETE", path) for path in paths[start : start + 50]))
        await reached(lambda: running(self.server) == left, 120)
        await self.quiet()

    async def quiet(self) -> None:
        """Wait until no process runs."""
        sql = "SELECT count(*) FROM process_instance WHERE end_time IS NULL"
        await reached(lambda: self.server.query(sql)[0][0] == 0, 60)

    async def mixed(self) -> list[Figure]:
        """Everything at once, at half of the single rates."""
        async with Subscribers.listening(
            self.server.url, self.client.authorization, self.people.projects, SUBSCRIBERS // 10
        ):
            before = running(self.server)
            loads = await asyncio.gather(
                open_loop(GETS / 2, SECONDS, self.get_one),
                open_loop(PAGES / 2, SECONDS, self.get_page),
                open_loop(10, SECONDS, self.create),
            )
        await reached(lambda: running(self.server) == before + 10 * SECONDS, 60)
        await self.remove_new(before)
        names = (f"{GETS / 2:.0f} GET/s", f"{PAGES / 2:.1f} pages/s", "10 POST/s")
        return [
            Figure(f"mixed load: {name}, {statistic}", "ms", load.latencies, statistic)
            for name, load in zip(names, loads, strict=True)
            for statistic in ("p50", "p99")
        ]


async def generator_alone() -> float:
    """The p99 of the generator against a server that does nothing."""
    port = free_port()
    argv = ["taskset", "-c", str(SERVER_CORE), sys.executable, "-m", "bench.nullserver", str(port)]
    null = await asyncio.create_subprocess_exec(*argv, stdout=subprocess.PIPE, cwd=ROOT / "tests")
    try:
        assert null.stdout is not None
        await null.stdout.readline()
        client = Client(f"http://127.0.0.1:{port}", ("", ""))

        async def send(_number: int, _due: float) -> None:
            await client.send("GET", "/")

        await open_loop(GETS, WARM_SECONDS, send)
        return percentile((await open_loop(GETS, SECONDS, send)).latencies, 0.99)
    finally:
        null.kill()
        await null.wait()


async def measure_running(server: PinnedServer) -> list[Figure]:
    """Everything that is measured on the running server."""
    client = Client(server.url, server.key)
    bench = Bench(server, client, await census(client))
    await bench.quiet()
    gets = await bench.latency("a GET of one resource", GETS, SECONDS, bench.get_one)
    pages = await bench.latency(f"a page of {PAGE}", PAGES, 3 * SECONDS, bench.get_page)
    memory = server.resident()
    newest = server.query("SELECT max(id) FROM event")
    idle = [server.busy(IDLE_SECONDS) for _ in range(RUNS)]
    assert server.query("SELECT max(id) FROM event") == newest, "an idle server wrote something"
    events = await bench.events()
    created = await bench.created()
    mixed = await bench.mixed()
    client.close()
    alone = await generator_alone()
    return [
        Figure(f"GET of one resource at {GETS:.0f}/s, p99", "ms", gets, target=20),
        Figure(f"page of {PAGE} at {PAGES:.0f}/s, p99", "ms", pages, target=100),
        Figure(
            f"change to {SUBSCRIBERS} subscribers in {PROJECTS} projects at {CHANGES:.0f}/s, p99",
            "ms",
            events,
            target=100,
        ),
        Figure("created to running by single POSTs (floor 50)", "/s", created, target=100, at_least=True),
        Figure("resident memory after the reads, no subscribers", "MB", [memory], "max", 200),
        Figure("idle server, share of a core", "%", idle, target=3),
        *(Figure(f"processor time of {what}", "ms", spent) for what, spent in bench.spent.items()),
        *mixed,
        Figure(f"generator alone at {GETS:.0f}/s against a server that does nothing, p99", "ms", [alone], "max"),
        Figure("generator, most of its own core in any run", "%", [bench.busiest], "max"),
    ]


def measure(folder: Path, keep: bool) -> Result:
    """Measure in ``folder``; ``keep``: with the database that is there, and leave it there."""
    data = folder / "data"
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)
    fresh = not data.exists()
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    pin_generator()
    server = PinnedServer(data)
    if fresh:
        with server.running():
            asyncio.run(populate(server, Client(server.url, server.key)))
    with server.running():
        figures = asyncio.run(measure_running(server))
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    starts = [seconds_to_answer(data, free_port()) for _ in range(RUNS)]
    figures.insert(6, Figure("start to first authenticated 200 with this database", "s", starts, target=1.0))
    if not keep:
        shutil.rmtree(folder)
    return Result("api", "The API", METHOD, figures)


FOLDER = ROOT / "build" / "bench" / "api"
