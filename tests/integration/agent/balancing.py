# SPDX-License-Identifier: Apache-2.0
"""A balancer as the agent runs it: real files, a real HAProxy in a container, and targets in the test's process."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import docker
import pytest

from orca.agent.balancers import Balancers
from orca.agent.config import Config
from orca.agent.containers import Containers
from orca.agent.engine import Engine
from orca.agent.haproxy import HaproxyGone, ask, ask_master
from orca.agent.resolver import Resolver
from orca.hoststate.apply import Host, kinds
from orca.hoststate.apply.balancers import KIND
from orca.wire import BalancerReport, ConfigApplied, ConfigItem, ConfigUpdate, Event, Instance

NETWORK = {"cidr": "10.42.0.0/16", "subnet": "10.42.1.0/24", "bridge": "orca0", "network": "orca"}
PLAIN: dict[str, Any] = {
    "protocol": "http",
    "algorithm": "roundrobin",
    "proxy": False,
    "check": None,
    "cookie": None,
    "application_cookie": None,
}
WAIT_SECONDS = 20.0


class Target:
    """A small server: HTTP with its name, after the PROXY protocol if that comes first; else whatever is said back."""

    def __init__(self, name: str) -> None:
        self.name, self.port, self.broken = name, 0, False
        self.connections: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen, on the same port as before."""
        self._server = await asyncio.start_server(self._serve, "0.0.0.0", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Refuse connections; those that are open go on."""
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.add(writer)
        try:
            await self._talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.connections.discard(writer)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, client = await reader.readexactly(12), ""
        if first == b"\r\n\r\n\0\r\nQUIT\n":
            length = int.from_bytes((await reader.readexactly(4))[2:], "big")
            address = await reader.readexactly(length)
            client, first = ".".join(map(str, address[:4])), b""
        while True:
            head = (first + await reader.readuntil(b"\r\n\r\n")).decode()
            first = b""
            if "upgrade: websocket" in head.lower():
                writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n")
                writer.write(b"Sec-WebSocket-Accept: s3pPLBMiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
                while data := await reader.read(1000):
                    writer.write(data)
                return
            status = "503 Unavailable" if self.broken else "200 OK"
            session = "Set-Cookie: SESSION=of-" + self.name + "\r\n" if "GET /login" in head else ""
            body = f"{self.name} {client} {head}".encode()
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{session}\r\n".encode() + body)
            if "connection: close" in head.lower():
                return


class Lab:
    """One host with one balancer. ``items`` are what the server has sent."""

    def __init__(self, root: Path, engine: docker.DockerClient) -> None:
        self.uuid = str(uuid.uuid4())
        self.address, self.gateway = "", engine.networks.get("bridge").attrs["IPAM"]["Config"][0]["Gateway"]
        self.reports: list[BalancerReport] = []
        self.engine, self.directory = engine, root / "balancer" / self.uuid
        images = engine.images.list("orca/haproxy")
        assert images, "orca/haproxy is not built: script/images haproxy"
        self._network = {**NETWORK, "images": {"net": "", "dns": "", "haproxy": images[0].tags[0]}}
        agents = Engine()
        self.config = Config(Host(str(root)), _any_port)
        self.containers = Containers(Resolver(root / "resolv"), agents)
        self.balancers = Balancers(self.config, root, self.containers, self._said)
        self.item: dict[str, Any] = {
            "instance": self.uuid,
            "listeners": [{"port": 80, "protocol": "http", "proxy": False}],
            "routes": [{"port": 80, "host": None, "path": None, "priority": None, "backend": "web"}],
            "backends": {"web": PLAIN},
            "certificates": [],
            "default_certificate": None,
            "custom": {},
        }
        self._version = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def open(self) -> None:
        """Bring the container up, as an order to activate it does."""
        await self.send({"network": self._network, f"balancer/{self.uuid}": self.item})
        ordered = Instance(uuid=self.uuid, name="balancer", image="rancher/load-balancer-service", balancer=True)
        ordered.network_mode = "bridge"
        wanted = await self.balancers.prepare(ordered)
        started = await self.containers.activate(wanted, lambda *_: None, _nothing)
        self.address = started.address or ""
        await self.balancers.started(self.uuid)

    async def connect(self, port: int, **more: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the balancer for the time of the test."""
        reader, writer = await asyncio.open_connection(self.address, port, **more)
        self._writers.append(writer)
        return reader, writer

    async def close(self) -> None:
        for writer in self._writers:
            await shut(writer)
        await self.containers.remove(self.uuid)
        self.config.close()

    async def send(self, items: dict[str, Any]) -> ConfigApplied:
        """Send config items, and check that the host took them."""
        self._version += 1
        wanted = [ConfigItem(name=name, version=self._version, description=text) for name, text in items.items()]
        return await self.config.update(ConfigUpdate(items=wanted))

    async def change(self, **parts: Any) -> ConfigApplied:
        """Send another item of the balancer."""
        self.item = {**self.item, **parts}
        return await self.send({f"balancer/{self.uuid}": self.item})

    async def target(self, backend: str = "web", **targets: dict[str, Any]) -> ConfigApplied:
        """Send the targets of a backend."""
        return await self.send({f"targets/{self.uuid}/{backend}": {"targets": targets}})

    def at(self, target: Target, **changes: Any) -> dict[str, Any]:
        """A target in an item."""
        return {"address": self.gateway, "port": target.port, "weight": 100, "state": "ready", **changes}

    async def ask(self, path: str = "/", *lines: str, port: int = 80) -> tuple[int, str, str]:
        """Ask on a connection of its own; return status, head and body."""
        reader, writer = await asyncio.open_connection(self.address, port)
        try:
            host = () if any(line.lower().startswith("host:") for line in lines) else ("Host: a.example",)
            text = "\r\n".join([f"GET {path} HTTP/1.1", *host, *lines, "Connection: close", "", ""])
            writer.write(text.encode())
            answer = (await asyncio.wait_for(reader.read(), WAIT_SECONDS)).decode()
        finally:
            await shut(writer)
        head, _, body = answer.partition("\r\n\r\n")
        return int(head.split(" ")[1]), head, body

    async def name(self, path: str = "/", *lines: str, port: int = 80) -> str:
        """Ask, and return who answered; or the status of HAProxy's own answer."""
        status, _, body = await self.ask(path, *lines, port=port)
        return body.split(" ")[0] if status == 200 else str(status)

    async def command(self, text: str) -> str:
        """What HAProxy's socket answers."""
        return await ask(self.directory / "run/commands.sock", text, seconds=WAIT_SECONDS)

    async def loads(self) -> int:
        """How often another configuration was loaded."""
        answer = await ask_master(self.directory / "run/master.sock", "show proc", seconds=WAIT_SECONDS)
        found = re.search(r"master\s+(\d+)", answer)
        return int(found[1]) if found else -1  # it is about to load one

    async def loaded(self, since: int) -> None:
        """Wait until another configuration than the ``since``-th is loaded, and nothing is under way."""
        await until(lambda: self._is_loaded(since))

    async def _is_loaded(self, since: int) -> bool:
        try:
            return await self.loads() > since and "ORCA_STRUCTURE" in await self.command("show env ORCA_STRUCTURE")
        except HaproxyGone:
            return False

    @property
    def container(self) -> docker.models.containers.Container:
        return self.engine.containers.list(all=True, filters={"label": f"io.orca.instance.uuid={self.uuid}"})[0]

    def _said(self, event: Event) -> None:
        self.reports.append(event.read(BalancerReport))


@pytest.fixture
async def lab(tmp_path: Path, engine: docker.DockerClient, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lab]:
    carrier = kinds.KINDS[0]._replace(apply=lambda *_: None, drift=lambda _: lambda *_: False, prepare=None)
    monkeypatch.setattr(kinds, "KINDS", (carrier, KIND))
    root = Path("/tmp") / f"orca-{uuid.uuid4().hex[:8]}"
    root.mkdir(mode=0o755)
    made = Lab(root, engine)
    running = asyncio.create_task(made.balancers.run())
    try:
        yield made
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await made.close()
        shutil.rmtree(root)


@pytest.fixture
async def targets() -> AsyncIterator[Callable[..., Any]]:
    made: list[Target] = []

    async def make(*names: str) -> list[Target]:
        fresh = [Target(name) for name in names]
        for each in fresh:
            await each.open()
        made.extend(fresh)
        return fresh

    yield make
    for each in made:
        with contextlib.suppress(OSError):
            each.close()
        for writer in list(each.connections):
            await shut(writer)


async def shut(writer: asyncio.StreamWriter) -> None:
    """Close a connection, whatever became of it."""
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def until(condition: Callable[[], bool | Awaitable[bool]]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            found = condition()
            if (await found) if isinstance(found, Awaitable) else found:
                return
            await asyncio.sleep(0.02)


async def _nothing() -> None:
    pass


async def _any_port(_port: int, _protocol: str, _bind: str) -> None:
    pass
