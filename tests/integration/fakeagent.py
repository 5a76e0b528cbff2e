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
from orca.wire import names

SLOW_SECONDS = 0.3


def signing_request() -> str:
    """A certificate signing request with a fresh key, as a host makes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


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
    updates: list[wire.ConfigUpdate] = field(default_factory=list)
    """Every config update received, in order."""

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

    def named(self, prefix: str) -> set[str]:
        """The names of items that begin with `prefix`."""
        return {name for name in self.items if name.startswith(prefix)}


class FakeAgent:
    """One connection after another for a `FakeHost`; use it as a context manager."""

    def __init__(self, host: FakeHost, url: str, access_key: str, secret_key: str) -> None:
        self.host = host
        self.url = url.replace("http", "ws", 1).rstrip("/") + "/v1/subscribe"
        self.keys = (access_key, secret_key)
        self.changed = asyncio.Condition()
        self.received: list[wire.Event] = []
        self.closed = asyncio.Event()
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._running: dict[str, asyncio.Task[None]] = {}

    async def __aenter__(self) -> FakeAgent:
        await self.connect()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.disconnect()

    async def connect(self) -> None:
        """Dial, say hello, serve commands in the background."""
        token = base64.b64encode(":".join(self.keys).encode()).decode()
        self._socket = await websockets.connect(self.url, additional_headers={"Authorization": f"Basic {token}"})
        self.closed = asyncio.Event()
        await self.send(wire.Event.report(names.HELLO, self.hello()))
        self._reader = asyncio.create_task(self._serve(self._socket))

    async def disconnect(self) -> None:
        """Hang up; running commands are forgotten, as when the agent is killed."""
        for task in [*self._running.values(), *([self._reader] if self._reader else [])]:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._running.clear()
        if self._socket is not None:
            await self._socket.close()
            self._socket = None

    def hello(self) -> wire.Hello:
        """The facts of the host as they are now."""
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
            applied={name: version for name, (version, _) in self.host.items.items()},
            containers=list(self.host.containers.values()),
        )

    async def send(self, event: wire.Event) -> None:
        """Send one frame; silently dropped when the connection is gone."""
        if self._socket is not None:
            with contextlib.suppress(websockets.ConnectionClosed):
                await self._socket.send(wire.encode(event))

    async def until(self, condition: Callable[[], Any], seconds: float = 10) -> None:
        """Wait until `condition` holds; it is looked at after every frame and every change on the host."""
        async with asyncio.timeout(seconds), self.changed:
            await self.changed.wait_for(condition)

    async def report(self, container: wire.Container, status: wire.ContainerStatus | None) -> None:
        """Tell the server what Docker says of a container."""
        container.status = status
        await self.send(wire.Event.report(names.CONTAINER_CHANGE, container))

    async def die(self, instance: str, exit_code: int = 1) -> None:
        """The main process of a container ends by itself."""
        container = self.host.by_uuid(instance)
        assert container is not None
        container.state, container.exit_code = "stopped", exit_code
        await self.report(container, "die")

    async def _serve(self, socket: ClientConnection) -> None:
        try:
            async for frame in socket:
                event = wire.decode(frame)
                self.received.append(event)
                if event.name == names.CONFIG_UPDATE:
                    await self._configure(event)
                elif event.name == names.CANCEL:
                    for id in event.read(wire.Cancel).previous_ids:
                        if task := self._running.get(id):
                            task.cancel()
                elif event.name == names.PING:
                    await self.send(event.reply())
                elif event.reply_to:
                    self._running[event.id] = asyncio.create_task(self._command(event))
                await self._notify()
        except websockets.ConnectionClosed:
            pass
        finally:
            self.closed.set()

    async def _notify(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def _configure(self, event: wire.Event) -> None:
        update = event.read(wire.ConfigUpdate)
        self.host.updates.append(update)
        applied = {}
        for item in update.items:
            if item.description is None:
                self.host.items.pop(item.name, None)
            elif isinstance(item.description, dict):
                self.host.items[item.name] = (item.version, item.description)
            applied[item.name] = item.version
        if update.complete:
            for name in set(self.host.items) - {item.name for item in update.items}:
                del self.host.items[name]
        await self.send(event.reply(wire.ConfigApplied(applied=applied)))

    async def _command(self, event: wire.Event) -> None:
        try:
            if event.name == names.ACTIVATE:
                await self._activate(event)
            elif event.name == names.DEACTIVATE:
                await self._stop(event.read(wire.Deactivate).uuid)
                await self.send(event.reply(wire.Deactivated(state="stopped")))
            elif event.name == names.REMOVE:
                await self._remove(event.read(wire.Remove).uuid)
                await self.send(event.reply())
        except asyncio.CancelledError:
            await self.send(event.reply_error(names.CANCELLED))
        finally:
            self._running.pop(event.id, None)
            await self._notify()

    async def _activate(self, event: wire.Event) -> None:
        wanted = event.read(wire.Activate).instance
        if "missing" in wanted.image:
            await self.send(event.reply_error(f"image {wanted.image} does not exist"))
            return
        if "hang" in wanted.image:
            await self.send(event.reply_progress(f"Pulling {wanted.image}", 10))
            await asyncio.get_running_loop().create_future()
        if "slow" in wanted.image:
            await asyncio.sleep(SLOW_SECONDS)
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
        await self.report(container, "start")
        await self.send(
            event.reply(
                wire.Activated(
                    external_id=container.external_id,
                    state="running",
                    started=container.started_at,
                    address=container.address,
                )
            )
        )

    async def _stop(self, instance: str) -> None:
        container = self.host.by_uuid(instance)
        if container is not None and container.state == "running":
            container.state, container.exit_code = "stopped", 0
            await self.report(container, "die")

    async def _remove(self, instance: str) -> None:
        await self._stop(instance)
        container = self.host.by_uuid(instance)
        if container is not None:
            del self.host.containers[container.external_id]
            container.state = "removed"
            await self.report(container, "destroy")
