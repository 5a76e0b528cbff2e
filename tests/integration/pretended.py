# SPDX-License-Identifier: Apache-2.0
"""Pretended hosts as tests use them: they remember what they were asked, and people do things on them.

What goes wrong with a container is said by its image (`orca.simulator.faults.by_image`): `docker:ok`, or `hang`,
`missing`, `slow`, `crash` anywhere in the name.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import websockets
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from websockets.asyncio.client import ClientConnection

from orca import wire
from orca.hoststate.plan import dns, items
from orca.simulator import faults
from orca.simulator.host import Agent, Change, Container, Driver, Host, Room, Said
from orca.wire import names


def signing_request() -> str:
    """A certificate signing request with a fresh key, as a host makes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


async def eventually(condition: Callable[[], Any], seconds: float = 20) -> None:
    """Wait until a condition over several hosts holds; it is looked at every few milliseconds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the hosts share no event
            await asyncio.sleep(0.005)


@dataclass(eq=False)
class PretendedHost(Host):
    """A host that remembers."""

    csr: str = field(default_factory=signing_request)
    creates: Counter[str] = field(default_factory=Counter)
    """How often a container was created, by instance uuid."""
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What the last command to start it said, by instance uuid."""
    pulls: list[dict[str, Any]] = field(default_factory=list)
    """What each command to pull an image said."""
    removed_volumes: list[str] = field(default_factory=list)
    updates: list[wire.ConfigUpdate] = field(default_factory=list)
    """Every config update received, in order."""

    def __post_init__(self) -> None:
        self.room = Room(self._changed)

    def _changed(self, change: Change) -> None:
        if change.do == "create":
            self.creates[change.uuid] += 1

    def asked(self, event: wire.Event) -> None:
        """Remember a command."""
        if event.name == names.ACTIVATE:
            self.orders[event.data["instance"]["uuid"]] = event.data["instance"]
        elif event.name == names.PULL:
            self.pulls.append(event.data)
        elif event.name == names.VOLUME_REMOVE:
            self.removed_volumes.append(event.data["name"])
        elif event.name == names.CONFIG_UPDATE:
            self.updates.append(event.read(wire.ConfigUpdate))

    @property
    def containers(self) -> dict[str, Container]:
        """The containers by external id."""
        return self.room.containers

    def running(self) -> list[Container]:
        """The containers that run."""
        return [container for container in self.containers.values() if container.state == "running"]

    def by_uuid(self, instance: str) -> Container | None:
        """The container of an instance."""
        return self.room.find(instance)

    def item(self, name: str) -> dict[str, Any] | None:
        """The description of a config item in force."""
        entry = self.items.get(name)
        return None if entry is None else entry.description

    def names(self, address: str) -> dict[str, Any] | None:
        """What the container at an address is answered here; None when it is unknown."""
        description = dns.describe({name: item.description for name, item in self.items.items()}) or {"clients": {}}
        seen = description["clients"].get(address)
        if seen is None or isinstance(seen, dict):
            return seen
        found: dict[str, Any] = {}
        for scope in reversed(seen):
            found |= description["scopes"].get(scope, {})
        return {name: answer for name, answer in sorted(found.items()) if answer}

    def named(self, family: items.Family) -> set[str]:
        """The names of the items of a family."""
        return {name for name in self.items if family.holds(name)}


class PretendedAgent(Driver):
    """The agent of a `PretendedHost`, which goes through several runs."""

    def __init__(self, host: PretendedHost) -> None:
        super().__init__(Agent(host))
        self.host = host
        self.received: list[wire.Event] = []
        self.says_digest = True
        """Agents of 0.1.0 do not."""
        self._changed = asyncio.Event()

    def start(self) -> None:
        """Begin another run; the last one has ended."""
        self.agent = Agent(self.host)

    def say_hello(self) -> None:
        """Tell the facts of the host as they are now."""
        self.agent.say_hello(digest=self.says_digest)
        self.flush()

    def receive(self, event: wire.Event, found: faults.Faults = faults.NONE) -> None:
        """Take one event of the server; what goes wrong with it is said by the image."""
        self.received.append(event)
        self.host.asked(event)
        instance = event.data.get("instance")
        order = instance if isinstance(instance, dict) else event.data  # else it is a uuid
        super().receive(event, faults.by_image(order.get("image") or ""))

    def flush(self) -> None:
        """Transmit what there is to say; something may have changed."""
        super().flush()
        self._changed.set()
        self._changed.clear()

    async def until(self, condition: Callable[[], Any], seconds: float = 10) -> None:
        """Wait until `condition` holds; it is looked at after every event and every change on the host."""
        async with asyncio.timeout(seconds):
            while not condition():
                await self._changed.wait()

    def tell(self, name: str, report: wire.Message) -> None:
        """Tell the server something."""
        self.agent.tell(name, report)
        self.flush()

    # -- what people do on the host -----------------------------------------------------------------------------------

    def die(self, instance: str, exit_code: int = 1) -> None:
        """The main process of a container ends by itself."""
        container = self.host.by_uuid(instance)
        assert container is not None
        self.end(container, exit_code)

    def end(self, container: Container, exit_code: int = 0) -> None:
        """The main process of a container ends."""
        self._now().end(container, exit_code)
        self.flush()

    def start_by_hand(self, container: Container) -> None:
        """Somebody types `docker start`."""
        self._now().start(container)
        self.flush()

    def run_by_hand(self, name: str) -> Container:
        """Somebody types `docker run`."""
        container = self._now().run_by_hand(name)
        self.flush()
        return container

    def vanish(self, container: Container) -> None:
        """A container is gone, and nobody saw it end before."""
        container.state = "stopped"
        self._now().remove(container)
        self.flush()

    def appear(self, container: Container) -> None:
        """A container is there that was made elsewhere, or earlier; it is told as if it had just started."""
        self.host.room.put(container)
        self.report(container, "start")

    def report(self, container: Container, status: wire.ContainerStatus) -> None:
        """Tell how a container is."""
        self.agent.report(container, status)
        self.flush()

    def _now(self) -> PretendedHost:
        self.host.clock.set(wire.now_ms())
        return self.host


class SocketAgent(PretendedAgent):
    """A `PretendedAgent` that dials a server over a WebSocket; use it as a context manager."""

    def __init__(self, host: PretendedHost, url: str, access_key: str, secret_key: str) -> None:
        super().__init__(host)
        self.closed = asyncio.Event()
        self._url = url.replace("http", "ws", 1).rstrip("/") + "/subscribe"
        self.keys = (access_key, secret_key)
        self._socket: ClientConnection | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> SocketAgent:
        await self.connect()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.disconnect()

    async def connect(self) -> None:
        """Dial, say hello, serve commands in the background."""
        token = base64.b64encode(":".join(self.keys).encode()).decode()
        socket = await websockets.connect(self._url, additional_headers={"Authorization": f"Basic {token}"})
        outgoing: asyncio.Queue[Said] = asyncio.Queue()
        self.closed = asyncio.Event()
        self._socket = socket
        self.transmit = outgoing.put_nowait
        self.start()
        self.say_hello()
        self._tasks = [asyncio.create_task(self._write(socket, outgoing)), asyncio.create_task(self._read(socket))]

    async def disconnect(self) -> None:
        """Hang up; running commands are forgotten, as when the agent is killed."""
        self.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()

    async def _write(self, socket: ClientConnection, outgoing: asyncio.Queue[Said]) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                await socket.send(wire.encode((await outgoing.get()).event))

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for frame in socket:
                self.receive(wire.decode(frame))
        except websockets.ConnectionClosed:
            pass
        finally:
            self.closed.set()
