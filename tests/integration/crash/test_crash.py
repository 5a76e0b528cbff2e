# SPDX-License-Identifier: Apache-2.0
"""A server killed at any instant, and at each point where it hurts most, loses nothing that it acknowledged.

``ORCA_CRASH_CHANGES`` (1000) and ``ORCA_CRASH_SEED`` (of the day) make it longer and different.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

from databases import Server
from journal import Journal, check_present, check_process
from killpoints import ARM, POINTS
from load import Load
from realserver import RealServer

CHANGES = int(os.environ.get("ORCA_CRASH_CHANGES", "1000"))
SEED = int(os.environ.get("ORCA_CRASH_SEED", str(int(time.time()) // 86_400)))
PER_LIFE = 120  # changes of one life of the server, unless it is killed before
WRAPPER = str(Path(__file__).with_name("killed_server.py"))
HOSTS = 4


async def live(server: RealServer, load: Load, point: str | None, lot: random.Random) -> None:
    """One life: start, let the workers go on, die at the point (None: at any instant)."""
    nth = lot.randint(1, 25)
    if point is not None:
        server.program = (WRAPPER, point, str(nth))
    await server.start()
    await acknowledged(server, load.journal, final=False)
    load.server_is(up=True)
    await load.allow(PER_LIFE)
    assert server.process is not None
    if point is not None:
        server.process.send_signal(ARM)
    else:
        await asyncio.sleep(lot.uniform(0.05, 1.5))
        await server.kill(signal.SIGKILL)
    async with asyncio.timeout(30):
        assert await server.process.wait() == -signal.SIGKILL, f"{point!r} was not reached {nth} times"
    load.server_is(up=False)
    server.program = RealServer(server.folder).program


async def acknowledged(server: RealServer, journal: Journal, *, final: bool) -> None:
    """Every acknowledged change is there with at least its state."""
    rows = {row["id"]: row for row in await everything(server, "containers?")}
    # After those that live: one that is removed meanwhile is in both.
    rows |= {row["id"]: row for row in await everything(server, "containers?removed_notnull=true&")}
    for id, changes in journal.containers().items():
        check_present(rows[id], changes, final=final)


async def everything(server: RealServer, path: str) -> list[dict[str, Any]]:
    """All pages of a collection."""
    rows: list[dict[str, Any]] = []
    where: str | None = f"{path}limit=500"
    while where is not None:
        page = await server.get(where)
        rows += page["data"]
        following = (page.get("pagination") or {}).get("next")
        where = following and following.removeprefix(server.url)
    return rows


def simulated(folder: Path) -> tuple[Counter[str], dict[str, bool]]:
    """What the agents' side says: how often each container was made, and which are there (and run)."""
    made: Counter[str] = Counter()
    there: dict[str, bool] = {}
    for line in (folder / "simulated.jsonl").read_text().splitlines():
        event = json.loads(line)
        if event["do"] == "create":
            made[event["uuid"]] += 1
        if event["do"] == "remove":
            there.pop(event["uuid"], None)
        else:
            there[event["uuid"]] = event["do"] == "start"
    return made, there


@pytest.fixture(params=["sqlite", "postgresql"])
def options(request: pytest.FixtureRequest, servers: Callable[[str], Server]) -> Iterator[tuple[str, ...]]:
    """Options of the server for the database."""
    if request.param == "sqlite":
        yield ()
        return
    with servers(request.param).database() as url:
        yield ("--database", url)


async def test_nothing_acknowledged_is_lost(tmp_path: Path, options: tuple[str, ...]) -> None:
    print(f"seed {SEED}, {CHANGES} changes")
    lot = random.Random(SEED)
    journal = Journal()
    async with RealServer.running(tmp_path / "data", "--sim", *options) as server:
        for number in range(HOSTS):
            await server.post("agents", {"uri": f"sim://{number}"})
        await server.until("hosts", lambda page: [row["state"] for row in page["data"]] == ["active"] * HOSTS)
        await server.kill(signal.SIGKILL)
        load = Load(server, journal, CHANGES, SEED)
        workers = asyncio.create_task(load.run())
        ends: list[str | None] = [*POINTS, *[None] * max(3, CHANGES // PER_LIFE - len(POINTS) - 2)]
        lot.shuffle(ends)
        for end in ends:
            await live(server, load, end, lot)
        await server.start()
        await acknowledged(server, journal, final=False)
        load.server_is(up=True)
        await load.allow(CHANGES)
        await workers
        await server.until("/v2/processinstances?endTime_null=true", lambda page: not page["data"], seconds=30)
        await check_end(server, journal)


async def check_end(server: RealServer, journal: Journal) -> None:
    """Nothing runs any more: rows, processes and the agents' side agree with the journal."""
    await acknowledged(server, journal, final=True)
    containers = journal.containers()
    for row in await everything(server, "/v2/processinstances?"):
        check_process(row, containers.get(row["resourceId"]) if row["resourceType"] == "instance" else None, journal)
    made, there = simulated(server.folder)
    assert set(made.values()) <= {1}, made.most_common(3)
    rows = await everything(server, "containers?")
    running = {row["uuid"]: row["state"] == "running" for row in rows if row["state"] != "removed"}
    # One that was stopped while it was starting may have been made, or not.
    assert there.items() <= running.items()
    assert {uuid for uuid, runs in running.items() if runs} <= there.keys()
