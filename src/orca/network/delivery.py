# SPDX-License-Identifier: Apache-2.0
"""Config items on their way: from the unit that changed them to the agent, and the agent's answer back into the rows.

While a host's agent is connected, changes are sent as deltas in the order of the commits; simultaneous changes are sent
together. When it connects, it first gets everything that differs from what it reports. An agent that leaves too many
updates unanswered gets no more until it answers. Meanwhile only the last state of each item waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TypeVar
from weakref import WeakValueDictionary

from orca import wire
from orca.engine import AgentConnection, AgentGone, CommandFailed, Core
from orca.network import digests
from orca.network.config import ConfigItems
from orca.resources import rows
from orca.store import Closed, ReadTx
from orca.wire import names

T = TypeVar("T")

log = logging.getLogger(__name__)

PART = 50
"""Most items whose answers one unit stores, so that other writes need not wait long."""
UNANSWERED = 64
"""Most updates on their way to one host."""
RETRY_SECONDS = 10.0
"""An item that a host could not apply is sent again after this long, and at every hello."""


class Delivery:
    """Sends the config items of the connected hosts. Runs in the event loop."""

    def __init__(self, core: Core) -> None:
        self.items = ConfigItems(self._changed, core.vault)
        self._core = core
        self._online: dict[int, AgentConnection] = {}
        self._greeting: dict[int, AgentConnection] = {}
        self._held: Counter[int] = Counter()
        """Connections to which a comparison is being sent."""
        self._pending: dict[int, dict[str, wire.ConfigItem]] = {}
        self._unanswered: Counter[int] = Counter()
        self._recording: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        """Hosts whose answer is being stored."""
        self._flushing: defaultdict[int, list[asyncio.Future[None]]] = defaultdict(list)

    @property
    def unanswered(self) -> int:
        """Updates without an answer, of all hosts."""
        return self._unanswered.total()

    @property
    def waiting(self) -> int:
        """Changed items that were not sent yet, of all hosts."""
        return sum(len(items) for items in self._pending.values())

    async def greet(
        self, connection: AgentConnection, host_id: int, applied: Mapping[str, int], digest: str = ""
    ) -> None:
        """A host's agent said hello: send what differs from ``applied``, and deltas from then on.

        If ``digest`` shows no difference, nothing is read or sent.
        """
        self._online[host_id] = connection
        # Deltas wait until the comparison is sent: it may be older than they are, but not newer.
        self._greeting[host_id] = connection
        try:
            update = await self._core.db.read(lambda tx: self._difference(tx, host_id, applied, digest))
            if update is not None and self._greeting.get(host_id) is connection:
                self._send(host_id, connection, update)
        finally:
            # An agent that reconnected meanwhile waits for its own comparison.
            if self._greeting.get(host_id) is connection:
                del self._greeting[host_id]
        self._flush(host_id)

    def _difference(
        self, tx: ReadTx, host_id: int, applied: Mapping[str, int], digest: str
    ) -> wire.ConfigUpdate | None:
        return None if digests.agrees(tx, host_id, digest) else self.items.compare(tx, host_id, applied)

    @contextlib.contextmanager
    def together(self, host_id: int) -> Iterator[None]:
        """Send all changes of a host within the block in one update at its end.

        So a network agent knows all its peers when it starts: it dials each of them only once, at its start.
        """
        self._held[host_id] += 1
        try:
            yield
        finally:
            self._held[host_id] -= 1
            if not self._held[host_id]:
                del self._held[host_id]
            self._flush(host_id)

    def resume(self, connection: AgentConnection, host_id: int) -> None:
        """A host's agent continues with the items that its rows record as applied, without a comparison.

        `catch_up` sends what a crash kept from it.
        """
        self._online[host_id] = connection

    async def catch_up(self) -> None:
        """Send connected hosts the items that their rows say they have not applied. Others are not read."""
        for host_id in await self._core.db.read(digests.behind):
            if host_id in self._online:
                await self._resend(host_id)

    def leave(self, connection: AgentConnection, host_id: int) -> None:
        """The agent's connection ended; unsent changes will be part of the next comparison."""
        if self._online.get(host_id) is connection:
            del self._online[host_id]
            self._pending.pop(host_id, None)
            self._flushed(host_id)

    async def flush(self, host_id: int) -> None:
        """Return when every change committed so far has been handed to the host's connection."""
        self._flush(host_id)
        if host_id in self._pending:
            taken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._flushing[host_id].append(taken)
            await taken
        # The new tasks put their frames into the connection in their first step.
        await asyncio.sleep(0)

    def _changed(self, host_id: int, item: wire.ConfigItem) -> None:
        if host_id not in self._online:
            return
        waiting = self._pending.setdefault(host_id, {})
        if not waiting:
            asyncio.get_running_loop().call_soon(self._flush, host_id)
        waiting[item.name] = item

    def _flush(self, host_id: int) -> None:
        connection = self._online.get(host_id)
        if (
            connection is None
            or host_id in self._greeting
            or host_id in self._held
            or self._unanswered[host_id] >= UNANSWERED
        ):
            return
        if items := self._pending.pop(host_id, None):
            self._send(host_id, connection, wire.ConfigUpdate(items=list(items.values())))
        self._flushed(host_id)

    def _flushed(self, host_id: int) -> None:
        """Drop what waited for this host."""
        for taken in self._flushing.pop(host_id, ()):
            if not taken.done():
                taken.set_result(None)

    def _send(self, host_id: int, connection: AgentConnection, update: wire.ConfigUpdate) -> None:
        self._unanswered[host_id] += 1
        self._core.spawn(self._deliver(host_id, connection, update))

    async def _answer(self, connection: AgentConnection, update: wire.ConfigUpdate) -> wire.ConfigApplied | None:
        """Send an update; return the host's answer, None if its agent is gone."""
        try:
            answer = await connection.request(names.CONFIG_UPDATE, wire.to_data(update))
            return wire.read_answer(names.CONFIG_UPDATE, answer, wire.ConfigApplied)
        except AgentGone:
            return None
        except (CommandFailed, wire.WireError) as error:
            return wire.ConfigApplied(errors={item.name: str(error) for item in update.items})

    async def _deliver(self, host_id: int, connection: AgentConnection, update: wire.ConfigUpdate) -> None:
        try:
            reply = await self._answer(connection, update)
        finally:
            self._unanswered[host_id] -= 1
            if not self._unanswered[host_id]:
                del self._unanswered[host_id]
        self._flush(host_id)
        if reply is None:
            return
        try:
            await self._record(host_id, update, reply)
        except Closed:
            return
        except Exception:
            log.exception("the answer of host %s could not be stored; the server compares again", host_id)
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self._retry, host_id)
            return
        failed = {item.name: reply.errors[item.name] for item in update.items if item.name in reply.errors}
        if failed:
            for name, reason in failed.items():
                log.warning("host %s could not apply %s: %s", host_id, name, reason)
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self._retry, host_id)

    async def _record(self, host_id: int, update: wire.ConfigUpdate, reply: wire.ConfigApplied) -> None:
        """Store an answer, part by part. The host's next answer waits, so that the newest is written last."""
        db = self._core.db
        async with self._recording.setdefault(host_id, asyncio.Lock()):
            for some in parts(update.items):
                await db.write(partial(self.items.record, host_id=host_id, sent=some, reply=reply))
            if not update.complete:
                return
            for ids in parts(await db.read(partial(self.items.unwanted, host_id=host_id, sent=update))):
                await db.write(partial(self.items.forget_unwanted, ids=ids))
            # A reader compares rows and digests of one moment; they differ only by mistake.
            if await db.read(partial(self.items.miscounted, host_id=host_id)):
                log.warning("the digest of host %s was wrong; it is computed again", host_id)
                await db.write(partial(self.items.recount, host_id=host_id))

    def _retry(self, host_id: int) -> None:
        if host_id in self._online:
            self._core.spawn(self._resend(host_id))

    async def _resend(self, host_id: int) -> None:
        def open_items(tx: ReadTx) -> list[wire.ConfigItem]:
            found = tx.find(rows.ConfigItemStatus, hostId=host_id)
            return [self.items.item(row) for row in found if row.error or row.appliedVersion != row.requestedVersion]

        try:
            failed = await self._core.db.read(open_items)
        except Exception:
            log.exception("the items that host %s lacks could not be read", host_id)
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self._retry, host_id)
            return
        for item in failed:
            self._pending.setdefault(host_id, {}).setdefault(item.name, item)
        self._flush(host_id)


def parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """The items in slices, each the work of one unit."""
    return (items[first : first + PART] for first in range(0, len(items), PART))
