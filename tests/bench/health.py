# SPDX-License-Identifier: Apache-2.0
"""Health at size: ten real checkers with a thousand checks each, the agent's real reader, and a real server."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import msgspec

sys.path.insert(0, str(Path(__file__).parent.parent / "integration"))

from pretended import PretendedHost, SocketAgent, signing_request
from realserver import RealServer

from bench.checkers import PORT, TICK, Applied, Checkers
from bench.result import Figure, Result
from orca import wire
from orca.agent.checks import Checker, Reports
from orca.hoststate.plan.items import NAMES
from orca.simulator.faults import NONE, Faults
from orca.simulator.host import Said
from orca.wire import names

HOSTS, CHECKS = 10, 1000
SERVICES = 100
INTERVAL, FALL, TIMEOUT = 2000, 2, 1000
REST_SECONDS, FLIPS_SECONDS, FLIPS_PER_SECOND = 30, 30, 10
CIDR = "10.42.0.0/16"
SLACK = 0.25
"""Seconds that a failure may take to leave the names beyond the checks that it takes to notice it."""

METHOD = (
    f"{HOSTS} HAProxy as in `orca-check`, each with about {CHECKS:,} HTTP checks every {INTERVAL / 1000:g} s, read by "
    f"the agent's own reader; pretended hosts hold the containers of {SERVICES} services and have sockets to "
    f"`orca server`. Each container has three checkers. At rest for {REST_SECONDS} s, then for {FLIPS_SECONDS} s "
    f"{FLIPS_PER_SECOND} containers a second begin to answer 503. Messages are `health.change`. "
    "A failure has left the names when no host has the address in any item of names. One process holds all readers "
    "and hosts."
)


class Names:
    """In which items of names each address stands, and when the last one was gone."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], frozenset[str]] = {}
        self._where: Counter[str] = Counter()
        self.gone: dict[str, float] = {}

    def take(self, host: str, update: wire.ConfigUpdate) -> None:
        """Take the items that a host gets."""
        for item in update.items:
            if not NAMES.holds(item.name) or isinstance(item.description, msgspec.UnsetType):
                continue
            answers = (item.description or {}).get("names", {}).values()
            after = frozenset(each for answer in answers if isinstance(answer, list) for each in answer)
            before = self._held.get((host, item.name), frozenset())
            self._held[host, item.name] = after
            self._where.update(after - before)
            self._where.subtract(before - after)
            for address in before - after:
                if not self._where[address]:
                    self.gone[address] = time.monotonic()


class CheckingAgent(SocketAgent):
    """A pretended agent whose health is real."""

    def follow(self, applied: Applied, seen: Names, commands: Path) -> None:
        """Prepare: where its checks go, and where its names are watched."""
        self.applied, self._seen = applied, seen
        self.messages = 0
        self.reports = Reports(self._report)
        paths = SimpleNamespace(checker_commands=commands)
        self.checker = Checker(applied, paths, self.host.uuid, self.reports.put, _reaches)  # type: ignore[arg-type]

    def receive(self, event: wire.Event, found: Faults = NONE) -> None:
        super().receive(event, found)
        if event.name == names.CONFIG_UPDATE:
            self._seen.take(self.host.name, event.read(wire.ConfigUpdate))
            self.applied.take({name: item.description for name, item in self.host.items.items()})

    def _report(self, event: wire.Event) -> None:
        self.messages += 1
        self.transmit(Said(event, False))


async def _reaches(host: str, seconds: float) -> float | None:
    """Every tunnel is open."""
    return time.monotonic()


class Bed:
    """All of it, running."""

    def __init__(self, server: RealServer, checkers: Checkers, agents: list[CheckingAgent], seen: Names) -> None:
        self.server, self.checkers, self.agents, self.seen = server, checkers, agents, seen

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls, folder: Path) -> AsyncIterator[Bed]:
        """The server, the hosts and the checkers, for as long as the block lasts."""
        with Checkers.running(folder / "checkers", HOSTS, CIDR) as checkers:
            async with RealServer.running(folder / "server") as server, asyncio.TaskGroup() as group:
                # A range of the ordinary size holds too few containers.
                answer = await server.call("PUT", "/v2/settings/network.host.prefix", {"value": "22"})
                assert answer.status_code == 200, answer.text
                seen, csr = Names(), signing_request()
                agents, tasks = [], []
                token = (await server.token())["token"]
                for number, process in enumerate(checkers.all, 1):
                    host = PretendedHost(f"h{number}", f"198.18.0.{number}", csr=csr)
                    agent = CheckingAgent(host, f"{server.url}/v1", *await server.credentials(token, host))
                    agent.follow(Applied(process.commands), seen, process.commands)
                    await agent.connect()
                    agents.append(agent)
                    tasks += [group.create_task(each.run()) for each in (agent.applied, agent.checker, agent.reports)]
                await server.until(
                    "hosts?state=active&agentState=active", lambda found: len(found["data"]) == HOSTS, 60
                )
                try:
                    yield cls(server, checkers, agents, seen)
                finally:
                    for task in tasks:
                        task.cancel()
                    for agent in agents:
                        await agent.disconnect()

    async def fill(self) -> dict[str, str]:
        """Start the containers, wait until all are healthy; the address of each by its id."""
        scale = -(-HOSTS * CHECKS // 3 // SERVICES)
        check = {"port": PORT, "interval": INTERVAL, "unhealthy_threshold": FALL, "response_timeout": TIMEOUT}
        check |= {"request_line": "GET / HTTP/1.0", "strategy": "none"}
        for number in range(SERVICES):
            body = {
                "name": f"s{number}",
                "startOnCreate": True,
                "dockerCompose": "web: {image: 'ok/web'}",
                "rancherCompose": f"web: {{scale: {scale}, health_check: {_flow(check)}}}",
            }
            await self.server.post("environments", body)
        async with asyncio.timeout(1200):
            while len(found := await self._containers("healthState=healthy")) < scale * SERVICES:  # noqa: ASYNC110
                await asyncio.sleep(2)
        return {row["id"]: row["primaryIpAddress"] for row in found}

    async def _containers(self, condition: str) -> list[dict[str, str]]:
        found: list[dict[str, str]] = []
        path = f"containers?{condition}&limit=3000"
        while path:
            answer = await self.server.get(path)
            found += answer["data"]
            path = ((answer.get("pagination") or {}).get("next") or "").removeprefix(self.server.url)
        return found

    def server_cpu(self) -> float:
        assert self.server.process is not None
        fields = Path(f"/proc/{self.server.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def checkers_cpu(self) -> list[float]:
        return [each.cpu() for each in self.checkers.all]

    def messages(self) -> int:
        return sum(agent.messages for agent in self.agents)


def _flow(check: dict[str, object]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in check.items()) + "}"


class Meter:
    """What was used and said over a time."""

    def __init__(self, bed: Bed) -> None:
        self._bed = bed
        self._before = (time.monotonic(), bed.messages(), bed.server_cpu(), bed.checkers_cpu(), time.process_time())

    def read(self) -> tuple[float, float, list[float], float]:
        """Messages a second; shares of a core (%) of the server, of each checker, and of this process."""
        began, messages, server, checkers, own = self._before
        seconds = time.monotonic() - began
        shares = [100 * (now - then) / seconds for now, then in zip(self._bed.checkers_cpu(), checkers, strict=True)]
        share = 100 * (self._bed.server_cpu() - server) / seconds
        said = (self._bed.messages() - messages) / seconds
        return said, share, shares, 100 * (time.process_time() - own) / seconds


async def flips(bed: Bed, addresses: list[str]) -> dict[str, float]:
    """Let one after the other fail, at an even pace; when each did."""
    failed: dict[str, float] = {}
    began = time.monotonic()
    for number, address in enumerate(addresses):
        await asyncio.sleep(max(0.0, began + number / FLIPS_PER_SECOND - time.monotonic()))
        failed[address] = time.monotonic()
        bed.checkers.fail([address])
    return failed


async def run(folder: Path) -> list[Figure]:
    async with Bed.running(folder) as bed:
        began = time.monotonic()
        found = await bed.fill()
        filled = time.monotonic() - began
        await asyncio.sleep(5)
        rest = Meter(bed)
        await asyncio.sleep(REST_SECONDS)
        at_rest = rest.read()
        resident = [each.resident() for each in bed.checkers.all]
        limit = FALL * INTERVAL / 1000 + SLACK
        chosen = random.Random(1).sample(sorted(found.values()), int((limit + FLIPS_SECONDS) * FLIPS_PER_SECOND))
        begun = asyncio.create_task(flips(bed, chosen))
        await asyncio.sleep(limit)  # until as many are noticed as fail
        meter = Meter(bed)
        failed = await begun
        flipping = meter.read()
        async with asyncio.timeout(120):
            while not failed.keys() <= bed.seen.gone.keys():  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        took = [bed.seen.gone[address] - at for address, at in failed.items()]
        numbers = [float(agent.applied.number) for agent in bed.agents]
        return [
            Figure("checks of one checker", "", numbers),
            Figure("from nothing to all healthy", "s", [filled]),
            Figure("messages at rest, all hosts together", "/s", [at_rest[0]], "max", 1),
            Figure("server at rest, share of a core", "%", [at_rest[1]], "max", 3),
            Figure("one checker at rest, share of a core", "%", at_rest[2], "max"),
            Figure("one checker, resident memory", "MB", resident, "max"),
            Figure(f"messages at {FLIPS_PER_SECOND} flips/s", "/s", [flipping[0]], "max"),
            Figure(f"server at {FLIPS_PER_SECOND} flips/s, share of a core", "%", [flipping[1]], "max"),
            Figure("readers and pretended hosts at rest, share of a core", "%", [at_rest[3]], "max"),
            Figure("failure until out of all names, p50", "s", took, "p50"),
            Figure("failure until out of all names, p99", "s", took, "p99", limit),
        ]


def measure() -> Result:
    """Measure; there is one round, since all samples are of one state."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        figures = asyncio.run(run(Path(folder)))
    return Result("health", "Health checks", METHOD, figures)
