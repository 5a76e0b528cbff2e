# SPDX-License-Identifier: Apache-2.0
"""Ask charon in ``orca-net`` about its tunnels over its vici socket, without a thread or a process.

The codec is that of the ``vici`` package; its sessions block, so the framing (a 32-bit length before each packet, see
strongSwan's README of the vici plugin) is done here on asyncio streams.
"""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vici.protocol import Message, Packet

from orca.wire import Encryption

_LENGTH = struct.Struct("!I")
_TIMEOUT = 5.0
UPDOWN = ("ike-updown", "child-updown")


class CharonGone(Exception):
    """charon does not answer on its socket."""


@dataclass(frozen=True, slots=True)
class Tunnel:
    """One IKE_SA: the peer's identity, its state, seconds since it was established, bytes of its CHILD_SAs."""

    peer: str
    state: str
    age: int
    installed: bool
    bytes_in: int
    bytes_out: int


async def tunnels(path: Path) -> dict[str, Tunnel]:
    """Return the tunnels by peer identity; of several to one peer, the one that carries traffic, else the oldest.

    Raises:
        CharonGone: no answer.
    """
    found: dict[str, Tunnel] = {}
    async with _connection(path) as wire:
        await wire.register("list-sa")
        await wire.send(Packet.request("list-sas"))
        while (packet := await wire.receive()).response_type == Packet.EVENT:
            for _name, sa in Message.deserialize(packet.payload).items():
                tunnel = _tunnel(sa)
                known = found.get(tunnel.peer)
                if known is None or (tunnel.installed, tunnel.age) > (known.installed, known.age):
                    found[tunnel.peer] = tunnel
    return found


async def encryption(path: Path) -> Encryption:
    """Return who encrypts: the kernel, or charon itself where the kernel cannot (slower).

    Raises:
        CharonGone: no answer.
    """
    async with _connection(path) as wire:
        await wire.send(Packet.request("stats"))
        stats = Message.deserialize((await wire.receive()).payload)
    return "userspace" if b"kernel-libipsec" in stats.get("plugins", []) else "kernel"


async def updowns(path: Path) -> AsyncIterator[None]:
    """Yield whenever a tunnel came up or went down, until charon goes away.

    Raises:
        CharonGone: it went away.
    """
    async with _connection(path) as wire:
        for event in UPDOWN:
            await wire.register(event)
        while True:
            if (await wire.receive(timeout=None)).response_type == Packet.EVENT:
                yield


class _Wire:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, packet: bytes) -> None:
        self._writer.write(_LENGTH.pack(len(packet)) + packet)
        await self._writer.drain()

    async def receive(self, timeout: float | None = _TIMEOUT) -> Any:  # noqa: ASYNC109 (None: wait for an event)
        async with asyncio.timeout(timeout):
            (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
            return Packet.parse(await self._reader.readexactly(length))

    async def register(self, event: str) -> None:
        await self.send(Packet.register_event(event))
        if (await self.receive()).response_type != Packet.EVENT_CONFIRM:
            raise CharonGone(f"charon does not know the event {event}")


@asynccontextmanager
async def _connection(path: Path) -> AsyncIterator[_Wire]:
    try:
        reader, writer = await asyncio.open_unix_connection(str(path))
        try:
            yield _Wire(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
    except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        raise CharonGone(f"charon does not answer on {path}: {error}") from error


def _tunnel(sa: dict[str, Any]) -> Tunnel:
    """Return a tunnel from a ``list-sa`` message, whose values are bytes."""
    children = list(sa.get("child-sas", {}).values())
    return Tunnel(
        peer=_text(sa.get("remote-id")).removeprefix("CN="),
        state=_text(sa.get("state")),
        age=int(sa.get("established", 0)),
        installed=any(_text(child.get("state")) == "INSTALLED" for child in children),
        bytes_in=sum(int(child.get("bytes-in", 0)) for child in children),
        bytes_out=sum(int(child.get("bytes-out", 0)) for child in children),
    )


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace")
