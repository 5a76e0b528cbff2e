# SPDX-License-Identifier: Apache-2.0
"""The server's end of an agent's connection."""

import asyncio
import contextlib
import json

import pytest

from orca import wire
from orca.api.agents.queues import INBOX_BYTES
from orca.api.agents.socket import AgentSocket
from orca.engine import AgentGone, Assembly, Behaviour, CommandFailed, Server
from orca.engine.agents import GREETINGS
from orca.resources import schema
from orca.store import Database, Vault
from orca.wire import names


class Socket:
    """A WebSocket whose other end says hello and then nothing; ``takes``: whether it reads."""

    def __init__(self, takes=True):
        self.takes = takes
        self.frames = asyncio.Queue()
        self.frames.put_nowait(wire.encode(wire.Event.report(names.HELLO, {"uuid": "h1"})))
        self.closed = asyncio.get_running_loop().create_future()

    async def receive_text(self):
        return await self.frames.get()

    async def send_text(self, text):
        if not self.takes:
            await asyncio.Event().wait()

    async def close(self, code, reason):
        self.closed.set_result((code, reason))


async def until(condition):
    """Let the others work until a condition holds."""
    while not condition():  # noqa: ASYNC110 - what is waited for has no event
        await asyncio.sleep(0)


@pytest.fixture
async def core(tmp_path):
    db = await Database.open(f"sqlite:///{tmp_path / 'test.db'}", schema())
    server = Server(id="s", data_dir=tmp_path, url="", ca_sha256="", ca_pem="", version="0")
    yield Assembly(db=db, vault=Vault(bytes(32)), server=server)
    await db.close()


@contextlib.asynccontextmanager
async def served(core, socket):
    """A connection that is being served."""
    connection = AgentSocket(core, socket, 1, "192.0.2.1")
    serving = asyncio.create_task(connection.serve(asyncio.Event()))
    try:
        yield connection
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
    load = core.agents.load
    assert (load.waiting_bytes, load.outgoing_bytes, load.unanswered, load.greetings) == (0, 0, 0, 0)


async def test_a_hello_that_cannot_be_handled_ends_the_connection(core):
    """The agent says it again then; else its host would wait for a hello that never comes."""
    behaviour = Behaviour()

    @behaviour.agent(names.HELLO)
    async def hello(core, connection, report):
        raise OSError("database or disk is full")

    core.add(behaviour)
    socket = Socket()
    async with served(core, socket), asyncio.timeout(10):
        code, reason = await socket.closed
        assert code == 1011 and "disk is full" in reason
        assert core.agents.get(1) is None


async def test_reports_wait_in_the_socket_while_one_is_handled(core):
    behaviour, handling = Behaviour(), asyncio.Event()

    @behaviour.agent(names.CONTAINER_CHANGE)
    async def change(core, connection, report):
        handling.set()
        await asyncio.Event().wait()

    core.add(behaviour)
    socket = Socket()
    large = {"externalId": "c", "name": "n" * 50_000, "state": "running"}
    for _ in range(100):
        socket.frames.put_nowait(wire.encode(wire.Event.report(names.CONTAINER_CHANGE, large)))
    async with served(core, socket) as connection, asyncio.timeout(10):
        await handling.wait()
        await until(lambda: connection._inbox.full)
        left = socket.frames.qsize()
        assert left > 90
        assert core.agents.load.waiting_bytes < INBOX_BYTES + 100_000


async def test_an_agent_that_takes_nothing_is_cut_off(core, monkeypatch):
    monkeypatch.setattr("orca.api.agents.queues.OUTBOX_BYTES", 100_000)
    socket = Socket(takes=False)
    async with served(core, socket) as connection, asyncio.timeout(10):
        await core.agents.wait(1)
        asked = asyncio.create_task(connection.request("x", {}))
        while not connection.closed:
            connection.post("y", {"text": "x" * 1000})
        assert (await socket.closed)[0] == 1013
        with pytest.raises(AgentGone):
            await asked
    assert core.agents.load.cut == 1


async def test_what_an_answer_says_is_cut(core):
    socket, seen = Socket(), []
    async with served(core, socket) as connection, asyncio.timeout(10):
        await core.agents.wait(1)
        asked = asyncio.create_task(connection.request("x", {}, progress=lambda *said: seen.append(said)))
        await until(lambda: connection._pending)
        (id,) = connection._pending
        told = {"name": "reply", "previousIds": [id], "transitioning": "yes", "transitioningProgress": 10**30}
        socket.frames.put_nowait(json.dumps(told))
        told |= {"transitioning": "error", "transitioningMessage": "a\nb" * 10_000, "transitioningProgress": None}
        socket.frames.put_nowait(json.dumps(told))
        with pytest.raises(CommandFailed) as failed:
            await asked
    assert seen == [(None, 100)]
    assert "\n" not in failed.value.message
    assert len(failed.value.message) == 2000


async def test_an_answer_that_is_too_long_is_an_error(core):
    socket = Socket()
    async with served(core, socket) as connection, asyncio.timeout(10):
        await core.agents.wait(1)
        asked = asyncio.create_task(connection.request("x", {}))
        await until(lambda: connection._pending)
        (id,) = connection._pending
        socket.frames.put_nowait(json.dumps({"name": "r", "previousIds": [id], "data": {"a": "x" * (1 << 20)}}))
        with pytest.raises(CommandFailed, match="longer than 1 MiB"):
            await asked


async def test_nonsense_is_counted_and_logged_once(core, caplog):
    socket = Socket()
    frames = ['{"name": "container.change", "data": {"externalId": 1}}', '{"name": "future\\nthing"}'] * 50
    for frame in frames:
        socket.frames.put_nowait(frame)
    async with served(core, socket), asyncio.timeout(10):
        await until(lambda: core.agents.load.refused == 100)
    assert len(caplog.records) == 2
    assert "future thing" in caplog.text


async def test_few_are_greeted_at_the_same_time(core):
    behaviour, most, now = Behaviour(), 0, 0

    @behaviour.agent(names.HELLO)
    async def hello(core, connection, report):
        nonlocal most, now
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1

    core.add(behaviour)
    connections = [AgentSocket(core, Socket(), number, "192.0.2.1") for number in range(50)]
    serving = [asyncio.create_task(each.serve(asyncio.Event())) for each in connections]
    async with asyncio.timeout(10):
        for number in range(50):
            await core.agents.wait(number)
    for task in serving:
        task.cancel()
    await asyncio.gather(*serving, return_exceptions=True)
    assert 1 <= most <= GREETINGS
