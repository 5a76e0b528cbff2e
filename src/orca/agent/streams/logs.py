# SPDX-License-Identifier: Apache-2.0
"""Follow a container's log, and resume it after a cut.

Timestamps alone do not say where a viewer was: two threads stamp stdout and stderr, so a line may come after a younger
one. But the engine keeps lines in a fixed order. So the agent finds the viewer's last frame and continues after it.
"""

import contextlib
from collections.abc import AsyncGenerator
from typing import Any

from websockets.asyncio.client import ClientConnection

from orca.agent.engine import Engine, EngineGone, EngineRefused
from orca.agent.errors import CommandFailed
from orca.hoststate.engine_api import calls
from orca.wire import ContainerLogs, LogMark, nanoseconds

from .demux import chunks, packets
from .log_lines import Lines, TerminalLines, stem
from .watching import while_watched

UNREADABLE = "does not support reading"
"""What the engine says of a log driver without a readable log. Source: moby, daemon/logger, ErrReadLogsNotSupported."""
MARGIN = 10 * 1_000_000_000
"""Nanoseconds by which timestamps may be out of order: stamping and keeping a line are not one step."""


class Logs:
    """The log of one container for one viewer."""

    def __init__(self, engine: Engine, request: ContainerLogs, document: dict[str, Any]) -> None:
        """Args: the engine, what the viewer wants, and the engine's document about the container."""
        self._engine = engine
        self._request = request
        self._tty = bool(document["Config"]["Tty"])
        self._driver = str(document["HostConfig"].get("LogConfig", {}).get("Type") or "")

    async def show(self, viewer: ClientConnection) -> str:
        """Send frames until the log ends or the viewer leaves.

        Raises:
            EngineGone: the engine broke off.
            CommandFailed: the log cannot be read; the message says why.
        """
        try:
            await while_watched(viewer, self._send(viewer))
        except EngineRefused as error:
            if UNREADABLE not in error.message:
                raise
            reason = f"log driver {self._driver} keeps nothing to read here; json-file and local do"
            raise CommandFailed(reason) from error
        return ""

    async def _send(self, viewer: ClientConnection) -> None:
        request = self._request
        if request.after is not None:
            await self._resume(viewer, request.after)
            return
        query = {"tail": "all" if request.lines is None else str(request.lines)}
        if request.since is not None:
            query["since"] = _seconds(nanoseconds(request.since))
        async with contextlib.aclosing(self._read(request.follow, query)) as frames:
            async for frame in frames:
                await viewer.send(frame)

    async def _resume(self, viewer: ClientConnection, mark: LogMark) -> None:
        """Send the lines after the viewer's last frame; if the engine has dropped that one, send the younger lines."""
        instant, wanted = nanoseconds(mark.timestamp), f"{mark.kind} {mark.timestamp}"
        kept = await self._keeps(mark)
        ahead = mark.count if kept else 0
        query = {"since": _seconds(instant - MARGIN if kept else instant + 1)}
        async with contextlib.aclosing(self._read(self._request.follow, query)) as frames:
            async for frame in frames:
                if not ahead:
                    await viewer.send(frame)
                elif stem(frame) == wanted:
                    ahead -= 1

    async def _keeps(self, mark: LogMark) -> bool:
        """True if the engine still has the viewer's last frame, since logs are rotated."""
        instant, wanted = nanoseconds(mark.timestamp), f"{mark.kind} {mark.timestamp}"
        query = {"since": _seconds(instant), "until": _seconds(instant + MARGIN)}
        found = 0
        async with contextlib.aclosing(self._read(False, query)) as frames:
            async for frame in frames:
                found += stem(frame) == wanted
                if found == mark.count:
                    return True
        return False

    async def _read(self, follow: bool, query: dict[str, str]) -> AsyncGenerator[str]:
        fixed = {"stdout": True, "stderr": True, "timestamps": True, "follow": follow}
        try:
            async with self._engine.stream(calls.logs(self._request.container, {**fixed, **query})) as (reader, _):
                if self._tty:
                    terminal = TerminalLines()
                    async for chunk in chunks(reader):
                        for frame in terminal.add(chunk):
                            yield frame
                    for frame in terminal.rest():
                        yield frame
                else:
                    lines = Lines()
                    async for stream, packet in packets(reader):
                        for frame in lines.add(stream, packet):
                            yield frame
                    for frame in lines.rest():
                        yield frame
        except OSError as error:
            raise EngineGone(f"Docker broke off: {error}") from error


def _seconds(instant: int) -> str:
    """Nanoseconds since 1970 as the engine takes them."""
    return f"{instant // 1_000_000_000}.{instant % 1_000_000_000:09d}"
