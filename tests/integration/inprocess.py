# SPDX-License-Identifier: Apache-2.0
"""The floors below the API in this process: a real database, the real engine, agents connected without a socket."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pretended import PretendedAgent, PretendedHost

from orca import network, orchestration, provision, simulator, storage, wire
from orca.engine import Assembly, Call, Core, Server, lookup, request_removal
from orca.orchestration.discovery.worker import Discovery
from orca.orchestration.news import Newsroom
from orca.provision.projects.api import DEFAULT_PROJECT
from orca.resources import rows, schema
from orca.simulator.host import Said
from orca.simulator.pipe import Pipe
from orca.store import Database, ReadTx, Record, Tx, Vault

WAIT = 60.0
"""Longest wait for a condition, in seconds: computers are busy, and databases may be slow."""


class MemoryConnection(Pipe):
    """The server's end of a connection to a `PretendedAgent`."""

    driver: PretendedAgent

    def __init__(self, platform: Platform, agent_id: int, agent: PretendedAgent) -> None:
        super().__init__(agent_id, agent)
        self.refused: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Why the server ended the connection, once it has."""
        self._platform = platform

    async def close(self, reason: str) -> None:
        self.refused.set_result(reason)
        await self._platform.disconnect(self)

    def reported(self, said: Said) -> None:
        self._platform.reported(self, said.event)


def addresses_of_containers(tx: ReadTx) -> list[Record]:
    """The addresses that containers hold; hosts have some of their own."""
    return [row for row in tx.find(rows.IpAddress) if row.instanceId is not None]


def default_project(tx: ReadTx) -> Record | None:
    """The project that a server begins with."""
    return tx.first(rows.Project, name=DEFAULT_PROJECT)


def tallied(tx: ReadTx) -> tuple[dict[int, int], dict[int, int]]:
    """The containers of each host as the store tallies them, and as they are counted."""
    there = Counter(id for (id,) in tx.values(rows.Instance, "hostId") if id is not None)
    return {id: number for id, number in tx.tally(rows.Instance).items() if number}, dict(there)


class Platform:
    """A server without its API."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.project_id = 0
        self._events: dict[int, asyncio.Queue[tuple[MemoryConnection, str, wire.Message]]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    @classmethod
    @contextlib.asynccontextmanager
    async def start(cls, folder: Path, database: str) -> AsyncIterator[Platform]:
        """Open (or open again) the server whose data lies in a folder and a database."""
        db = await Database.open(database, schema())
        server = Server(
            id="s1", data_dir=folder, url="https://192.0.2.1:8080", ca_sha256="0" * 64, ca_pem="", version="0"
        )
        assembly = Assembly(db=db, vault=Vault.open_file(folder / "master.key"), server=server)
        for package in (network, provision, storage, orchestration, simulator):
            package.install(assembly)
        platform = cls(assembly)
        if await db.read(default_project) is None:
            await db.write(lambda tx: [unit(tx) for unit in assembly.first_start] and None)
        project = await db.read(default_project)
        assert project is not None
        platform.project_id = project.id
        for begin in assembly.starts:
            await begin()
        for _, run in assembly.loops:
            platform._spawn(run())
        await assembly.engine.start()
        try:
            yield platform
        finally:
            await assembly.engine.stop()
            for task in platform._tasks:
                task.cancel()
            ended = await asyncio.gather(*platform._tasks, return_exceptions=True)
            counted, there = await db.read(tallied)
            await db.close()
        assert counted == there, "what is tallied differs from what can be counted"
        failures = [each for each in ended if isinstance(each, Exception)]
        if failures:
            raise ExceptionGroup("background tasks failed", failures)

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)

    # -- agents -------------------------------------------------------------------------------------------------------

    async def register(self, host: PretendedHost) -> int:
        """Register a host; returns its agent's id."""
        row = await self.create("register", key=host.uuid)
        await self.until(lambda tx: tx.require(rows.Register, row.id).state == "active")
        return int(await self.read(lambda tx: tx.require(rows.Register, row.id).agentId))

    async def join(self, host: PretendedHost) -> PretendedAgent:
        """Register a host, connect it, and wait until it takes containers."""
        agent_id = await self.register(host)
        agent = PretendedAgent(host)
        await self.connect(agent_id, agent)
        await self.until(lambda tx: any(row.state == "active" for row in tx.find(rows.Host, agentId=agent_id)))
        await self.core.agents.wait(agent_id)
        return agent

    async def connect(self, agent_id: int, agent: PretendedAgent) -> MemoryConnection:
        """Have an agent begin, open a connection and say hello."""
        connection = MemoryConnection(self, agent_id, agent)
        agent.start()
        self._events[id(connection)] = asyncio.Queue()
        self._spawn(self._handle(connection))
        agent.say_hello()
        return connection

    async def disconnect(self, connection: MemoryConnection) -> None:
        """End a connection, as when the agent dies."""
        connection.hang_up()
        if self.core.agents.detach(connection):
            await self._dispatch(connection, "disconnected", None)

    def connection_of(self, agent: PretendedAgent) -> MemoryConnection:
        """The connection of an agent."""
        found = [c for c in self.core.agents.all() if isinstance(c, MemoryConnection) and c.driver is agent]
        return found[0]

    def reported(self, connection: MemoryConnection, event: wire.Event) -> None:
        """An event that answers nothing; they are handled one after another."""
        report = wire.sound(wire.receive(wire.encode(event)).read(wire.FORMS[event.name]))
        self._events[id(connection)].put_nowait((connection, event.name, report))

    async def _handle(self, connection: MemoryConnection) -> None:
        await self._dispatch(*await self._events[id(connection)].get())
        if not connection.closed:
            self.core.agents.attach(connection)
            await self._dispatch(connection, "connected", None)
        while True:
            await self._dispatch(*await self._events[id(connection)].get())

    async def _dispatch(self, connection: MemoryConnection, name: str, report: wire.Message | None) -> None:
        for handler in self.core.behaviour.agent_events.get(name, []):
            if name == "disconnected" or not connection.closed:
                await handler(self.core, connection, report)

    # -- requests -----------------------------------------------------------------------------------------------------

    def call(self, role: str = "owner") -> Call:
        """Somebody who works in the default project."""
        return Call(core=self.core, role=role, account_id=self.project_id, user_id=1)

    def reading(self, name: str, row: Any, given: dict[str, Any]) -> Any:
        """What a request's reading gives, as far as it is needed."""
        type, dot, action = name.partition(".")
        hook = lookup(self.core.behaviour.reads_of, type, dot + action)
        return None if hook is None else hook.read({name: row.get(name) for name in hook.uses if row}, dict(given))

    async def create(self, type: str, *, _role: str = "owner", **fields: Any) -> Any:
        """What POST on a collection does."""
        hook = lookup(self.core.behaviour.creates, type)
        call = replace(self.call(_role), read=self.reading(type, {}, fields))

        def unit(tx: Tx) -> Any:
            if hook is not None:
                return hook(tx, call, dict(fields))
            row = tx.insert(type, accountId=self.project_id, **fields)
            self.core.engine.request(tx, row, "create")
            return row

        return await self.core.db.write(unit)

    async def act(self, type: str, id: int, action: str, **data: Any) -> Any:
        """What an action does."""
        hook = lookup(self.core.behaviour.actions, type, f".{action}")

        def unit(tx: Tx) -> Any:
            row = tx.require(type, id)
            if hook is not None:
                return hook(tx, replace(self.call(), read=self.reading(f"{type}.{action}", row, data)), row, data)
            return self.core.engine.request(tx, row, action, **data)

        return await self.core.db.write(unit)

    async def act_on_all(self, type: str, action: str, **data: Any) -> Any:
        """What an action of a collection does."""
        name = f"{type}.{action}"
        hook = self.core.behaviour.collectives[name]
        call = replace(self.call(), read=self.reading(name, {}, data))
        return await self.core.db.write(lambda tx: hook(tx, call, data))

    async def change(self, type: str, id: int, **fields: Any) -> Any:
        """What PUT does."""
        hook = lookup(self.core.behaviour.updates, type)

        def unit(tx: Tx) -> Any:
            row = tx.require(type, id)
            if hook is not None:
                return hook(tx, replace(self.call(), read=self.reading(type, row, fields)), row, fields)
            row = tx.update(row, **fields)
            return self.core.engine.request(tx, row, "update")

        return await self.core.db.write(unit)

    async def delete(self, type: str, id: int) -> Any:
        """What DELETE does."""

        def unit(tx: Tx) -> Any:
            row = tx.require(type, id)
            hook = lookup(self.core.behaviour.removes, row.type)
            return hook(tx, self.call(), row) if hook else request_removal(self.core.engine, tx, row)

        return await self.core.db.write(unit)

    async def read(self, query: Callable[[ReadTx], Any]) -> Any:
        """Look at committed state."""
        return await self.core.db.read(query)

    async def until(self, condition: Callable[[ReadTx], Any], seconds: float = WAIT) -> Any:
        """Wait until a condition on the database holds; returns its value."""
        with self.core.db.bus.subscribe() as changes:
            async with asyncio.timeout(seconds):
                while not (value := await self.core.db.read(condition)):
                    await changes.batch()
        return value

    async def settled(self) -> None:
        """Wait until all that was committed before has become names on the hosts."""
        await self.core.part(Newsroom).acted(self.core.part(Discovery))

    async def running(self, count: int, seconds: float = WAIT) -> list[Record]:
        """Wait until exactly so many containers run."""

        def condition(tx: ReadTx) -> list[Record] | None:
            found = tx.find(rows.Instance)
            return found if len(found) == count and all(row.state == "running" for row in found) else None

        return list(await self.until(condition, seconds)) if count else []
