# SPDX-License-Identifier: Apache-2.0
"""The database that the API is measured on: projects with simulated hosts and their containers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.httpload import Client
from bench.pinned import PinnedServer

PROJECTS, HOSTS, CONTAINERS = 50, 20, 200  # hosts and containers of one project
IMAGE = "sim:bench"


@dataclass(frozen=True)
class Population:
    """Ids, as the API shows them: the projects, and the containers of each."""

    projects: list[str]
    containers: dict[str, list[str]]


async def populate(server: PinnedServer, client: Client) -> None:
    """Fill an empty database through the API."""
    for number in range(PROJECTS):
        await client.json("POST", "/v2/projects", {"name": f"bench-{number}"})
    await reached(lambda: _count(server, "account", "kind = 'project' AND state = 'active'") > PROJECTS, 60)
    projects = await _projects(client)
    for number in range(HOSTS):
        await asyncio.gather(
            *(client.json("POST", f"/v2/projects/{id}/agents", {"uri": f"sim://{id}-{number}"}) for id in projects)
        )
    await reached(
        lambda: _count(server, "host", "state = 'active' AND agent_state = 'active'") >= PROJECTS * HOSTS, 300
    )
    for id in projects:
        await client.json(
            "POST", f"/v2/projects/{id}/containers", {"imageUuid": IMAGE, "name": "bench-", "count": CONTAINERS}
        )
    await reached(lambda: running(server) >= PROJECTS * CONTAINERS, 900)


async def census(client: Client) -> Population:
    """What the database holds."""
    projects = await _projects(client)
    containers = {}
    for id in projects:
        page = await client.json("GET", f"/v2/projects/{id}/containers?limit={CONTAINERS}")
        containers[id] = [row["id"] for row in page["data"]]
    return Population(projects, containers)


def running(server: PinnedServer) -> int:
    """How many containers run."""
    return _count(server, "instance", "state = 'running'")


def _count(server: PinnedServer, table: str, condition: str) -> int:
    return int(server.query(f"SELECT count(*) FROM {table} WHERE {condition}")[0][0])


async def reached(condition: Callable[[], bool], seconds: float) -> None:
    """Wait for a condition on the database."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s")
        await asyncio.sleep(0.2)


async def _projects(client: Client) -> list[str]:
    page = await client.json("GET", "/v2/projects?name_prefix=bench-&all=true&limit=1000")
    return [row["id"] for row in page["data"]]
