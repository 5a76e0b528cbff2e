# SPDX-License-Identifier: Apache-2.0
"""A server killed at any instant loses nothing and does nothing twice."""

import asyncio
import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from killpoints import POINTS

from orca.resources import rows, schema
from orca.store import Database, ReadTx

WORKER = Path(__file__).with_name("kill_worker.py")
COUNT = 20


def work(directory: Path, point: str, nth: int) -> int:
    """Run a worker to its end or its death; returns its status."""
    command = [sys.executable, str(WORKER), str(directory), str(COUNT), point, str(nth)]
    return subprocess.run(command, timeout=120, check=False).returncode


async def check(directory: Path) -> None:
    """All containers run, none was made twice, every process ended well."""
    db = await Database.open(f"sqlite:///{directory / 'orca.db'}", schema())

    def look(tx: ReadTx) -> tuple[dict[str, str], list[str], list[tuple[str, str, str]]]:
        containers = {container.uuid: container.state for container in tx.find(rows.Container)}
        addresses = [address.address for address in tx.find(rows.IpAddress)]
        processes = [(row.processName, row.phase, row.result) for row in tx.find(rows.ProcessInstance)]
        return containers, addresses, processes

    containers, addresses, processes = await db.read(look)
    steps = await db.read(lambda tx: tx.execute(tx.table("process_step").select()).all())
    await db.close()
    assert sorted(set(containers.values())) == ["running"]
    assert len(containers) == COUNT
    assert len(addresses) == len(set(addresses)) == COUNT
    changes = [json.loads(line) for line in (directory / "simulated.jsonl").read_text().splitlines()]
    made = [change for change in changes if change["do"] == "create"]
    assert sorted(change["uuid"] for change in made) == sorted(containers)
    assert sorted(change["address"] for change in made) == sorted(addresses)
    assert {process[1:] for process in processes} == {("DONE", "SUCCESS")}
    assert len(processes) == 2 * COUNT
    assert not steps


@pytest.mark.parametrize("point", POINTS)
def test_killed_at(tmp_path: Path, point: str) -> None:
    lot = random.Random(point)
    for _ in range(3):
        status = work(tmp_path, point, lot.randint(1, 4))
        assert status in (0, -signal.SIGKILL)
    assert work(tmp_path, "none", 0) == 0
    asyncio.run(check(tmp_path))
