# SPDX-License-Identifier: Apache-2.0
"""One reader of all changes for all subscribers.

The first change of a resource goes out at once; more of them within a second go out together at its end. Resources are
read after the COMMIT of the change, so a frame never shows an older state than its change. A cursor is the number of an
event up to which everything was handed out; held-back changes hold it back.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field
from functools import partial
from weakref import WeakSet

import msgspec

from orca import wire
from orca.api.events import frames, replay
from orca.api.events.audience import Sharing, Shown
from orca.api.events.subscriber import EXPIRED, Subscriber
from orca.engine import Core
from orca.resources.errors import Refused
from orca.store import Change, Overflow, ReadTx

COALESCE = 1.0
BACKLOG = 100_000
"""Most changes that wait for the hub; more end every stream."""
PASSING = 1000
"""Most events of others that are being passed on; more end the streams that listen to them."""
AUDIENCES_PER_KEY = 100
"""Most audiences of one key's streams; slow clients of one audience share the memory of waiting frames."""
TOLD = 10_000
"""Removed resources that are remembered, so that their purge causes no event."""
ACCESS = frozenset({"account", "credential", "projectMember", "authToken"})
"""Roots that decide who may listen."""

Key = tuple[str, int]


@dataclass
class Work:
    """The part of a round for one audience."""

    listener: Subscriber
    changes: list[Change] = field(default_factory=list)


class Hub:
    """Hands changes to subscribers."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.position = 0
        """Everything up to this event was handed out."""
        self.subscribers: set[Subscriber] = set()
        self.lag = 0.0
        """Seconds from the last round's oldest change to the hand-out of its frame."""
        self.frames = 0
        """Frames handed out so far."""
        self.expired = 0
        """Streams ended so far because their clients, or the hub, lagged behind."""
        self._opened: WeakSet[Subscriber] = WeakSet()
        self._passing = 0
        self._ready = asyncio.Event()
        self._seen = 0
        """Everything up to this event was handed out, or is held back and will be."""
        self._round = asyncio.Lock()
        self._sent: dict[Key, float] = {}
        self._held: dict[Key, Change] = {}
        self._told: dict[tuple[Sharing, Key], None] = {}

    # -- the stream of changes ---------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Run until cancelled. If it fails, all streams end, so that none misses changes unnoticed."""
        with self.core.db.bus.subscribe(limit=BACKLOG) as changes:
            self.position = self._seen = last = await self.core.db.read(replay.newest)
            self._ready.set()
            try:
                while True:
                    batch: list[Change] = []
                    try:
                        async with asyncio.timeout(self._pause()):
                            batch = await changes.batch()
                    except TimeoutError:
                        pass
                    except Overflow:
                        last = await self._lost()
                        continue
                    began = asyncio.get_running_loop().time()
                    batch = [change for change in batch if change.seq > last]
                    last = batch[-1].seq if batch else last
                    self._recheck(batch)
                    async with self._round:
                        await self._hand_out(self._due(batch), last)
                    self.lag = asyncio.get_running_loop().time() - began
            finally:
                self._ready.clear()
                self._expire()

    def _pause(self) -> float | None:
        """Seconds until something held back is due; None while nothing is."""
        if not self._held:
            return None
        due = min(self._sent[key] for key in self._held) + COALESCE
        return max(0.0, due - asyncio.get_running_loop().time())

    def _due(self, batch: Iterable[Change]) -> list[Change]:
        """The changes to hand out now: resources that were quiet for a second, and those whose second is over."""
        now = asyncio.get_running_loop().time()
        due: dict[Key, Change] = {}
        for change in batch:
            key = (change.root, change.id)
            waits = key in self._held or now - self._sent.get(key, -COALESCE) < COALESCE
            (self._held if waits else due)[key] = change
        for key in [key for key in self._held if now - self._sent[key] >= COALESCE]:
            due[key] = self._held.pop(key)
        for key in list(self._sent):
            if now - self._sent[key] < COALESCE:
                break
            del self._sent[key]
        for key in due:
            self._sent.pop(key, None)
            self._sent[key] = now
        return sorted(due.values(), key=lambda change: change.seq)

    async def _hand_out(self, due: list[Change], last: int) -> None:
        """Show each change once per audience that may see it, and give the text to its subscribers."""
        floor = min((change.seq for change in self._held.values()), default=last + 1) - 1
        work: dict[Sharing, Work] = {}
        takers: dict[tuple[Sharing, Key], list[Subscriber]] = {}
        for alike in self._groups():
            audience = alike[0].audience
            for change in due:
                if audience.concerns(change):
                    sharing = audience.key(change.root)
                    who = takers.setdefault((sharing, (change.root, change.id)), [])
                    if not who:
                        work.setdefault(sharing, Work(alike[0])).changes.append(change)
                    who += alike
        if work:
            shown = await self.core.db.read(lambda tx: show(tx, work))
            for change in due:
                cursor = min(change.seq, floor)
                for sharing in work:
                    key = (sharing, (change.root, change.id))
                    seen = shown.get(key)
                    if seen is not None and self._is_news(key, seen):
                        text = frames.change(seen.data, cursor)
                        for listener in takers[key]:
                            listener.offer(text, cursor)
                        self.frames += len(takers[key])
        self.position, self._seen = min(last, floor), last

    def _groups(self) -> Iterable[list[Subscriber]]:
        """The subscribers that hear of changes; in one list are those who see everything alike."""
        groups: dict[Sharing, list[Subscriber]] = {}
        for each in self.subscribers:
            if each.ending is None and each.wanted(frames.CHANGE):
                groups.setdefault(each.audience.own, []).append(each)
        return groups.values()

    def _is_news(self, key: tuple[Sharing, Key], seen: Shown) -> bool:
        """True if to report a change: the end of a resource is reported once."""
        if not seen.gone:
            self._told.pop(key, None)
            return True
        if key in self._told:
            return False
        self._told[key] = None
        if len(self._told) > TOLD:
            del self._told[next(iter(self._told))]
        return True

    # -- events of others --------------------------------------------------------------------------------------------

    def hear(self, event: wire.Event, about: Key | None) -> None:
        """Pass on an event for programs outside to subscribers that hear every account."""
        listeners = [each for each in self.subscribers if each.wanted.raw and each.wanted(event.name)]
        if self._passing >= PASSING:
            # A program that takes part in processes must notice when it misses a question.
            for listener in listeners:
                listener.end(EXPIRED)
        elif listeners:
            self._passing += 1
            self.core.spawn(self._pass_on(event, about, listeners))

    async def _pass_on(self, event: wire.Event, about: Key | None, listeners: list[Subscriber]) -> None:
        try:
            await self._show_to(event, about, listeners)
        finally:
            self._passing -= 1

    async def _show_to(self, event: wire.Event, about: Key | None, listeners: list[Subscriber]) -> None:
        for listener in listeners:
            heard = event
            if about is not None:
                change = Change(0, about[0], *about, None)
                shown = await self.core.db.read(partial(listener.audience.show, changes=[change]))
                if shown[0] is None:
                    continue
                data = shown[0].data
                heard = msgspec.structs.replace(
                    event, resource_type=data["resource"]["type"], data={**event.data, **data}
                )
            listener.offer(frames.passed_on(heard, self.position), self.position)

    async def _lost(self) -> int:
        async with self._round:
            self._expire()
            self._held.clear()
            self._sent.clear()
            self.position = self._seen = await self.core.db.read(replay.newest)
            return self._seen

    def _expire(self) -> None:
        for subscriber in self.subscribers:
            subscriber.end(EXPIRED)

    def _recheck(self, batch: Iterable[Change]) -> None:
        """Identify the subscribers again whose rights a change may have touched."""
        concerned: set[Subscriber] = set()
        for change in batch:
            if change.root in ACCESS:
                concerned |= {each for each in self.subscribers if touches(change, each)}
        for subscriber in concerned:
            self.core.spawn(subscriber.recheck())

    # -- subscribers -------------------------------------------------------------------------------------------------

    @property
    def waiting(self) -> int:
        """Frames that clients have not taken yet."""
        return sum(each.waiting for each in self.subscribers)

    def admit(self, subscriber: Subscriber) -> None:
        """Count a stream that is about to open. Raises ``Refused`` with 429 if its key has too many audiences."""
        key = subscriber.key
        same = [each for each in self._opened if each.key == key and each.ending is None]
        if len({each.audience.own for each in [*same, subscriber]}) > AUDIENCES_PER_KEY:
            message = f"a key has event streams with at most {AUDIENCES_PER_KEY} different projects and includes"
            raise Refused("Too Many Requests", message, status=429)
        self._opened.add(subscriber)

    async def join(self, subscriber: Subscriber) -> None:
        """Give a subscriber all events from now on."""
        await self._ready.wait()
        async with self._round:
            subscriber.cursor = self.position
            self.subscribers.add(subscriber)

    async def resume(self, subscriber: Subscriber, cursor: int) -> AsyncGenerator[str, None]:
        """Return what a subscriber missed, and give it all events from now on.

        Everything handed out before it joined is replayed, also events after a change that is held back. The caller
        sends these frames before those offered to the subscriber. Raises ``replay.Expired``.
        """
        await self._ready.wait()
        told: dict[Key, int] = {}
        joined: int | None = None
        while joined is None or cursor < joined:
            changes, newest = await self.core.db.read(partial(missed, cursor=cursor, until=joined))
            if joined is None and len(changes) < replay.CHUNK:
                async with self._round:
                    joined = self._seen
                    self.subscribers.add(subscriber)
                continue
            fresh = {
                (change.root, change.id): change
                for change in reversed(changes)
                if told.get((change.root, change.id), -1) < change.seq and subscriber.audience.concerns(change)
            }
            wanted = sorted(fresh.values(), key=lambda change: change.seq)
            shown = await self.core.db.read(partial(subscriber.audience.show, changes=wanted))
            for change, seen in zip(wanted, shown, strict=True):
                told[change.root, change.id] = newest
                if seen is not None:
                    subscriber.cursor = change.seq
                    yield frames.change(seen.data, change.seq)
            cursor = changes[-1].seq if changes else newest if joined is None else joined
        subscriber.cursor = max(cursor, joined)

    def leave(self, subscriber: Subscriber) -> None:
        """Forget a subscriber."""
        self.subscribers.discard(subscriber)
        self._opened.discard(subscriber)
        self.expired += subscriber.ending is EXPIRED


def missed(tx: ReadTx, *, cursor: int, until: int | None) -> tuple[list[Change], int]:
    """The next events after a cursor, and the number of the last one there is."""
    return replay.since(tx, cursor, until), replay.newest(tx)


def show(tx: ReadTx, work: dict[Sharing, Work]) -> dict[tuple[Sharing, Key], Shown | None]:
    """The resources of a round as each audience sees them."""
    found: dict[tuple[Sharing, Key], Shown | None] = {}
    for sharing, part in work.items():
        for change, seen in zip(part.changes, part.listener.audience.show(tx, part.changes), strict=True):
            found[sharing, (change.root, change.id)] = seen
    return found


def touches(change: Change, subscriber: Subscriber) -> bool:
    """True if a change of rights may concern this subscriber."""
    mine = (subscriber.caller.account.id, subscriber.caller.user.id)
    if change.root == "account":
        return change.id in mine
    return change.account_id is None or change.account_id in mine
