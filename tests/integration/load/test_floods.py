# SPDX-License-Identifier: Apache-2.0
"""A real server that is flooded by one agent's key, or not read by it: its memory stays bounded, others go on."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import websockets

sys.path.insert(0, str(Path(__file__).parent.parent))

from pretended import PretendedHost, SocketAgent
from realserver import RealServer

from orca import wire
from orca.engine.agents import MOST_CONNECTIONS
from orca.wire import names

MIB = 1 << 20
ROOM = 25 * MIB
"""What a server may grow by while it works."""
HELD_UP = 3.0
"""Seconds in which nothing more is taken."""
REPORTS = 3000
"""Of 20 kB each: more than twice as much."""


@pytest.fixture
async def server(tmp_path) -> AsyncIterator[RealServer]:
    async with RealServer.running(tmp_path / "data") as running:
        yield running


def resident(server: RealServer) -> int:
    """Bytes of memory that the server's process holds."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


async def figure(server: RealServer, name: str) -> float:
    """One of the server's figures."""
    text = (await server.http.get(f"{server.url}/metrics")).text
    found = re.search(rf"^{name} (\S+)$", text, re.MULTILINE)
    assert found is not None, name
    return float(found[1])


def authorization(agent: SocketAgent) -> dict[str, str]:
    """The header that an agent dials with."""
    keys = ":".join(agent.keys)
    return {"Authorization": f"Basic {base64.b64encode(keys.encode()).decode()}"}


async def dialled(server: RealServer, host: PretendedHost) -> tuple[SocketAgent, websockets.ClientConnection]:
    """An agent that said hello, and the socket that it speaks over."""
    agent = await server.join(host, (await server.token())["token"])
    assert agent._socket is not None
    return agent, agent._socket


def large(number: int) -> str:
    """A report of 20 kB."""
    container = wire.Container(external_id=f"c{number}", name="n", state="running", labels={"a": "x" * 20_000})
    return wire.encode(wire.Event.report(names.CONTAINER_CHANGE, container))


async def test_an_agent_that_reports_without_end_fills_no_memory(server):
    agent, socket = await dialled(server, PretendedHost("h1", "192.0.2.1"))
    before, peak = resident(server), 0
    for number in range(REPORTS):
        await socket.send(large(number))
        if number % 100 == 0:
            peak = max(peak, resident(server))
            await server.get("/v2/projects")
            assert await figure(server, "orca_agent_reports_waiting_bytes") < MIB
    print(f"{REPORTS} reports, {(peak - before) / MIB:.0f} MiB more")
    assert peak - before < ROOM
    assert not agent.closed.is_set(), "an agent that is held up is not silent"
    await agent.disconnect()


async def test_an_agent_that_reads_nothing_fills_no_memory(server):
    host = PretendedHost("h1", "192.0.2.1")
    access, secret = await server.credentials((await server.token())["token"], host)
    token = base64.b64encode(f"{access}:{secret}".encode()).decode()
    reader, writer = await asyncio.open_connection(*server.url.removeprefix("http://").split(":"))
    head = {
        "Host": "x",
        "Authorization": f"Basic {token}",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
    }
    lines = ["GET /v1/subscribe HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", ""]
    writer.write("\r\n".join(lines).encode())
    assert b"101" in await reader.readline()
    before, peak = resident(server), 0
    # Each ping asks for an answer, which is not read.
    ping = b"\x89\xfd\0\0\0\0" + b"x" * 125
    with contextlib.suppress(TimeoutError):
        for _ in range(1000):
            writer.write(ping * 1000)
            peak = max(peak, resident(server))
            async with asyncio.timeout(HELD_UP):
                await writer.drain()
        pytest.fail("the server reads from a peer that does not")
    writer.transport.abort()
    assert peak - before < ROOM


async def test_connections_of_one_agent_are_bounded(server):
    host = PretendedHost("h1", "192.0.2.1")
    agent, _ = await dialled(server, host)
    sockets = [await websockets.connect(agent._url, additional_headers=authorization(agent)) for _ in range(12)]
    oldest = sockets[: 13 - MOST_CONNECTIONS]
    async with asyncio.timeout(30):
        await asyncio.gather(*(each.wait_closed() for each in oldest))
    assert {each.close_reason for each in oldest} == {f"this agent has more than {MOST_CONNECTIONS} connections"}
    assert not agent.closed.is_set(), "the one that is in use stays"
    for each in sockets:
        await each.close()
    await agent.disconnect()
