# SPDX-License-Identifier: Apache-2.0
"""Hosts in doubt: those whose agent has gone, or that a peer does not reach any more.

While a host is in doubt the server asks its agent each second, and some peers whether they reach it. Nobody asks
about other hosts. ``verdict`` decides; the rows keep what it found until the next hello. Source:
docs/architecture/behaviour.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from dataclasses import dataclass
from functools import partial

from orca import wire
from orca.engine import AgentConnection, AgentGone, Behaviour, CommandFailed, Core
from orca.provision.hosts import verdict
from orca.provision.hosts.agents import answers
from orca.provision.hosts.lifecycle import CONNECTED, RECONNECTING
from orca.provision.hosts.verdict import AGENT_LOST, DEAD, WORDS, Crowd, Evidence, Verdict
from orca.resources import rows
from orca.store import Closed, ReadTx, Tx
from orca.wire import names

log = logging.getLogger(__name__)

PING_SECONDS = 1.0
"""Seconds between two questions to an agent in doubt."""
CALM_SECONDS = 1.0
"""An agent that is back within this time was restarted; nobody else is asked."""
WORD_SECONDS = 8.0
"""Longest wait for a peer's word. A peer takes three to six seconds to say that a host does not answer."""
LAST_SECONDS = 0.5
"""The host's own last chance, after all others have spoken."""
AGAIN_SECONDS = 2.0
"""Pause before an undecided host is looked at again."""
TRY_SECONDS = 2.5
"""The server's own try: long enough for three packets that ask for a connection."""
TRIED_PORT = 22
ASKED = 5
"""Most peers that are asked about one host."""
SILENT_SECONDS = 2.5
"""A host in doubt that has not answered for so long counts among the silent ones."""
AT_ONCE_SECONDS = 60.0
"""Hosts that fell silent within this time fell silent at once."""
START_SECONDS = 30.0
"""After the server's start agents have this long to come back before anybody doubts."""
TICK_SECONDS, LATE_SECONDS = 0.25, 1.0
"""How often the server looks at its own loop while a host is in doubt, and the lateness that makes it a bad judge."""

behaviour = Behaviour()


@dataclass(frozen=True, slots=True)
class Suspect:
    """A host in doubt. ``peers``: connected hosts of its project, by agent id, with their names."""

    id: int
    uuid: str
    name: str
    account_id: int
    address: str | None
    peers: dict[int, str]


class Doubts:
    """The hosts in doubt, each with its examination."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._examined: dict[int, asyncio.Task[None]] = {}
        """By agent id."""
        self._again: set[int] = set()
        """Agents that were doubted again while they were examined."""
        self._silent: dict[int, tuple[float, int]] = {}
        """Agent id -> (since when it is silent, its project); monotonic seconds."""
        self._alone: dict[int, set[int]] = {}
        """Project id -> silent agents about which no other host could tell."""
        self._alarmed = False
        self._stopped = False

    def doubt(self, agent_id: int, *, calm: float = 0.0) -> None:
        """Find out whether an agent's host lives, after ``calm`` seconds.

        While that is under way it is only noted: what a peer said before the host died may decide the examination.
        """
        if agent_id in self._examined:
            self._again.add(agent_id)
        elif not self._stopped:
            task = asyncio.create_task(self._examine(agent_id, calm), name=f"doubt about agent {agent_id}")
            self._examined[agent_id] = task
            task.add_done_callback(partial(self._ended, agent_id))

    def back(self, agent_id: int, account_id: int | None) -> None:
        """An agent has said hello. It may tell of hosts about which nobody could tell before."""
        self._silent.pop(agent_id, None)
        for other in self._alone.pop(account_id or 0, set()) - {agent_id}:
            self.doubt(other)

    async def run(self) -> None:
        """After the server's start: doubt the hosts that do not come back. Examinations end when this is cancelled."""
        self._stopped = False
        try:
            await asyncio.sleep(START_SECONDS)
            for agent_id in await self._core.db.read(_away):
                if self._core.agents.get(agent_id) is None:
                    self.doubt(agent_id)
            await asyncio.Event().wait()
        finally:
            self._stopped = True
            for task in list(self._examined.values()):
                task.cancel()
            await asyncio.gather(*self._examined.values(), return_exceptions=True)

    def _ended(self, agent_id: int, task: asyncio.Task[None]) -> None:
        del self._examined[agent_id]
        again = agent_id in self._again
        self._again.discard(agent_id)
        if again and not task.cancelled():
            self.doubt(agent_id)
        if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, Closed):
            log.error("the examination of agent %s failed", agent_id, exc_info=error)

    # -- one examination -----------------------------------------------------------------------------------------------

    async def _examine(self, agent_id: int, calm: float) -> None:
        """Ask the agent and others in turn, until the agent answers or the case is clear."""
        began, since = asyncio.get_running_loop().time(), wire.now_ms()
        suspect = await self._core.db.read(partial(_suspect, agent_id=agent_id))
        if suspect is None:
            return
        self._silent.setdefault(agent_id, (began, suspect.account_id))
        while True:
            hears = asyncio.create_task(self._hears(agent_id))
            judged = asyncio.create_task(self._judged(agent_id, calm))
            try:
                done, _ = await asyncio.wait({hears, judged}, return_when=asyncio.FIRST_COMPLETED)
                if hears not in done and judged.result() is not None:
                    done, _ = await asyncio.wait({hears}, timeout=LAST_SECONDS)
            finally:
                hears.cancel()
                judged.cancel()
                await asyncio.gather(hears, judged, return_exceptions=True)
            found = None if hears in done else judged.result()
            if found is None:
                self._silent.pop(agent_id, None)
                self._again.discard(agent_id)
                return
            suspect, said = found
            if said.liveness == DEAD:
                await self._hang_up(agent_id)
            await self._core.db.write(partial(_record, suspect=suspect, found=said, since=since))
            if said.liveness in (DEAD, AGENT_LOST):
                log.warning("host %s is silent: %s; %s", suspect.name, said.liveness, said.reason)
                self._alarmed = False
                if said.liveness == AGENT_LOST:
                    self._silent.pop(agent_id, None)  # only its agent is
                return
            if not self._alarmed:
                self._alarmed = True
                log.error("host %s is silent, and nothing moves: %s", suspect.name, said.reason)
            if not suspect.peers:
                self._alone.setdefault(suspect.account_id, set()).add(agent_id)
                return
            await asyncio.sleep(AGAIN_SECONDS)

    async def _hears(self, agent_id: int) -> None:
        """Return as soon as the agent answers, on its connection or on the next one."""
        while (connection := self._core.agents.get(agent_id)) is not None:
            pause = asyncio.create_task(asyncio.sleep(PING_SECONDS))
            if await answers(connection):
                pause.cancel()
                return
            await pause
        await self._core.agents.wait(agent_id)

    async def _judged(self, agent_id: int, calm: float) -> tuple[Suspect, Verdict] | None:
        """Ask the peers, and decide. None: there is no such host any more."""
        lateness = asyncio.create_task(_lateness())
        try:
            await asyncio.sleep(calm)
            suspect = await self._core.db.read(partial(_suspect, agent_id=agent_id))
            if suspect is None:
                return None
            asked = random.sample(sorted(suspect.peers), min(ASKED, len(suspect.peers)))
            trying = asyncio.create_task(_try(suspect.address)) if len(asked) < WORDS else None
            said = await asyncio.gather(*(self._ask(peer, suspect) for peer in asked))
            words = {suspect.peers[peer]: word for peer, word in zip(asked, said, strict=True) if word is not None}
            tried = await trying if trying is not None else None
            if len(words) < WORDS and trying is None:
                tried = await _try(suspect.address)
            crowds = await self._crowds(agent_id, suspect.account_id)
        finally:
            lateness.cancel()
        (late,) = await asyncio.gather(lateness, return_exceptions=True)
        on_time = isinstance(late, asyncio.CancelledError)
        return suspect, verdict.judge(Evidence(words, tried, crowds, on_time))

    async def _ask(self, peer: int, suspect: Suspect) -> bool | None:
        """A peer's word; None if it has none."""
        connection = self._core.agents.get(peer)
        if connection is None:
            return None
        with contextlib.suppress(TimeoutError, AgentGone, CommandFailed, wire.WireError):
            async with asyncio.timeout(WORD_SECONDS):
                answer = await connection.request(names.PROBE, wire.to_data(wire.Probe(peer=suspect.uuid)))
            return wire.read_answer(names.PROBE, answer, wire.Probed).answered
        return None

    async def _crowds(self, agent_id: int, account_id: int) -> tuple[Crowd, ...]:
        """How many hosts fell silent together with this one, in its project and on this server."""
        now, since = asyncio.get_running_loop().time(), self._silent[agent_id][0]
        at_once = {
            other: project
            for other, (at, project) in self._silent.items()
            if other == agent_id or (abs(at - since) <= AT_ONCE_SECONDS and now - at >= SILENT_SECONDS)
        }
        connected = await self._core.db.read(_connected)
        spoken = [project for id, project in connected.items() if id not in at_once]
        mine = sum(project == account_id for project in at_once.values())
        return (
            Crowd(mine, mine + sum(project == account_id for project in spoken)),
            Crowd(len(at_once), len(at_once) + len(spoken)),
        )

    async def _hang_up(self, agent_id: int) -> None:
        """End the connection of a dead host, so that nobody sends it anything more."""
        connection = self._core.agents.get(agent_id)
        if connection is None or not self._core.agents.detach(connection):
            return
        for handler in self._core.part(Behaviour).agent_events.get("disconnected", ()):
            await handler(self._core, connection, None)
        self._core.spawn(connection.close("this host does not answer"))


@behaviour.agent(names.PEER_SILENT)
async def peer_silent(core: Core, connection: AgentConnection, report: wire.PeerSilent) -> None:
    """A host does not reach one of its peers: doubt that one, if it is a host of the same project."""

    def find(tx: ReadTx) -> int | None:
        host = tx.first(rows.Host, agentId=connection.agent_id)
        peer = None if host is None else tx.first(rows.Host, uuid=report.peer, accountId=host.accountId)
        return None if peer is None or peer.liveness == DEAD or peer.state != "active" else peer.agentId

    agent_id = await core.db.read(find)
    if agent_id is not None:
        core.part(Doubts).doubt(agent_id)


@behaviour.agent("disconnected")
async def disconnected(core: Core, connection: AgentConnection, _: None) -> None:
    """An agent is gone: so may be its host."""
    core.part(Doubts).doubt(connection.agent_id, calm=CALM_SECONDS)


@behaviour.agent("connected")
async def connected(core: Core, connection: AgentConnection, _: None) -> None:
    """An agent is back."""
    host = await core.db.read(lambda tx: tx.first(rows.Host, agentId=connection.agent_id))
    core.part(Doubts).back(connection.agent_id, None if host is None else host.accountId)


async def _lateness() -> None:
    """Return once the server's own loop was late."""
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        await asyncio.sleep(TICK_SECONDS)
        if loop.time() - began > TICK_SECONDS + LATE_SECONDS:
            return


async def _try(address: str | None) -> bool:
    """True if a host answers the server: a refused connection is an answer too."""
    if address is None:
        return False
    try:
        async with asyncio.timeout(TRY_SECONDS):
            _, writer = await asyncio.open_connection(address, TRIED_PORT)
    except ConnectionRefusedError:
        return True
    except (TimeoutError, OSError):
        return False
    writer.close()
    return True


def _suspect(tx: ReadTx, agent_id: int) -> Suspect | None:
    host = tx.first(rows.Host, agentId=agent_id)
    if host is None or host.removed is not None or host.state != "active" or host.liveness == DEAD:
        return None
    others = tx.find(rows.Host, accountId=host.accountId, state="active", agentState=CONNECTED)
    peers = {row.agentId: row.name or row.uuid for row in others if row.agentId not in (None, agent_id)}
    return Suspect(host.id, host.uuid, host.name or host.uuid, host.accountId or 0, host.agentIpAddress, peers)


def _connected(tx: ReadTx) -> dict[int, int | None]:
    """The connected hosts: agent id -> project id."""
    found = tx.values(rows.Host, "agentId", "accountId", state="active", agentState=CONNECTED)
    return dict(found)


def _away(tx: ReadTx) -> list[int]:
    """The agents of hosts that should be there, are not, and about which nothing was found out yet."""
    found = tx.find(rows.Host, state="active", agentState=RECONNECTING)
    return [host.agentId for host in found if host.agentId is not None and host.liveness != DEAD]


def _record(tx: Tx, suspect: Suspect, found: Verdict, since: int) -> None:
    """Keep what was found out, unless the host has said hello meanwhile. A dead host begins another epoch."""
    host = tx.get(rows.Host, suspect.id)
    agent = None if host is None else tx.get(rows.Agent, host.agentId)
    if host is None or agent is None or host.removed is not None or host.liveness == DEAD:
        return
    if agent.state == "active":
        return
    if (host.liveness, host.livenessReason) == (found.liveness, found.reason):
        return
    changes = {"epoch": (host.epoch or 0) + 1} if found.liveness == DEAD else {}
    tx.update(host, liveness=found.liveness, livenessReason=found.reason, livenessSince=since, **changes)
