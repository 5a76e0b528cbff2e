# SPDX-License-Identifier: Apache-2.0
"""Hosts, their data path and a server in one event loop whose time is computed: minutes pass in a moment.

The agents' probes are the real `MeshMonitor`, the server's judgement is the real `Doubts`. Between them is a data path
with delay and loss, and hosts that stand still or die.
"""

from __future__ import annotations

import asyncio
import heapq
import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from orca import wire
from orca.agent.mesh import MeshMonitor, Peer
from orca.engine import AgentConnections, AgentGone, Behaviour
from orca.provision.hosts.doubts import CALM_SECONDS, Doubts
from orca.resources import rows
from orca.wire import names


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop without waiting: while nothing is ready, the time is that of the next timer."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 1000.0

    def time(self) -> float:
        return self._now

    def jump(self, seconds: float) -> None:
        """Everything stands still for so long: server, agents and packets."""
        self._now += seconds

    def _run_once(self) -> None:
        loop: Any = self
        while loop._scheduled and loop._scheduled[0].cancelled():
            loop._timer_cancelled_count -= 1
            heapq.heappop(loop._scheduled)._scheduled = False
        if not loop._ready and loop._scheduled:
            self._now = max(self._now, loop._scheduled[0].when())
        loop.__class__.__base__._run_once(self)


class Host:
    """A host: its agent probes the others, and answers the server."""

    def __init__(self, world: World, number: int) -> None:
        self.world, self.id = world, number
        self.uuid = f"h{number}"
        self.dead_since: float | None = None
        self.still_until = 0.0
        self.agent_still_until = 0.0
        self.link_cut_until = 0.0
        self.monitor = Monitor(self)

    @property
    def lives(self) -> bool:
        """True if its kernel and its tunnels work now."""
        return self.dead_since is None and self.world.now >= self.still_until

    @property
    def agent_acts(self) -> bool:
        return self.lives and self.world.now >= self.agent_still_until

    async def until_it_acts(self) -> None:
        while not self.agent_acts:
            if self.dead_since is not None:
                await asyncio.Event().wait()
            await asyncio.sleep(max(self.still_until, self.agent_still_until) - self.world.now)


class Monitor(MeshMonitor):
    """The real monitor of a host, whose probes travel the world's data path."""

    def __init__(self, host: Host) -> None:
        super().__init__(None, SimpleNamespace(vici=None), self._tell, lambda: None)  # type: ignore[arg-type]
        self._host = host

    def begin(self, others: list[Host]) -> None:
        self._peers = {other.uuid: Peer(other.uuid, other.uuid, heard=self._host.world.now) for other in others}
        self._prober = SimpleNamespace(send=self._leave, close=lambda: None)  # type: ignore[assignment]

    async def probing(self) -> None:
        """The agent's loop, without charon."""
        await self._go_on_probing()

    def _refresh(self) -> None:
        """The peers stay."""

    def _probe_some(self, *, everybody: bool) -> None:
        if self._host.agent_acts:
            super()._probe_some(everybody=everybody)

    async def reaches(self, uuid: str, seconds: float) -> float | None:
        found = await super().reaches(uuid, seconds)
        await self._host.until_it_acts()
        return found

    def _leave(self, address: str) -> str | None:
        world, sent = self._host.world, self._host.world.now
        other = world.hosts[address]

        def arrive() -> None:
            if other.lives and world.passes():
                asyncio.get_running_loop().call_later(world.delay(), back)

        def back() -> None:
            if self._host.agent_acts and world.passes():
                self._answered(address, (world.now - sent) * 1000)

        if self._host.agent_acts:
            asyncio.get_running_loop().call_later(world.delay(), arrive)
        return None

    def _edge(self, peer: Peer) -> None:
        """Nobody reads the matrix here."""

    def _tell(self, event: wire.Event) -> None:
        host = self._host
        if host.agent_acts and host.world.now >= host.link_cut_until and event.name == names.PEER_SILENT:
            agent_id = host.world.hosts[event.data["peer"]].id
            asyncio.get_running_loop().call_later(host.world.delay(), host.world.doubts.doubt, agent_id)


class Connection:
    """The server's end of an agent's connection."""

    def __init__(self, host: Host) -> None:
        self.host, self.agent_id, self.address, self.closed = host, host.id, host.uuid, False

    async def request(self, name: str, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        await self._travels()
        answer: dict[str, Any] = {}
        if name == names.PROBE:
            answer = {"answered": await self.host.monitor.answers(data["peer"])}
        await self._travels()
        return answer

    async def _travels(self) -> None:
        """TCP loses nothing, but waits."""
        if self.closed:
            raise AgentGone
        await asyncio.sleep(self.host.world.delay())
        await self.host.until_it_acts()
        while self.host.world.now < self.host.link_cut_until:  # noqa: ASYNC110 (a time, not an event)
            await asyncio.sleep(self.host.link_cut_until - self.host.world.now)

    async def close(self, reason: str) -> None:
        self.closed = True


class World:
    """Hosts of one project, their data path, and the server."""

    def __init__(self, loop: VirtualLoop, seed: int) -> None:
        self.loop, self.random = loop, random.Random(seed)
        self.loss, self.slowness = self.random.choice([0.0, 0.05, 0.3]), self.random.choice([0.001, 0.05, 0.3])
        self.hosts: dict[str, Host] = {}
        self.found: list[tuple[float, str, str]] = []
        """(time, host, liveness) as the server recorded it."""
        self.core: Any = SimpleNamespace(db=self, agents=AgentConnections(), spawn=self._spawn, part=self._part)
        self.doubts = Doubts(self.core)
        self._rows: dict[type, list[Any]] = {rows.Host: [], rows.Agent: []}
        self._behaviour = Behaviour()
        self._behaviour.agent_events["disconnected"] = [self._disconnected]
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def now(self) -> float:
        return self.loop.time()

    def delay(self) -> float:
        return self.random.expovariate(1 / self.slowness)

    def passes(self) -> bool:
        return self.random.random() >= self.loss

    def grow(self, count: int) -> None:
        for number in range(1, count + 1):
            host = self.hosts[f"h{number}"] = Host(self, number)
            shared: dict[str, Any] = {"id": number, "accountId": 5, "removed": None, "state": "active"}
            facts = {"liveness": None, "livenessReason": None, "epoch": None, "agentIpAddress": None}
            row = SimpleNamespace(**shared, **facts, uuid=host.uuid, name=host.uuid, agentId=number)
            row.agentState = "active"
            self._rows[rows.Host].append(row)
            self._rows[rows.Agent].append(SimpleNamespace(**shared))
            self.core.agents.attach(Connection(host))
        for host in self.hosts.values():
            host.monitor.begin([other for other in self.hosts.values() if other is not host])
            self._spawn(host.monitor.probing())

    def hang_up(self, host: Host) -> None:
        """The agent's connection ends; the agent is back after a moment, if it can."""
        connection = self.core.agents.get(host.id)
        if connection is not None and self.core.agents.detach(connection):
            self._spawn(self._disconnected(self.core, connection, None))
            self.doubts.doubt(host.id, calm=CALM_SECONDS)
            self._spawn(self.dials(host))

    async def dials(self, host: Host) -> None:
        await asyncio.sleep(self.random.uniform(0.2, 2.0))
        await Connection(host)._travels()
        row, agent = self._rows[rows.Host][host.id - 1], self._rows[rows.Agent][host.id - 1]
        row.agentState = agent.state = "active"
        row.liveness = row.livenessReason = None
        self.core.agents.attach(Connection(host))
        self.doubts.back(host.id, 5)

    async def end(self) -> None:
        """Everything stops."""
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _part(self, type: type) -> Any:
        return self._behaviour

    async def _disconnected(self, core: Any, connection: Any, _: None) -> None:
        self._rows[rows.Host][connection.agent_id - 1].agentState = "reconnecting"
        self._rows[rows.Agent][connection.agent_id - 1].state = "reconnecting"

    # -- the store, as far as doubts ask it ---------------------------------------------------------------------------

    async def read(self, query: Callable[[Any], Any]) -> Any:
        return query(self)

    write = read

    def find(self, type: type, **wanted: Any) -> list[Any]:
        found = self._rows[type]
        return [row for row in found if all(getattr(row, name) == value for name, value in wanted.items())]

    def first(self, type: type, **wanted: Any) -> Any:
        return next(iter(self.find(type, **wanted)), None)

    def get(self, type: type, id: int) -> Any:
        return self.first(type, id=id)

    def values(self, type: type, *names: str, **wanted: Any) -> list[tuple[Any, ...]]:
        return [tuple(getattr(row, name) for name in names) for row in self.find(type, **wanted)]

    def update(self, row: Any, **changes: Any) -> Any:
        row.__dict__.update(changes)
        if changes.get("liveness"):
            self.found.append((self.now, row.uuid, changes["liveness"]))
        return row
