# SPDX-License-Identifier: Apache-2.0
"""An agent whose streams and figures are the real ones, over this machine's Docker engine; the rest of the host is
pretended.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from pretended import PretendedHost, SocketAgent

from orca import wire
from orca.agent.containers import Containers
from orca.agent.engine import Engine
from orca.agent.errors import AgentError
from orca.agent.identity import Credentials, write_credentials
from orca.agent.paths import Paths
from orca.agent.resolver import Resolver
from orca.agent.streams import Streams
from orca.simulator.faults import NONE, Faults
from orca.simulator.host import Said
from orca.wire import names

SOCKET = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")


class StreamingAgent(SocketAgent):
    """Dials a server and brings the streams it asks for."""

    def __init__(self, host: PretendedHost, root: Path, url: str, access_key: str, secret_key: str) -> None:
        super().__init__(host, url, access_key, secret_key)
        paths = Paths(root)
        write_credentials(paths, Credentials(url=url, access_key=access_key, secret_key=secret_key))
        engine = Engine(SOCKET)
        self.containers = Containers(Resolver(paths.resolv), engine)
        self.streams = Streams(paths, self.containers, engine)
        self._opening: set[asyncio.Task[None]] = set()

    def receive(self, event: wire.Event, found: Faults = NONE) -> None:
        """Take one event of the server."""
        if event.name not in (names.OPEN_STREAM, names.MEASURE):
            super().receive(event, found)
            return
        task = asyncio.create_task(self._answer(event))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def disconnect(self) -> None:
        """Hang up, as an agent that is killed."""
        await self.streams.close()
        await super().disconnect()

    async def _answer(self, event: wire.Event) -> None:
        try:
            if event.name == names.MEASURE:
                reply = event.reply(await self.streams.measure(event.read(wire.Measure)))
            else:
                await self.streams.open(event.read(wire.OpenStream))
                reply = event.reply()
        except AgentError as error:
            reply = event.reply_error(str(error))
        self.transmit(Said(reply, asked=True))
