# SPDX-License-Identifier: Apache-2.0
"""When a tunnel counts as up or down, and what charon says about it."""

import asyncio
import contextlib
import struct
from collections import OrderedDict
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from vici.protocol import Message, Packet

from orca.agent import mesh
from orca.agent.charon import CharonGone, Tunnel, encryption, tunnels
from orca.agent.errors import CommandFailed
from orca.agent.mesh import AGAIN_SECONDS, SILENCE_SECONDS, Peer
from orca.agent.paths import Paths


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(mesh.time, "monotonic", lambda: now[0])
    return now


def test_a_tunnel_comes_up_with_the_first_answer_and_only_once(clock: list[float]) -> None:
    peer = Peer("u", "10.42.2.2", heard=clock[0])
    assert peer.answered(1.5)
    assert not peer.answered(1.6)
    assert (peer.state, peer.rtt_ms) == ("up", 1.6)


def test_silence_takes_it_down_only_once(clock: list[float]) -> None:
    peer = Peer("u", "10.42.2.2", heard=clock[0])
    peer.answered(1.0)
    clock[0] += SILENCE_SECONDS - 0.1
    assert not peer.fell_silent()
    clock[0] += 0.2
    assert peer.fell_silent()
    assert not peer.fell_silent()
    assert peer.rtt_ms is None
    assert peer.answered(2.0)


def test_a_peer_that_never_answered_is_down_after_the_same_time(clock: list[float]) -> None:
    peer = Peer("u", "10.42.2.2", heard=clock[0])
    assert not peer.fell_silent()
    clock[0] += SILENCE_SECONDS
    assert peer.fell_silent()


class Probes:
    """Answers the second probe, or none."""

    def __init__(self, monitor: mesh.MeshMonitor, answers: bool) -> None:
        self._monitor, self._answers, self.sent = monitor, answers, 0

    def send(self, address: str) -> None:
        self.sent += 1
        if self._answers and self.sent == 2:
            self._monitor._answered(address, 0.0)


@pytest.mark.parametrize("answers", [True, False])
async def test_the_way_to_a_peer_is_proven_by_a_probe_of_now(monkeypatch: pytest.MonkeyPatch, answers: bool) -> None:
    monkeypatch.setattr(mesh, "AGAIN_SECONDS", 0.01)
    monitor = mesh.MeshMonitor(None, Paths(), lambda event: None, lambda: None)  # type: ignore[arg-type]
    monitor._peers = {"u": Peer("u", "10.42.2.2", state="up")}
    monitor._peers["u"].answered(1.0)
    probes = monitor._prober = Probes(monitor, answers)  # type: ignore[assignment]
    asked = mesh.time.monotonic()
    proven = await monitor.reaches("u", 60.0 if answers else 0.05)
    assert (proven is not None and proven >= asked) if answers else proven is None
    assert probes.sent >= 2
    assert await monitor.reaches("another", 60.0) is None


@pytest.mark.parametrize("answers", [True, False])
async def test_a_peer_in_doubt_gets_three_probes(monkeypatch: pytest.MonkeyPatch, answers: bool) -> None:
    monkeypatch.setattr(mesh, "AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(mesh, "PROBE_SECONDS", 0.05 if not answers else 60.0)
    monkeypatch.setattr(mesh, "STILL_SECONDS", 0)
    monkeypatch.setattr(mesh, "LEAST_PROBES", 0)
    monitor = mesh.MeshMonitor(None, Paths(), lambda event: None, lambda: None)  # type: ignore[arg-type]
    monitor._peers = {"u": Peer("u", "10.42.2.2", state="up")}
    probes = monitor._prober = Probes(monitor, answers)  # type: ignore[assignment]
    assert await monitor.answers("u") is answers
    assert probes.sent >= (2 if answers else 3)
    with pytest.raises(CommandFailed):
        await monitor.answers("another")


def test_others_are_told_once_when_answers_are_missing_for_a_second(clock: list[float]) -> None:
    peer = Peer("u", "10.42.2.2", heard=clock[0])

    def probes(count: int) -> list[bool]:
        found = []
        for _ in range(count):
            found.append(peer.probed())
            clock[0] += AGAIN_SECONDS
        return found

    assert probes(7) == [False] * 4 + [True] + [False] * 2
    peer.answered(1.0)
    assert probes(5) == [False] * 4 + [True]
    # This host stood still: one probe after a long time says nothing about the peer.
    peer.answered(1.0)
    assert probes(1) == [False]
    clock[0] += 60
    assert probes(2) == [False] * 2


@pytest.mark.parametrize(
    ("hosts", "seen", "most"), [(1, 0, True), (2, 0, False), (2, 1, True), (4, 1, False), (5, 2, True)]
)
def test_most_hosts_are_more_than_half_of_all(clock: list[float], hosts: int, seen: int, most: bool) -> None:
    monitor = mesh.MeshMonitor(None, Paths(), lambda event: None, lambda: None)  # type: ignore[arg-type]
    peers = [Peer(str(number), f"10.42.{number}.2", heard=clock[0]) for number in range(hosts - 1)]
    monitor._peers = {peer.uuid: peer for peer in peers}
    clock[0] += 30
    for peer in peers[:seen]:
        peer.answered(1.0)
    assert monitor.sees_most(20) is most


def _sa(peer: bytes, age: bytes, state: bytes, installed: bool) -> OrderedDict[str, object]:
    child = OrderedDict(state=b"INSTALLED", **{"bytes-in": b"10", "bytes-out": b"20"})
    return OrderedDict(
        {"remote-id": peer, "state": state, "established": age, "child-sas": OrderedDict(c=child) if installed else {}}
    )


class FakeCharon:
    """Answers on a vici socket as charon does."""

    def __init__(self, *sas: OrderedDict[str, object]) -> None:
        self.sas = sas
        self.plugins = [b"vici", b"kernel-netlink"]
        self.handlers: list[asyncio.Task[None] | None] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def answer(kind: int, payload: bytes = b"") -> None:
            data = struct.pack("!B", kind) + payload
            writer.write(struct.pack("!I", len(data)) + data)

        self.handlers.append(asyncio.current_task())
        try:
            while True:
                (length,) = struct.unpack("!I", await reader.readexactly(4))
                data = await reader.readexactly(length)
                if data[0] == Packet.EVENT_REGISTER:
                    answer(Packet.EVENT_CONFIRM)
                    continue
                if data[2:] == b"stats":
                    answer(Packet.CMD_RESPONSE, Message.serialize(OrderedDict(plugins=self.plugins)))
                    continue
                for sa in self.sas:
                    event = Message.serialize(OrderedDict(x=sa))
                    answer(Packet.EVENT, bytes([7]) + b"list-sa" + event)
                answer(Packet.CMD_RESPONSE, Message.serialize(OrderedDict(success=b"yes")))
        except asyncio.IncompleteReadError:
            writer.close()
            await writer.wait_closed()

    @contextlib.asynccontextmanager
    async def at(self, socket: Path) -> AsyncIterator[None]:
        async with await asyncio.start_unix_server(self.serve, socket):
            yield
            await asyncio.gather(*(handler for handler in self.handlers if handler))


async def test_lists_the_tunnel_that_carries_traffic(tmp_path: Path) -> None:
    charon = FakeCharon(
        _sa(b"peer-a", b"100", b"ESTABLISHED", False),
        _sa(b"peer-a", b"5", b"ESTABLISHED", True),
        _sa(b"b", b"0", b"CONNECTING", False),
    )
    socket = tmp_path / "vici"
    async with charon.at(socket):
        found = await tunnels(socket)
    assert found["peer-a"] == Tunnel("peer-a", "ESTABLISHED", 5, True, 10, 20)
    assert found["b"] == Tunnel("b", "CONNECTING", 0, False, 0, 0)


async def test_who_encrypts_is_what_charon_has_loaded(tmp_path: Path) -> None:
    charon = FakeCharon()
    async with charon.at(tmp_path / "vici"):
        assert await encryption(tmp_path / "vici") == "kernel"
        charon.plugins.append(b"kernel-libipsec")
        assert await encryption(tmp_path / "vici") == "userspace"


async def test_no_charon_is_said(tmp_path: Path) -> None:
    with pytest.raises(CharonGone, match="does not answer"):
        await tunnels(tmp_path / "none")
