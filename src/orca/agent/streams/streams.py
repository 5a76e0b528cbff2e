# SPDX-License-Identifier: Apache-2.0
"""The agent's streams: the server requests one, and the agent dials a connection for it.

They end with the command connection: a server that is gone, or has forgotten this agent, has no viewers.
"""

import asyncio
import logging
from typing import Any, Protocol
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from orca.agent.containers import Containers
from orca.agent.dial import dial
from orca.agent.engine import Engine, EngineGone
from orca.agent.errors import AgentError, CommandFailed
from orca.agent.identity import read_credentials
from orca.agent.paths import Paths
from orca.wire import (
    MAX_FRAME,
    STREAM_PATH,
    ContainerExec,
    ContainerLogs,
    HostStats,
    Measure,
    Measured,
    OpenStream,
    StreamSource,
)

from .collector import HOST, Collector
from .execution import Execution
from .logs import Logs
from .measure import measure
from .stats import Stats

MOST = 100  # streams at a time; each costs about 100 KB
QUEUE = 4  # frames read ahead from the server

CLOSE_NORMAL, CLOSE_ERROR, CLOSE_AGAIN = 1000, 1011, 1013  # RFC 6455, section 7.4.1, and IANA's registry
REASON_BYTES = 120  # of a close frame: at most 123 (RFC 6455, section 5.5)

_log = logging.getLogger(__name__)


class Source(Protocol):
    """The source of a stream."""

    async def show(self, viewer: ClientConnection) -> str:
        """Send frames until there are no more, or the viewer leaves; return the reason of the end."""


class Streams:
    """The streams that are open."""

    def __init__(self, paths: Paths, containers: Containers, engine: Engine) -> None:
        """Args: the agent's files, the engine's containers, and the engine."""
        self._paths = paths
        self._containers = containers
        self._engine = engine
        self._collector = Collector(engine)
        self._open: set[asyncio.Task[None]] = set()

    async def open(self, request: OpenStream) -> None:
        """Open a stream; returns when its connection is there.

        Raises:
            AgentError: with the reason, for the viewer.
        """
        if len(self._open) >= MOST:
            raise CommandFailed(f"this host has {MOST} viewers already")
        source = await self._source(request.source)
        viewer = await self._dial(request.ticket)
        task = asyncio.create_task(self._serve(source, viewer), name="stream")
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def measure(self, request: Measure) -> Measured:
        """Measure the host and containers once."""
        return await measure(self._engine, request.containers)

    async def close(self) -> None:
        """End all streams."""
        tasks = list(self._open)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _source(self, wanted: StreamSource) -> Source:
        if isinstance(wanted, HostStats):
            return Stats(self._collector, {HOST: wanted.resource_id}, raw=wanted.raw)
        if isinstance(wanted, ContainerLogs):
            return Logs(self._engine, wanted, await self._document(wanted.container))
        if isinstance(wanted, ContainerExec):
            id = await self._containers.prepare_command(
                wanted.container, wanted.command, tty=wanted.tty, stdin=wanted.attach_stdin
            )
            return Execution(self._engine, self._containers, wanted, id)
        return Stats(self._collector, wanted.containers, raw=wanted.raw)

    async def _document(self, container: str) -> dict[str, Any]:
        document = await self._containers.look(container)
        if document is None:
            raise CommandFailed("the container is gone from its host")
        return document

    async def _dial(self, ticket: str) -> ClientConnection:
        credentials = read_credentials(self._paths)
        if credentials is None:
            raise CommandFailed("this host is not registered")
        return await dial(
            credentials,
            self._paths.ca,
            f"{STREAM_PATH}?{urlencode({'ticket': ticket})}",
            ping_timeout=None,  # a server whose viewer does not read holds up the agent and does not answer pings
            max_size=MAX_FRAME,
            max_queue=QUEUE,
        )

    async def _serve(self, source: Source, viewer: ClientConnection) -> None:
        """Show ``source`` to its end, or until the viewer leaves."""
        code, reason = CLOSE_AGAIN, "the host was cut off"
        try:
            code, reason = CLOSE_NORMAL, await source.show(viewer)
        except EngineGone as error:
            code, reason = CLOSE_AGAIN, str(error)
        except AgentError as error:
            code, reason = CLOSE_ERROR, str(error)
        except ConnectionClosed:
            pass
        except Exception as error:
            _log.exception("a stream failed")
            code, reason = CLOSE_ERROR, f"the agent failed: {error!r}"
        finally:
            await viewer.close(code, reason.encode()[:REASON_BYTES].decode(errors="ignore"))
