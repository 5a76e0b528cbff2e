# SPDX-License-Identifier: Apache-2.0
"""Collect statistics while there are viewers, once for all of them.

A feed is the collection about one container, or about the host. The first viewer starts it, the last one ends it.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import msgspec

from orca.agent.engine import Engine, EngineGone, EngineRefused
from orca.hoststate.engine_api import calls

from .container_sample import container_look
from .host_sample import host_look
from .sample import Look

SECOND = 1.0
RETRY_SECONDS = 1.0
LINE_LIMIT = 1 << 18  # a document about a container on 128 processors has about 10 KB

_log = logging.getLogger(__name__)

HOST = ""
"""The name of the feed about the host; the others have Docker's ids."""


@dataclass(eq=False, slots=True)
class Watch:
    """One viewer of one feed. ``news`` is set at each sample, and when the feed ends because its container is gone."""

    news: asyncio.Event
    ended: bool = False
    _look: Look | None = None

    def put(self, look: Look) -> None:
        """Take a sample; an older one that nobody took is dropped."""
        self._look = look
        self.news.set()

    def take(self) -> Look | None:
        """Return the newest sample, once."""
        look, self._look = self._look, None
        return look

    def end(self) -> None:
        """End the feed."""
        self.ended = True
        self.news.set()


@dataclass(slots=True)
class _Feed:
    task: asyncio.Task[None]
    watches: set[Watch] = field(default_factory=set)


class Collector:
    """All feeds of this host."""

    def __init__(self, engine: Engine) -> None:
        """Args: the engine."""
        self._engine = engine
        self._feeds: dict[str, _Feed] = {}

    @contextlib.contextmanager
    def watch(self, key: str, news: asyncio.Event) -> Iterator[Watch]:
        """Watch the host, or a container, for as long as the block lasts."""
        if key not in self._feeds:
            collect = self._host() if key == HOST else self._container(key)
            self._feeds[key] = _Feed(asyncio.create_task(self._run(key, collect), name=f"stats {key[:12] or 'host'}"))
        feed, watch = self._feeds[key], Watch(news)
        feed.watches.add(watch)
        try:
            yield watch
        finally:
            feed.watches.discard(watch)
            if not feed.watches:
                feed.task.cancel()
                if self._feeds.get(key) is feed:
                    del self._feeds[key]

    async def _run(self, key: str, looks: AsyncIterator[Look]) -> None:
        feed = self._feeds[key]
        async for look in looks:
            for watch in feed.watches:
                watch.put(look)
        if self._feeds.get(key) is feed:
            del self._feeds[key]
        for watch in feed.watches:
            watch.end()

    async def _host(self) -> AsyncIterator[Look]:
        while True:
            yield host_look()
            await asyncio.sleep(SECOND)

    async def _container(self, container: str) -> AsyncIterator[Look]:
        """Sample a container until it is gone. The engine sends one sample a second, and none of use while it is
        stopped.
        """
        while True:
            try:
                async with self._engine.stream(calls.stats(container), limit=LINE_LIMIT) as (reader, _):
                    while line := await reader.readline():
                        if (look := container_look(line)) is not None:
                            yield look
            except EngineRefused as error:
                if error.status == 404:
                    return
            except (EngineGone, OSError, ValueError, msgspec.DecodeError) as error:
                _log.info("statistics of %s: %s", container[:12], error)
            await asyncio.sleep(RETRY_SECONDS)
