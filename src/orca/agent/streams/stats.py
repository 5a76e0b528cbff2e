# SPDX-License-Identifier: Apache-2.0
"""Frames of statistics for one viewer: the newest samples, never a backlog."""

import asyncio
import contextlib

import msgspec
from websockets.asyncio.client import ClientConnection

from .collector import HOST, Collector
from .watching import while_watched

GATHER_SECONDS = 0.1  # the engine samples all containers together; their samples go out in one frame

_encoder = msgspec.json.Encoder()


class Stats:
    """Statistics of some resources for one viewer."""

    def __init__(self, collector: Collector, resources: dict[str, str], *, raw: bool) -> None:
        """Args: the source, the ids on frames by feed, and whether frames are single objects without ids."""
        self._collector = collector
        self._resources = resources
        self._raw = raw

    async def show(self, viewer: ClientConnection) -> str:
        """Send frames until all resources are gone or the viewer leaves."""
        await while_watched(viewer, self._send(viewer))
        return ""

    async def _send(self, viewer: ClientConnection) -> None:
        news = asyncio.Event()
        with contextlib.ExitStack() as stack:
            watches = {key: stack.enter_context(self._collector.watch(key, news)) for key in self._resources}
            while not all(watch.ended for watch in watches.values()):
                await news.wait()
                await asyncio.sleep(GATHER_SECONDS)
                news.clear()
                looks = [(key, look) for key, watch in watches.items() if (look := watch.take()) is not None]
                if self._raw:
                    frames = [_encoder.encode(look.sample) for _, look in looks]
                else:
                    types = {key: "host" if key == HOST else "container" for key in self._resources}
                    elements = [look.element(self._resources[key], types[key]) for key, look in looks]
                    frames = [_encoder.encode(elements)] if elements else []
                for frame in frames:
                    await viewer.send(frame.decode())
