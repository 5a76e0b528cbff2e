# SPDX-License-Identifier: Apache-2.0
"""Config items on their way: from the unit that changed them to the agent, and the agent's answer back into the rows.

While a host's agent is connected, what changes is sent as deltas in the order of the commits; changes of one moment
travel together. When it connects, it first gets everything that differs from what it says it has.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

import msgspec

from orca import wire
from orca.engine import AgentConnection, AgentGone, CommandFailed, Services
from orca.network.config import TYPE, ConfigItems
from orca.store import Closed, ReadTx
from orca.wire import names

log = logging.getLogger(__name__)

RETRY_SECONDS = 10.0
"""An item that a host could not apply is sent again after this long, and at every hello."""


class Delivery:
    """Sends the config items of the connected hosts. Runs in the event loop."""

    def __init__(self, services: Services) -> None:
        self.items = ConfigItems(self._changed)
        self._services = services
        self._online: dict[int, AgentConnection] = {}
        self._greeting: set[int] = set()
        self._pending: dict[int, dict[str, wire.ConfigItem]] = {}

    async def greet(self, connection: AgentConnection, host_id: int, applied: Mapping[str, int]) -> None:
        """A host's agent said hello: send what differs from `applied`, and deltas from then on."""
        self._online[host_id] = connection
        # Deltas wait until the comparison is on its way: it may be older than they are, never the other way round.
        self._greeting.add(host_id)
        try:
            update = await self._services.db.read(lambda tx: self.items.compare(tx, host_id, applied))
            self._send(host_id, connection, update)
        finally:
            self._greeting.discard(host_id)
        self._flush(host_id)

    def resume(self, connection: AgentConnection, host_id: int) -> None:
        """A host's agent goes on with what its rows say it has applied: there is nothing to compare."""
        self._online[host_id] = connection

    def leave(self, connection: AgentConnection, host_id: int) -> None:
        """The agent's connection ended; what was not sent will be part of the next comparison."""
        if self._online.get(host_id) is connection:
            del self._online[host_id]
            self._pending.pop(host_id, None)

    async def flush(self, host_id: int) -> None:
        """Return when every change committed so far has been handed to the host's connection."""
        self._flush(host_id)
        # The tasks just made put their frames into the connection in their first step.
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
        if connection is None or host_id in self._greeting:
            return
        if items := self._pending.pop(host_id, None):
            self._send(host_id, connection, wire.ConfigUpdate(items=list(items.values())))

    def _send(self, host_id: int, connection: AgentConnection, update: wire.ConfigUpdate) -> None:
        self._services.spawn(self._deliver(host_id, connection, update))

    async def _deliver(self, host_id: int, connection: AgentConnection, update: wire.ConfigUpdate) -> None:
        try:
            answer = await connection.request(names.CONFIG_UPDATE, wire.to_data(update))
            reply = msgspec.convert(answer, wire.ConfigApplied)
        except AgentGone:
            return
        except (CommandFailed, msgspec.ValidationError) as error:
            reply = wire.ConfigApplied(errors={item.name: str(error) for item in update.items})
        try:
            await self._services.db.write(lambda tx: self.items.record(tx, host_id, update, reply))
        except Closed:
            return
        except Exception:
            log.exception("what host %s applied could not be stored; it is asked again", host_id)
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self._retry, host_id)
            return
        if reply.errors:
            for name, reason in reply.errors.items():
                log.warning("host %s could not apply %s: %s", host_id, name, reason)
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self._retry, host_id)

    def _retry(self, host_id: int) -> None:
        if host_id in self._online:
            self._services.spawn(self._resend(host_id))

    async def _resend(self, host_id: int) -> None:
        def open_items(tx: ReadTx) -> list[wire.ConfigItem]:
            rows = tx.find(TYPE, hostId=host_id)
            return [self.items.item(row) for row in rows if row.error or row.appliedVersion != row.requestedVersion]

        try:
            failed = await self._services.db.read(open_items)
        except Exception:
            log.exception("what host %s lacks could not be read", host_id)
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self._retry, host_id)
            return
        for item in failed:
            self._pending.setdefault(host_id, {}).setdefault(item.name, item)
        self._flush(host_id)
