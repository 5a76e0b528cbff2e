# SPDX-License-Identifier: Apache-2.0
"""This host's row of the matrix of hosts: which peers can be reached through their tunnels.

Once a second the agent sends an echo request to each peer's network agent (``.2`` of its range), and four times a
second to one whose answer is missing. A tunnel that charon calls established but that carries nothing is down. charon
adds age, traffic and the reason, and its up and down events trigger the next probe at once. The network agent heals
tunnels by itself, even while this agent is away.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from orca.hoststate.plan.addressing import HostRange
from orca.hoststate.plan.items import PEER
from orca.wire import EdgeState, Encryption, Event, MeshEdge, MeshSummary, PeerSilent, PeerState, names, now_ms

from .charon import CharonGone, Tunnel, encryption, tunnels, updowns
from .config import Config
from .errors import CommandFailed
from .paths import Paths
from .probe import Prober

PROBE_SECONDS = 1.0
SILENCE_SECONDS = 3.5  # until a tunnel counts as down; the server must know within 5
AGAIN_SECONDS = 0.25  # between probes while an answer is missing
CALM_SECONDS = 0.1  # at least between probes, however many events charon sends
SUMMARY_SECONDS = 60.0
DOUBT_SECONDS = 1.0
"""After so long without an answer to any probe the server looks at the peer."""
MISSED = 3
"""Probes of ``PROBE_SECONDS`` without an answer after which a peer in doubt counts as unreachable."""
STILL_SECONDS = 6.0
"""A peer that answered within this time is not unreachable: one that stands still for five seconds goes on."""
LEAST_PROBES = 12
"""Probes that went unanswered meanwhile: this host did not stand still itself."""
DENSE_SECONDS = 12.0
"""A peer that has been silent for longer is probed once a second again."""
RETRY_SECONDS = 1.0

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Peer:
    """What is known about the way to one peer.

    ``state`` is None before the first verdict; ``heard`` is in monotonic seconds, as is
    ``proven``: when the newest probe was sent that was answered. ``news`` is set by each answer.
    """

    uuid: str
    address: str
    state: EdgeState | None = None
    heard: float = field(default_factory=time.monotonic)
    proven: float = float("-inf")
    news: asyncio.Event = field(default_factory=asyncio.Event)
    rtt_ms: float | None = None
    last_probe: int = 0
    unanswered: int = 0
    waiting: float | None = None
    doubted: bool = False
    obstacle: str | None = None

    def answered(self, rtt_ms: float) -> bool:
        """Take an answer; return whether the tunnel has just come up."""
        self.heard, self.rtt_ms, self.obstacle = time.monotonic(), rtt_ms, None
        self.proven = max(self.proven, self.heard - rtt_ms / 1000)
        self.unanswered, self.waiting, self.doubted = 0, None, False
        self.news.set()
        risen, self.state = self.state != "up", "up"
        return risen

    @property
    def is_late(self) -> bool:
        """True if an answer is missing, since a short time."""
        return self.waiting is not None and time.monotonic() - self.heard < DENSE_SECONDS

    def probed(self) -> bool:
        """A probe is about to leave; return True, once, if answers have been missing for so long that others must look.

        ``waiting`` is when the first probe without an answer was sent (monotonic seconds).
        """
        now, self.last_probe = time.monotonic(), now_ms()
        self.unanswered += 1
        if self.waiting is None:
            self.waiting = now
        if self.doubted or now - self.waiting < DOUBT_SECONDS or self.unanswered * AGAIN_SECONDS < DOUBT_SECONDS:
            return False
        self.doubted = True
        return True

    def fell_silent(self) -> bool:
        """True if the tunnel has just gone down: no answer for too long."""
        if self.state == "down" or time.monotonic() - self.heard < SILENCE_SECONDS:
            return False
        self.state, self.rtt_ms = "down", None
        return True


class MeshMonitor:
    """Probes the peers of the config items and reports edges and summaries."""

    def __init__(
        self, config: Config, paths: Paths, send: Callable[[Event], None], changed: Callable[[], None]
    ) -> None:
        """Prepare.

        Args:
            config: where the peers come from.
            paths: where charon's socket lies.
            send: where reports go.
            changed: called when ``encryption`` changes.
        """
        self.encryption: Encryption | None = None
        """Who encrypts, as the network agent last said; None before its first word."""
        self._config = config
        self._vici = paths.vici
        self._send = send
        self._changed = changed
        self._peers: dict[str, Peer] = {}
        self._tunnels: dict[str, Tunnel] = {}
        self._prober: Prober | None = None
        self._wake = asyncio.Event()
        self._edges: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Probe, listen and summarise until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._probe())
            group.create_task(self._listen())
            group.create_task(self._summarise())

    async def summary(self) -> None:
        """Send a summary now: after a gap the server needs one at once."""
        await self._ask_charon()
        rows = [self._row(peer) for peer in self._peers.values() if peer.state is not None]
        if rows:
            self._send(Event.report(names.MESH_SUMMARY, MeshSummary(peers=rows)))

    async def reaches(self, uuid: str, seconds: float) -> float | None:
        """Probe a peer until it answers, at most for ``seconds``.

        Return when the answered probe was sent (monotonic seconds), which is after the call; None without an answer.
        """
        asked, peer = time.monotonic(), self._peers.get(uuid)
        while peer is not None and self._prober is not None and time.monotonic() < asked + seconds:
            peer.news.clear()
            self._prober.send(peer.address)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(AGAIN_SECONDS):
                    await peer.news.wait()
            if peer.proven >= asked:
                return peer.proven
        return None

    async def answers(self, uuid: str) -> bool:
        """True if a peer in doubt answers a probe; False after ``MISSED``, and ``STILL_SECONDS``, without an answer.

        A second in which this agent's own loop was late proves nothing, and is repeated.

        Raises:
            CommandFailed: this host has no such peer.
        """
        missed = 0
        while missed < MISSED or not self._is_silent(uuid):
            began = time.monotonic()
            if await self.reaches(uuid, PROBE_SECONDS) is not None:
                return True
            passed = time.monotonic() - began
            missed += passed < PROBE_SECONDS + 2 * AGAIN_SECONDS
        return False

    def _is_silent(self, uuid: str) -> bool:
        """True if a peer has not answered for ``STILL_SECONDS``, during which this host went on probing."""
        peer = self._peers.get(uuid)
        if peer is None or self._prober is None:
            raise CommandFailed(f"This host does not probe {uuid}")
        return time.monotonic() - peer.heard >= STILL_SECONDS and peer.unanswered >= LEAST_PROBES

    def sees_most(self, seconds: float) -> bool:
        """True if more than half of all hosts, this one included, answered within the last ``seconds``.

        So of two parts that a cut leaves, at most one holds what is fenced: the server moves no host's containers when
        more than half of all are silent.
        """
        since = time.monotonic() - seconds
        seen = 1 + sum(peer.state == "up" and peer.heard >= since for peer in self._peers.values())
        return 2 * seen > len(self._peers) + 1

    async def _probe(self) -> None:
        prober = self._prober = Prober(self._answered)
        try:
            await self._go_on_probing()
        finally:
            self._prober = None
            prober.close()

    async def _go_on_probing(self) -> None:
        """Probe all peers each second, or at once after an event of charon; those that are late in between too."""
        due = 0.0
        while True:
            everybody = time.monotonic() >= due or self._wake.is_set()
            if everybody:
                due = time.monotonic() + PROBE_SECONDS
                self._wake.clear()
                self._refresh()
            self._probe_some(everybody=everybody)
            await asyncio.sleep(CALM_SECONDS)
            pause = AGAIN_SECONDS if any(peer.is_late for peer in self._peers.values()) else PROBE_SECONDS
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, min(pause - CALM_SECONDS, due - time.monotonic()))):
                    await self._wake.wait()

    def _probe_some(self, *, everybody: bool) -> None:
        for peer in self._peers.values():
            if peer.fell_silent():
                self._edge(peer)
            if (everybody or peer.is_late) and self._prober is not None:
                if peer.probed():
                    self._send(Event.report(names.PEER_SILENT, PeerSilent(peer=peer.uuid)))
                peer.obstacle = self._prober.send(peer.address)

    async def _listen(self) -> None:
        while True:
            try:
                await self._ask_encryption()
                async for _ in updowns(self._vici):
                    self._wake.set()
            except CharonGone as error:
                _log.debug("%s", error)
            await asyncio.sleep(RETRY_SECONDS)

    async def _ask_encryption(self) -> None:
        """Ask charon who encrypts, when it has just started; its choice then stays."""
        found = await encryption(self._vici)
        if found != self.encryption:
            self.encryption = found
            self._changed()

    async def _summarise(self) -> None:
        while True:
            await asyncio.sleep(SUMMARY_SECONDS)
            await self.summary()

    def _refresh(self) -> None:
        """Take the peers from the config items; keep what is known about those that stay."""
        before, self._peers = self._peers, {}
        if self._config.network is None:
            return
        for uuid, description in self._config.family(PEER).items():
            address = HostRange(description["subnet"]).net_agent
            known = before.get(uuid)
            if known is None or known.address != address:
                known = Peer(uuid, address)
            self._peers[uuid] = known

    def _answered(self, address: str, rtt_ms: float) -> None:
        for peer in self._peers.values():
            if peer.address == address and peer.answered(rtt_ms):
                self._edge(peer)

    def _edge(self, peer: Peer) -> None:
        task = asyncio.create_task(self._report(peer, peer.state or "down", now_ms()))
        self._edges.add(task)
        task.add_done_callback(self._edges.discard)

    async def _report(self, peer: Peer, state: EdgeState, at: int) -> None:
        reason = await self._ask_charon()
        tunnel = self._tunnels.get(peer.uuid)
        if state == "down":
            reason = reason or peer.obstacle or _reason(tunnel)
        edge = MeshEdge(
            peer=peer.uuid,
            state=state,
            at=at,
            age=tunnel.age if tunnel else 0,
            rtt_ms=peer.rtt_ms if state == "up" else None,
            reason=reason if state == "down" else None,
        )
        _log.info("tunnel to %s is %s%s", peer.uuid, state, f": {edge.reason}" if edge.reason else "")
        self._send(Event.report(names.MESH_EDGE, edge))

    async def _ask_charon(self) -> str | None:
        """Refresh the tunnels; return the reason if that is not possible."""
        try:
            self._tunnels = await tunnels(self._vici)
        except CharonGone as error:
            self._tunnels = {}
            return f"the network agent does not run: {error}"
        return None

    def _row(self, peer: Peer) -> PeerState:
        tunnel = self._tunnels.get(peer.uuid)
        return PeerState(
            peer=peer.uuid,
            state=peer.state or "down",
            rtt_ms=peer.rtt_ms,
            age=tunnel.age if tunnel else 0,
            last_probe=peer.last_probe,
            bytes_in=tunnel.bytes_in if tunnel else 0,
            bytes_out=tunnel.bytes_out if tunnel else 0,
        )


def _reason(tunnel: Tunnel | None) -> str:
    """Return why an unanswered tunnel is down, as far as charon knows."""
    if tunnel is None:
        return "there is no tunnel to this peer"
    if tunnel.installed:
        return f"the tunnel is {tunnel.state} but the peer does not answer through it"
    return f"the tunnel is {tunnel.state} and carries nothing"
