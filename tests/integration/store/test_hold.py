# SPDX-License-Identifier: Apache-2.0
"""One live server works on a database, and only with the key that the database was sealed with."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest
from databases import SERVERS
from realserver import RealServer

from orca.store import Hold, hold

ORCA = (sys.executable, "-c", "from orca.cli import main; main()", "server")


@pytest.fixture(params=list(SERVERS))
def url(request, servers):
    """An empty database that servers share."""
    with servers(request.param).database() as made:
        yield made


async def refused(folder: Path, *options: str) -> str:
    """What a server says that does not start."""
    command = [*ORCA, "--data-dir", str(folder), "--listen", "127.0.0.1:0", *options]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    async with asyncio.timeout(60):
        _, told = await process.communicate()
    assert process.returncode == 1, told
    return told.decode()


async def test_a_second_live_server_is_refused(url: str, tmp_path: Path) -> None:
    async with RealServer.running(tmp_path / "one", "--database", url) as one:
        told = await refused(tmp_path / "two", "--database", url)
        assert "another server works on it" in told
        await one.get("/v2/projects")

        await one.kill(signal.SIGKILL)
        await one.start()  # at once: a crashed server blocks nobody


async def test_another_key_is_refused(url: str, tmp_path: Path) -> None:
    async with RealServer.running(tmp_path / "one", "--database", url) as one:
        assert await one.kill(signal.SIGTERM) == 0
        told = await refused(tmp_path / "two", "--database", url)
        assert "not the key that this database was sealed with" in told
        assert "a second server needs a database of its own" in told
        await one.start()


async def test_an_empty_database_is_not_this_server_s(url: str, tmp_path: Path) -> None:
    async with RealServer.running(tmp_path / "one") as one:
        await one.kill(signal.SIGTERM)
        told = await refused(tmp_path / "one", "--database", url)
        assert "the database is empty" in told
        assert "--database" in told


async def test_a_connection_that_is_lost_is_taken_again_or_left(
    url: str, servers, request, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hold, "PERIOD", 0.05)
    monkeypatch.setattr(hold, "PATIENCE", 0.5)
    one, two = Hold(url), Hold(url)
    assert await one.take()
    assert not await two.take()
    keeping = asyncio.create_task(one.keep())
    try:
        # As when the database was started again.
        lost = one._connection
        lost.connection.driver_connection.close()
        await until(lambda: one._connection not in (None, lost))
        assert not await two.take()

        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        one._connection.connection.driver_connection.close()
        assert await two.take()
        assert not await asyncio.to_thread(one._still)
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await one.release()
        await two.release()


async def until(condition) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what it waits for is another thread's
            await asyncio.sleep(0.02)
