# SPDX-License-Identifier: Apache-2.0
"""Two commits in one run, in turn: whether anything became slower or larger. ``script/bench --against REV``."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from machine import sh
from provision import ROOT

from bench.flat import HOSTS, IMAGE, Bed
from bench.httpload import Client
from bench.pinned import PinnedServer, pin_generator
from bench.population import reached
from bench.server import compiled, free_port, seconds_to_answer

ROUNDS = 5
WORSE = 1.10
CONTAINERS, GETS, PAGES, CHANGES = 250, 1000, 50, 200

Figures = dict[str, float]
"""By name, all of them better when smaller."""


def measure(rev: str, rounds: int) -> bool:
    """Print a table; True if no figure is worse than at ``rev`` by more than a tenth."""
    pin_generator()
    old: list[Figures] = []
    new: list[Figures] = []
    with checkout(rev) as before:
        for number in range(1, rounds + 1):
            # Whichever is first has the colder machine: they take turns.
            pair = [(before, old), (ROOT, new)]
            for tree, samples in pair if number % 2 else reversed(pair):
                samples.append(asyncio.run(one_round(tree)))
            print(f"round {number} of {rounds}", flush=True)
    good = True
    print(f"\n| figure | at {rev} | now | ratio | least - most of the ratio |\n|---|---|---|---|---|")
    for name in new[0]:
        ratios = [b[name] / a[name] for a, b in zip(old, new, strict=True)]
        ratio = statistics.median(ratios)
        good &= ratio <= WORSE
        values = [statistics.median(sample[name] for sample in samples) for samples in (old, new)]
        mark = "" if ratio <= WORSE else " **worse**"
        spread = f"{min(ratios):.2f} - {max(ratios):.2f}"
        print(f"| {name} | {values[0]:.3g} | {values[1]:.3g} | {ratio:.2f}{mark} | {spread} |")
    return good


@contextmanager
def checkout(rev: str) -> Iterator[Path]:
    """Another commit with a virtual environment of its own; the environment is kept for the next time."""
    commit = sh("git", "-C", str(ROOT), "rev-parse", "--verify", f"{rev}^{{commit}}").stdout.strip()
    tree = ROOT / ".cache" / "against" / commit
    if not (tree / ".venv" / "bin" / "orca").exists():
        subprocess.run(["git", "-C", str(ROOT), "worktree", "prune"], check=True)
        subprocess.run(["git", "-C", str(ROOT), "worktree", "add", "--force", "--detach", tree, commit], check=True)
        script = ". script/lib.sh; mkdir -p .cache; bootstrap_venv"
        subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=tree, check=True)
    for each in (tree, ROOT):
        compiled(each)
    yield tree


async def one_round(tree: Path) -> Figures:
    """What a server of one tree takes for a few things."""
    found: Figures = {}
    orca = tree / ".venv" / "bin" / "orca"
    with tempfile.TemporaryDirectory(prefix="orca-against-") as scratch:
        folder = Path(scratch) / "data"
        found["start, empty (s)"] = seconds_to_answer(folder, free_port(), orca)
        found["start, used (s)"] = seconds_to_answer(folder, free_port(), orca)
        with PinnedServer(Path(scratch) / "other", orca).running() as server:
            bed = await Bed.on(server, HOSTS)
            found["memory with ten hosts (MB)"] = server.resident()
            await fill(bed)
            found |= await costs(bed)
    return found


async def fill(bed: Bed) -> None:
    """Containers that stand alone."""
    await bed.client.json(
        "POST", f"{bed.project}/containers", {"imageUuid": IMAGE, "name": "against-", "count": CONTAINERS}
    )
    await reached(lambda: bed.running == CONTAINERS, 300)


async def costs(bed: Bed) -> Figures:
    """Milliseconds of the server's processor for one of each."""
    client: Client = bed.client
    page = await client.json("GET", f"{bed.project}/containers?limit=100")
    paths = [f"{bed.project}/containers/{row['id']}" for row in page["data"]]

    async def get(number: int) -> None:
        await client.json("GET", paths[number % len(paths)])

    async def get_page(_number: int) -> None:
        await client.json("GET", f"{bed.project}/containers?limit=100")

    async def change(number: int) -> None:
        await client.json("PUT", paths[number % len(paths)], {"description": f"{number}"})

    found = {}
    for name, times, act in (("GET", GETS, get), ("page of 100", PAGES, get_page), ("PUT", CHANGES, change)):
        await bed.quiet()
        before = bed.server.cpu()
        for number in range(times):
            await act(number)
        await bed.quiet()
        found[f"{name} (ms of processor)"] = (bed.server.cpu() - before) / times * 1000
    found["stack of one container (ms of processor)"] = await bed.start_cost()
    before = bed.server.cpu()
    await bed.client.json(
        "POST", f"{bed.project}/containers", {"imageUuid": IMAGE, "name": "more-", "count": CONTAINERS}
    )
    await reached(lambda: bed.running == 2 * CONTAINERS, 300)
    await bed.quiet()
    found["container among many (ms of processor)"] = (bed.server.cpu() - before) / CONTAINERS * 1000
    return found
