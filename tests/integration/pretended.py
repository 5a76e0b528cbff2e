# SPDX-License-Identifier: Apache-2.0
"""A host without Docker: speaks the agent's side of the wire over a real WebSocket and keeps its containers in memory.

What a container does is said by its image: `docker:ok`, or one of the words below anywhere in the name.
`hang`: the pull never ends until it is cancelled. `missing`: the image does not exist. `slow`: takes 0.3 s.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import uuid
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
from orca.hoststate.apply import kinds
from orca.hoststate.plan import dns, items
from orca.wire import names

SLOW_SECONDS = 0.3


def signing_request() -> str:
    """A certificate signing request with a fresh key, as a host makes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


async def eventually(condition: Callable[[], Any], seconds: float = 20) -> None:
    """Wait until a condition over several machines holds; it is looked at every few milliseconds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the machines share no event
            await asyncio.sleep(0.005)


@dataclass
class FakeHost:
    """The host's disk and its Docker: survives reconnects of the agent."""

    name: str
    address: str
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    csr: str = field(default_factory=signing_request)
    containers: dict[str, wire.Container] = field(default_factory=dict)
    """External id -> container."""
    items: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    """Config item -> (version, description)."""
    creates: Counter[str] = field(default_factory=Counter)
    """How often a container was created, by instance uuid."""
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What the last command to start it said, by instance uuid."""
    pulls: list[dict[str, Any]] = field(default_factory=list)
    """What each command to pull an image said."""
    removed_volumes: list[str] = field(default_factory=list)
    updates: list[wire.ConfigUpdate] = field(default_factory=list)
    """Every config update received, in order."""
    families: list[str] = field(default_factory=lambda: list(kinds.families()))
    """The families of items that the agent understands; an agent of 0.1.0 does not say."""

    def running(self) -> list[wire.Container]:
        """The containers that run."""
        return [container for container in self.containers.values() if container.state == "running"]

    def by_uuid(self, instance: str) -> wire.Container | None:
        """The container of an instance."""
        return next((container for container in self.containers.values() if container.uuid == instance), None)

    def item(self, name: str) -> dict[str, Any] | None:
        """The description of a config item in force."""
        entry = self.items.get(name)
        return None if entry is None else entry[1]

    def names(self, address: str) -> dict[str, Any] | None:
        """What the container at an address is answered here; None when it is unknown."""
        description = dns.describe({name: item for name, (_, item) in self.items.items()}) or {"clients": {}}
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


class FakeMachine:
    """The agent's work on a `FakeHost`: takes events, does what they say, transmits what an agent would."""

    def __init__(self, host: FakeHost) -> None:
        self.host = host
        self.received: list[wire.Event] = []
        self.says_digest = True
        """Agents of 0.1.0 do not."""
        self.images: set[str] = set()
        """Images that exist although their name says otherwise."""
        self.transmit: Callable[[wire.Event], None] = lambda event: None
        self._changed = asyncio.Condition()
        self._running: dict[str, asyncio.Task[None]] = {}

    def receive(self, event: wire.Event) -> None:
        """Take one event of the server."""
        self.received.append(event)
        if event.name == names.CONFIG_UPDATE:
            self._configure(event)
        elif event.name == names.CANCEL:
            for id in event.read(wire.Cancel).previous_ids:
                if task := self._running.get(id):
                    task.cancel()
        elif event.name == names.PING:
            self.transmit(event.reply())
        elif event.reply_to:
            self._running[event.id] = asyncio.create_task(self._command(event))
        self._notify()

    def stop(self) -> None:
        """The agent dies; the containers go on."""
        for task in self._running.values():
            task.cancel()
        self._running.clear()
        self.transmit = lambda event: None

    def say_hello(self) -> None:
        """Tell the facts of the host as they are now."""
        self.transmit(wire.Event.report(names.HELLO, self.hello()))

    def hello(self) -> wire.Hello:
        """The facts of the host."""
        applied = {name: version for name, (version, _) in self.host.items.items()}
        return wire.Hello(
            uuid=self.host.uuid,
            hostname=self.host.name,
            addresses=[self.host.address],
            docker_version="20.10.24",
            kernel="6.1.0",
            os="Debian GNU/Linux 12",
            cpu_count=2,
            memory_bytes=4 << 30,
            agent_version="0.1.0",
            mesh_csr=self.host.csr,
            families=self.host.families,
            applied=applied,
            digest=wire.digest.text(wire.digest.total(applied)) if self.says_digest else "",
            containers=list(self.host.containers.values()),
        )

    async def until(self, condition: Callable[[], Any], seconds: float = 10) -> None:
        """Wait until `condition` holds; it is looked at after every event and every change on the host."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(condition)

    def report(self, container: wire.Container, status: wire.ContainerStatus) -> None:
        """Tell the server what Docker says of a container."""
        container.status = status
        self.transmit(wire.Event.report(names.CONTAINER_CHANGE, container))

    def die(self, instance: str, exit_code: int = 1) -> None:
        """The main process of a container ends by itself."""
        container = self.host.by_uuid(instance)
        assert container is not None
        container.state, container.exit_code = "stopped", exit_code
        self.report(container, "die")

    def run_by_hand(self, name: str) -> wire.Container:
        """Somebody types `docker run`."""
        container = wire.Container(external_id=uuid.uuid4().hex, name=name, state="running", image="by/hand")
        container.started_at = wire.now_ms()
        self.host.containers[container.external_id] = container
        self.report(container, "start")
        return container

    def _notify(self) -> None:
        async def notify() -> None:
            async with self._changed:
                self._changed.notify_all()

        task = asyncio.create_task(notify())
        self._running[f"notify {id(task)}"] = task
        task.add_done_callback(lambda _: self._running.pop(f"notify {id(task)}", None))

    def _configure(self, event: wire.Event) -> None:
        update = event.read(wire.ConfigUpdate)
        self.host.updates.append(update)
        for item in update.items:
            if item.description is None:
                self.host.items.pop(item.name, None)
            elif isinstance(item.description, dict):
                self.host.items[item.name] = (item.version, item.description)
        if update.complete:
            for name in set(self.host.items) - {item.name for item in update.items}:
                del self.host.items[name]
        applied = {
            name: version for name, (version, _) in self.host.items.items()
        }  # as the real one: what is in effect
        self.transmit(event.reply(wire.ConfigApplied(applied=applied)))

    async def _command(self, event: wire.Event) -> None:
        try:
            if event.name == names.ACTIVATE:
                await self._activate(event)
            elif event.name == names.DEACTIVATE:
                order = event.read(wire.Deactivate)
                self._stop(self.host.containers.get(order.external_id or "") or self.host.by_uuid(order.uuid))
                self.transmit(event.reply(wire.Deactivated(state="stopped")))
            elif event.name == names.REMOVE:
                gone = event.read(wire.Remove)
                self._remove(self.host.containers.get(gone.external_id or "") or self.host.by_uuid(gone.uuid))
                self.transmit(event.reply())
            elif event.name == names.PULL:
                await self._pull(event)
            elif event.name == names.VOLUME_REMOVE:
                self.host.removed_volumes.append(event.read(wire.RemoveVolume).name)
                self.transmit(event.reply())
        except asyncio.CancelledError:
            self.transmit(event.reply_error(names.CANCELLED))
            raise
        finally:
            self._running.pop(event.id, None)
            self._notify()

    async def _activate(self, event: wire.Event) -> None:
        wanted = event.read(wire.Activate).instance
        self.host.orders[wanted.uuid] = event.data["instance"]
        if not await self._get(wanted.image, event):
            return
        container = self.host.by_uuid(wanted.uuid)
        if container is None:
            container = wire.Container(
                external_id=uuid.uuid4().hex,
                name=wanted.name,
                state="created",
                image=wanted.image,
                uuid=wanted.uuid,
                address=wanted.address,
                labels=wanted.labels,
            )
            self.host.containers[container.external_id] = container
            self.host.creates[wanted.uuid] += 1
        container.state = "running"
        container.started_at = wire.now_ms()
        self.report(container, "start")
        reply = wire.Activated(
            external_id=container.external_id, state="running", started=container.started_at, address=container.address
        )
        self.transmit(event.reply(reply))
        if "crash" in wanted.image:
            self.die(wanted.uuid, 3)

    async def _pull(self, event: wire.Event) -> None:
        wanted = event.read(wire.Pull)
        self.host.pulls.append(event.data)
        lies_here = wanted.image in {container.image for container in self.host.containers.values()}
        if wanted.cached and not lies_here:
            self.transmit(event.reply(wire.Pulled(pulled=False)))
        elif await self._get(wanted.image, event):
            self.transmit(event.reply(wire.Pulled()))

    async def _get(self, image: str, event: wire.Event) -> bool:
        """Get an image, as its name says; without success the event is answered."""
        if "missing" in image and image not in self.images:
            self.transmit(event.reply_error(f"image {image} does not exist"))
            return False
        if "hang" in image:
            self.transmit(event.reply_progress(f"Pulling {image}", 10))
            await asyncio.get_running_loop().create_future()
        if "slow" in image:
            await asyncio.sleep(SLOW_SECONDS)
        return True

    def _stop(self, container: wire.Container | None) -> None:
        if container is not None and container.state == "running":
            container.state, container.exit_code = "stopped", 0
            self.report(container, "die")

    def _remove(self, container: wire.Container | None) -> None:
        self._stop(container)
        if container is not None:
            del self.host.containers[container.external_id]
            container.state = "removed"
            self.report(container, "destroy")


class FakeAgent:
    """A `FakeMachine` that dials a server over a WebSocket; use it as a context manager."""

    def __init__(self, host: FakeHost, url: str, access_key: str, secret_key: str) -> None:
        self.machine = FakeMachine(host)
        self.closed = asyncio.Event()
        self._url = url.replace("http", "ws", 1).rstrip("/") + "/subscribe"
        self.keys = (access_key, secret_key)
        self._socket: ClientConnection | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> FakeAgent:
        await self.connect()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.disconnect()

    async def connect(self) -> None:
        """Dial, say hello, serve commands in the background."""
        token = base64.b64encode(":".join(self.keys).encode()).decode()
        socket = await websockets.connect(self._url, additional_headers={"Authorization": f"Basic {token}"})
        outgoing: asyncio.Queue[wire.Event] = asyncio.Queue()
        self.closed = asyncio.Event()
        self._socket = socket
        self.machine.transmit = outgoing.put_nowait
        self.machine.say_hello()
        self._tasks = [asyncio.create_task(self._write(socket, outgoing)), asyncio.create_task(self._read(socket))]

    async def disconnect(self) -> None:
        """Hang up; running commands are forgotten, as when the agent is killed."""
        self.machine.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()

    async def _write(self, socket: ClientConnection, outgoing: asyncio.Queue[wire.Event]) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                await socket.send(wire.encode(await outgoing.get()))

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for frame in socket:
                self.machine.receive(wire.decode(frame))
        except websockets.ConnectionClosed:
            pass
        finally:
            self.closed.set()
