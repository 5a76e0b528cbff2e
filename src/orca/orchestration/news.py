# SPDX-License-Identifier: Apache-2.0
"""Changes, read once for all followers.

Discovery, health, the keeper of services and the selection of containers all follow the same rows. One reader takes the
changes from the bus, and in one read lets each follower look, so every changed row is read once. Each follower then
acts in its own task, so that none waits for another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Protocol, TypeVar

from orca.store import ANY, Change, Database, Overflow, ReadTx, Record, Subscription

R = TypeVar("R", bound=Record)

BACKLOG = 16
"""Most batches that wait for a follower. Then the reader pauses, and changes wait in the bus, up to its own limit."""
FEW = 3


class News:
    """A batch of changes, and the present state of the changed rows; ``whole``: anything may have changed."""

    def __init__(self, tx: ReadTx, changes: Sequence[Change] | None) -> None:
        self._tx = tx
        self.whole = changes is None
        self._ids: dict[str, set[int]] = {}
        self._rows: dict[type[Record], Any] = {}
        for change in changes or ():
            self._ids.setdefault(change.root, set()).add(change.id)

    def ids(self, root: type[Record]) -> set[int]:
        """The ids of the rows of a table that changed."""
        return self._ids.get(root.TYPE, set())

    def rows(self, root: type[R]) -> list[R]:
        """The rows of a table that changed, removed ones too."""
        known: list[R] | None = self._rows.get(root)
        if known is None:
            known = self._rows[root] = self._read(root, self.ids(root))
        return known

    def others(self, root: type[R], ids: Collection[int]) -> list[R]:
        """Unchanged rows with those ids."""
        return self._read(root, set(ids) - self.ids(root))

    def _read(self, root: type[R], ids: set[int]) -> list[R]:
        if len(ids) > FEW:
            return self._tx.find(root, id=ids, removed=ANY)
        return [row for row in (self._tx.get(root, id) for id in sorted(ids)) if row is not None]


class Follower(Protocol):
    """Reacts to changes of some tables."""

    roots: frozenset[str]

    def look(self, tx: ReadTx, news: News) -> Any:
        """In a reader thread: return what this follower must act on, None for nothing."""

    async def act(self, seen: Any) -> None:
        """Act on what ``look`` returned, in order, one after another."""


class Newsroom:
    """The one reader, and the followers."""

    def __init__(self, db: Database, followers: Iterable[Follower]) -> None:
        self._db = db
        self._followers = list(followers)
        self._queues: dict[int, asyncio.Queue[Any]] = {}
        self._markers: list[tuple[Follower, asyncio.Future[None]]] = []
        self._changes: Subscription | None = None

    async def run(self) -> None:
        """Work until cancelled. An error of one follower ends all; they start again and look at everything."""
        self._queues = {id(follower): asyncio.Queue(BACKLOG) for follower in self._followers}
        roots = frozenset[str]().union(*(follower.roots for follower in self._followers))
        try:
            with self._db.bus.subscribe(roots) as changes:
                self._changes = changes
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._read(changes))
                    for follower in self._followers:
                        tasks.create_task(self._feed(follower))
        finally:
            self._changes = None
            for follower in self._followers:
                self._take_back(follower)

    async def acted(self, follower: Follower) -> None:
        """Return when a follower has acted on everything that was committed before the call."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._markers.append((follower, done))
        if self._changes is not None:
            self._changes.wake()
        await done

    def _take_back(self, follower: Follower) -> None:
        """Keep the waiting callers for the follower's next run."""
        queue = self._queues[id(follower)]
        while not queue.empty():
            if isinstance(done := queue.get_nowait(), asyncio.Future):
                self._markers.append((follower, done))

    async def _read(self, changes: Subscription) -> None:
        batch: list[Change] | None = None
        while True:
            markers, self._markers = self._markers, []
            try:
                if batch is None or batch:
                    await self._tell(batch)
                while markers:
                    follower, done = markers[0]
                    await self._queues[id(follower)].put(done)
                    del markers[0]
            except BaseException:
                self._markers += markers
                raise
            try:
                batch = await changes.batch()
            except Overflow:
                batch = None

    async def _tell(self, batch: list[Change] | None) -> None:
        """Let every follower look whom these changes (None: everything) concern."""
        roots = None if batch is None else {change.root for change in batch}
        concerned = [each for each in self._followers if roots is None or each.roots & roots]

        def look(tx: ReadTx) -> list[Any]:
            news = News(tx, batch)
            return [follower.look(tx, news) for follower in concerned]

        for follower, seen in zip(concerned, await self._db.read(look), strict=True):
            if seen is not None:
                await self._queues[id(follower)].put(seen)

    async def _feed(self, follower: Follower) -> None:
        queue = self._queues[id(follower)]
        while True:
            seen = await queue.get()
            if isinstance(seen, asyncio.Future):
                if not seen.done():
                    seen.set_result(None)
            else:
                await follower.act(seen)
