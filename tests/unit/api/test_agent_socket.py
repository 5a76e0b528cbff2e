# SPDX-License-Identifier: Apache-2.0
"""The server's end of an agent's connection."""

import asyncio

from orca import wire
from orca.api.agent_socket import AgentSocket
from orca.engine import Behaviour, Server, Services
from orca.resources import schema
from orca.store import Database, Vault
from orca.wire import names


class Socket:
    """A WebSocket whose other end says hello and then nothing."""

    def __init__(self):
        self.frames = asyncio.Queue()
        self.frames.put_nowait(wire.encode(wire.Event.report(names.HELLO, {})))
        self.closed = asyncio.get_running_loop().create_future()

    async def receive_text(self):
        return await self.frames.get()

    async def send_text(self, text):
        pass

    async def close(self, code, reason):
        self.closed.set_result((code, reason))


async def test_a_hello_that_cannot_be_handled_ends_the_connection(tmp_path):
    """The agent says it again then; else its host would wait for a hello that never comes."""
    db = await Database.open(f"sqlite:///{tmp_path / 'test.db'}", schema())
    server = Server(id="s", data_dir=tmp_path, url="", ca_sha256="", ca_pem="", version="0")
    services = Services(db=db, vault=Vault(bytes(32)), server=server)
    behaviour = Behaviour()

    @behaviour.agent(names.HELLO)
    async def hello(services, connection, data):
        raise OSError("database or disk is full")

    services.add(behaviour)
    socket = Socket()
    connection = AgentSocket(services, socket, 1, "192.0.2.1")
    serving = asyncio.create_task(connection.serve(asyncio.Event()))
    try:
        async with asyncio.timeout(2):
            code, reason = await socket.closed
        assert code == 1011 and "disk is full" in reason
        assert services.agents.get(1) is None
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await db.close()
