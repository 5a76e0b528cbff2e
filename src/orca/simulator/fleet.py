# SPDX-License-Identifier: Apache-2.0
"""All simulated agents of a server: which are connected, what they report at a ping, what a restart finds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import Any

import msgspec
import sqlalchemy as sa

from orca import wire
from orca.engine import Behaviour, Core
from orca.network import Delivery
from orca.orchestration.containers import observed
from orca.resources import rows
from orca.simulator import knobs
from orca.simulator.connection import SimConnection
from orca.simulator.disk import Disk
from orca.simulator.host import Host, Wellness
from orca.store import WORK, ReadTx, Tx, Work
from orca.wire import names

PING_INTERVAL = 5.0
"""Seconds between two rounds; a round without news costs nothing, however many agents there are."""

_encode = msgspec.json.Encoder().encode


class Fleet:
    """The simulated agents. Everything here runs in the event loop."""

    def __init__(self, core: Core, disk: Disk) -> None:
        self.places: dict[str, int] = {}
        """The host ids of containers with faults, by uuid or external id."""
        self._core = core
        self._disk = disk
        self._hosts: dict[int, Host] = {}
        self._talkative: set[SimConnection] = set()
        self._cut: set[str] = set()
        self._wellness = Wellness()

    async def take_up(self) -> None:
        """Connect the agents that were active before the server's restart; their hosts have what the rows say."""
        await asyncio.to_thread(self._disk.load)
        delivery = self._core.part(Delivery)
        for agent_id, uri, data, host_ids in await self._core.db.read(_active_agents):
            connection = self._connect(agent_id, uri, data)
            for host_id in host_ids:
                if connection.checks:
                    await delivery.greet(connection, host_id, {})  # it needs what its checks say
                else:
                    delivery.resume(connection, host_id)

    async def run(self) -> None:
        """Report how the hosts differ from the rows after the server's restart, then ping until cancelled."""
        await self._core.part(Delivery).catch_up()
        for agent_id, host_id, report in await self._core.db.read(self._differences):
            connection = self._core.agents.get(agent_id)
            if isinstance(connection, SimConnection):
                connection.tell(host_id, report)
        await self.ping(away=True)
        while True:
            await asyncio.sleep(PING_INTERVAL)
            await self.ping()

    async def ping(self, *, away: bool = False) -> None:
        """One round: every agent with news reports it. ``away``: it happened while the server was away."""
        talkative, self._talkative = self._talkative, set()
        for connection in talkative:
            news = connection.take_news()
            if not connection.closed:
                WORK.set(Work(owner=("agent", connection.agent_id), name=f"reports of {connection.address}"))
                for undo in await self._core.db.write(partial(self._observe, news=news, away=away)):
                    self._core.part(observed.Strays).take_back(self._core, connection, undo)

    def _observe(self, tx: Tx, news: list[tuple[int, wire.Container]], away: bool) -> list[observed.Undo]:
        undone = []
        for host_id, report in news:
            host = tx.get(rows.Host, host_id)
            if host is not None and host.removed is None:
                undone.append(observed.observe(tx, self._core, host, report, away=away))
        return [undo for undo in undone if undo is not None]

    async def connect(self, agent_id: int, host_ids: Iterable[int]) -> None:
        """Connect an agent, and send its hosts the config items that they lack."""
        uri, data = await self._core.db.read(lambda tx: _pretence(tx, agent_id))
        connection = self._connect(agent_id, uri, data)
        for host_id in host_ids:
            await self._core.part(Delivery).greet(connection, host_id, {})

    def disconnect(self, agent_id: int) -> None:
        """Disconnect an agent; its containers stay."""
        connection = self._core.agents.get(agent_id)
        if isinstance(connection, SimConnection):
            self._core.agents.detach(connection)
            connection.hang_up()

    def cut(self, connection: SimConnection) -> None:
        """An agent falls silent, and stays so until its action ``reconnect``."""
        self._core.agents.detach(connection)
        connection.hang_up()
        self._core.spawn(self._lost(connection))

    def talks(self, connection: SimConnection) -> None:
        """An agent has news for the next ping."""
        self._talkative.add(connection)

    def judges(self, connection: SimConnection) -> None:
        """An agent has something to say about health."""
        self._core.spawn(self._hear(connection))

    async def _hear(self, connection: SimConnection) -> None:
        handlers = self._core.part(Behaviour).agent_events.get(names.HEALTH_CHANGE, ())
        while (change := connection.take_health()) is not None:
            for handler in handlers:
                await handler(self._core, connection, change)

    async def removed(self, connection: SimConnection) -> None:
        """An agent's hosts are gone for good."""
        self._hosts.pop(connection.agent_id, None)
        self._disk.wipe(connection.agent_id, wire.now_ms())
        await self._lost(connection)

    async def _lost(self, connection: SimConnection) -> None:
        """Tell the other parts that an agent's connection ended."""
        self._core.agents.detach(connection)
        for handler in self._core.part(Behaviour).agent_events.get("disconnected", ()):
            await handler(self._core, connection, None)

    def first_time(self, uuid: str) -> bool:
        """True if the container has not silenced its agent before: it does so only once."""
        first = uuid not in self._cut
        self._cut.add(uuid)
        return first

    async def describe(self, resource_type: str | None, resource_id: int | None) -> tuple[int, str]:
        """The host id of a command's container, and the container's name and data as JSON."""
        if resource_type != "instance":
            return 0, ""
        row = await self._core.db.read(lambda tx: tx.get(rows.Instance, resource_id))
        return (0, "") if row is None else (row.hostId or 0, _encode({"name": row.name, "data": row.data}).decode())

    def _connect(self, agent_id: int, uri: str, data: dict[str, Any]) -> SimConnection:
        host = self._hosts.setdefault(agent_id, Host(uri, uri, room=self._disk.room(agent_id)))
        wanted = knobs.read(data)
        host.wellness = self._wellness if wanted.checks else None
        connection = SimConnection(self, agent_id, host, wanted)
        self._core.agents.attach(connection)
        return connection

    def _differences(self, tx: ReadTx) -> list[tuple[int, int, wire.Container]]:
        """Where hosts differ from the rows: (agent id, host id, the container as it is on the host)."""
        host, instance = tx.table(rows.Host).c, tx.table(rows.Instance).c
        statement = (
            sa.select(host.agentId, host.id, instance.uuid, instance.externalId, instance.name, instance.state)
            .join(tx.table(rows.Host), host.id == instance.hostId)
            .where(host.kind == "sim", instance.removed.is_(None), instance.state.in_(observed.SETTLED))
        )
        found, known = [], set()
        for row in tx.execute(statement):
            agent_id, host_id, uuid, external_id, name, state = tuple(row)
            known |= {uuid, external_id}
            room = self._disk.room(agent_id)
            container = room.find(uuid) or room.containers.get(external_id or "")
            if container is None and external_id is not None:
                gone = wire.Container(external_id=external_id, name=name or "", state="removed", uuid=uuid)
                found.append((agent_id, host_id, gone))
            elif container is not None and (container.state == "running") != (state == "running"):
                found.append((agent_id, host_id, container.report()))
        return found + self._unknown(tx, known)

    def _unknown(self, tx: ReadTx, known: set[str]) -> list[tuple[int, int, wire.Container]]:
        """Containers on hosts without a row: a restored database may be older than they are."""
        found = []
        for agent_id, room in self._disk.rooms.items():
            for container in room.containers.values():
                if known & {container.uuid, container.external_id} or tx.first(rows.Instance, uuid=container.key):
                    continue
                host = tx.first(rows.Host, agentId=agent_id)
                if host is not None:
                    found.append((agent_id, host.id, container.report()))
        return found


def _active_agents(tx: ReadTx) -> list[tuple[int, str, dict[str, Any], list[int]]]:
    """Simulated agents that were connected: id, uri, data and hosts."""
    agent, host = tx.table(rows.Agent).c, tx.table(rows.Host).c
    hosts: dict[int, list[int]] = {}
    for row in tx.execute(sa.select(host.agentId, host.id).where(host.kind == "sim", host.removed.is_(None))):
        agent_id, host_id = tuple(row)
        hosts.setdefault(agent_id, []).append(host_id)
    chosen = tx.query(rows.Agent, state="active").where(agent.uri.like(f"{knobs.SCHEME}%"))
    return [(row.id, row.uri or "", row.data, hosts.get(row.id, [])) for row in tx.rows(rows.Agent, chosen)]


def _pretence(tx: ReadTx, agent_id: int) -> tuple[str, dict[str, Any]]:
    agent = tx.require(rows.Agent, agent_id)
    return agent.uri or "", agent.data
