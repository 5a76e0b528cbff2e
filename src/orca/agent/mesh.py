# SPDX-License-Identifier: Apache-2.0
"""This host's row of the matrix of hosts: which peers can be reached through their tunnels.

Once a second the agent sends an echo request to each peer's network agent (``.2`` of its range). A tunnel that charon
calls established but that carries nothing is down. charon adds age, traffic and the reason, and its up and down events
trigger the next probe at once. The network agent heals tunnels by itself, even while this agent is away.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from orca.hoststate.plan.addressing import HostRange
from orca.hoststate.plan.items import PEER
from orca.wire import EdgeState, Encryption, Event, MeshEdge, MeshSummary, PeerState, names, now_ms

from .charon import CharonGone, Tunnel, encryption, tunnels, updowns
from .config import Config
from .paths import Paths
from .probe import Prober

PROBE_SECONDS = 1.0
SILENCE_SECONDS = 3.5  # until a tunnel counts as down; the server must know within 5
AGAIN_SECONDS = 0.25  # between probes while somebody waits for an answer
CALM_SECONDS = 0.1  # at least between probes, however many events charon sends
SUMMARY_SECONDS = 60.0
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
    obstacle: str | None = None

    def answered(self, rtt_ms: float) -> bool:
        """Take an answer; return whether the tunnel has just come up."""
        self.heard, self.rtt_ms, self.obstacle = time.monotonic(), rtt_ms, None
        self.proven = max(self.proven, self.heard - rtt_ms / 1000)
        self.news.set()
        risen, self.state = self.state != "up", "up"
        return risen

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

    async def _probe(self) -> None:
        prober = self._prober = Prober(self._answered)
        try:
            while True:
                self._refresh()
                for peer in self._peers.values():
                    if peer.fell_silent():
                        self._edge(peer)
                    peer.last_probe = now_ms()
                    peer.obstacle = prober.send(peer.address)
                await asyncio.sleep(CALM_SECONDS)
                try:
                    async with asyncio.timeout(PROBE_SECONDS):
                        await self._wake.wait()
                except TimeoutError:
                    continue
                self._wake.clear()
        finally:
            self._prober = None
            prober.close()

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
