# SPDX-License-Identifier: Apache-2.0
"""`orca logs`: which containers' logs are shown. What comes through is tested against a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from fakeserver import KEYS, FakeServer

from orca.cli import logs
from orca.cli.client import Client
from orca.cli.errors import CommandError
from orca.cli.logs import Log, Shown
from orca.cli.target import Target


@pytest.fixture
def client(server: FakeServer) -> Iterator[Client]:
    client = Client(Target(server.url, *KEYS))
    yield client
    client.close()


@pytest.fixture
def began(monkeypatch: pytest.MonkeyPatch) -> asyncio.Queue[tuple[str, int | None]]:
    """The names of the containers whose logs are shown, each with how many lines back; none of the logs ends."""
    queue: asyncio.Queue[tuple[str, int | None]] = asyncio.Queue()

    async def show(self: Log) -> None:
        queue.put_nowait((self.container["name"], self.body["lines"]))
        await asyncio.Event().wait()

    monkeypatch.setattr(Log, "show", show)
    monkeypatch.setattr(logs, "LOOK", 0.01)
    return queue


async def test_containers_that_join_a_followed_service_are_shown_from_their_beginning(
    client: Client, server: FakeServer, began: asyncio.Queue[tuple[str, int | None]]
) -> None:
    service = {"id": "1s1", "links": {"instances": f"{server.url}/v2/projects/1a5/containers"}}
    first = server.add("containers", "1i1", name="web_1", state="running")
    shown = asyncio.ensure_future(Shown(client, True, 5, False, [service], [first]).run())
    assert await began.get() == ("web_1", 5)
    server.add("containers", "1i2", name="web_2", state="starting")
    server.add("containers", "1i3", name="web_3", state="running")
    assert await began.get() == ("web_3", None)
    server.rows["containers"]["1i2"]["state"] = "running"
    assert await began.get() == ("web_2", None)
    shown.cancel()
    await asyncio.gather(shown, return_exceptions=True)
    assert began.empty()


async def test_one_log_that_fails_ends_all(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def show(self: Log) -> None:
        if self.container["name"] == "bad":
            raise CommandError("refused")
        await asyncio.Event().wait()

    monkeypatch.setattr(Log, "show", show)
    containers = [{"id": name, "name": name} for name in ("good", "bad")]
    with pytest.raises(CommandError, match="refused"):
        await Shown(client, True, None, False, [], containers).run()
