# SPDX-License-Identifier: Apache-2.0
"""Follow this host's checker (HAProxy in ``orca-check``): its edges as they happen, and its states against loss."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from functools import partial

from orca.agent.config import Config
from orca.agent.haproxy import HaproxyGone, ask, follow
from orca.agent.paths import Paths
from orca.hoststate.apply.checks import KIND
from orca.hoststate.haproxy_api import ALIVE, STATES, ProtocolError, State, states
from orca.hoststate.plan.checks import FOLLOW
from orca.hoststate.plan.haproxy import Server
from orca.hoststate.plan.items import CHECK
from orca.wire import CheckEdge, now_ms

from .clock import TICK_SECONDS, Clock
from .lines import Said, read_line, read_statistics
from .verdicts import Verdicts

ALIVE_SECONDS = 0.5
SILENT_SECONDS = 3.0  # without an answer; then nothing is known any more
COMPARE_SECONDS = 60.0
PROBE_SECONDS = 1.0
RETRY_SECONDS = 0.2  # a connect to a unix socket costs almost nothing

_log = logging.getLogger(__name__)


class Checker:
    """Keeps the verdicts of the checker, and reports those that change."""

    def __init__(
        self,
        config: Config,
        paths: Paths,
        own: str,
        put: Callable[[Iterable[CheckEdge]], None],
        reaches: Callable[[str, float], Awaitable[float | None]],
    ) -> None:
        """Prepare.

        Args:
            config: where the checks come from.
            paths: where HAProxy's socket lies.
            own: the uuid of this host.
            put: gets verdicts that changed.
            reaches: probes another host through its tunnel for so many seconds; returns when the answered probe was
                sent, in monotonic seconds, or None.
        """
        self._config, self._put, self._reaches = config, put, reaches
        self._commands = paths.checker_commands
        self._verdicts = Verdicts(own)
        self._clock = Clock()
        self._revision = -1
        self._proven: dict[str, float] = {}
        self._probing: dict[str, asyncio.Task[None]] = {}
        self._compare = asyncio.Event()
        self._new = False

    @property
    def everything(self) -> list[CheckEdge]:
        """The present verdicts."""
        return list(self._verdicts.edges.values())

    async def run(self) -> None:
        """Follow until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._tick())
                group.create_task(self._watch())
                group.create_task(self._follow_lines())
                group.create_task(self._follow_states())
        finally:
            for task in self._probing.values():
                task.cancel()

    # -- lines ---------------------------------------------------------------------------------------------------

    async def _follow_lines(self) -> None:
        while True:
            try:
                async with follow(self._commands, FOLLOW) as lines:
                    self._compare.set()  # what was said before is in the states
                    while line := await lines.readline():
                        self._take(line.decode(errors="replace"))
            except (HaproxyGone, OSError, ValueError) as error:
                _log.debug("%s", error)
            await asyncio.sleep(RETRY_SECONDS)

    def _take(self, line: str) -> None:
        said = read_line(line)
        if said is not None:
            self._notice_lateness()
            self._verdicts.find(said, time.monotonic())
            self._judge()

    # -- judging -------------------------------------------------------------------------------------------------

    async def _tick(self) -> None:
        while True:
            self._notice_lateness()
            self._judge()
            await asyncio.sleep(TICK_SECONDS)

    def _notice_lateness(self) -> None:
        if self._clock.tick():
            _log.warning("this agent was late: failed checks do not count until they fail again")
            self._compare.set()  # lines may be lost

    def _judge(self) -> None:
        """Judge what can be judged, and begin to prove the ways that it takes."""
        if self._config.revision != self._revision:
            self._revision = self._config.revision
            self._verdicts.want(self._config.family(CHECK))
        self._decide()
        for host in self._verdicts.doubted() - self._probing.keys():
            self._probing[host] = task = asyncio.create_task(self._prove(host))
            task.add_done_callback(partial(self._proved, host))

    def _proved(self, host: str, _done: asyncio.Task[None]) -> None:
        del self._probing[host]

    async def _prove(self, host: str) -> None:
        """Probe a host until no failed check of its containers waits for that; one task for all of them."""
        while host in self._verdicts.doubted():
            sent = await self._reaches(host, PROBE_SECONDS)
            if sent is None:
                self._put(self._verdicts.no_way(host, now_ms()))
            else:
                self._proven[host] = sent
            self._decide()
            if host in self._verdicts.doubted():
                await asyncio.sleep(TICK_SECONDS)

    def _decide(self) -> None:
        self._put(self._verdicts.judge(time.monotonic(), self._clock.late_until, self._proven, now_ms()))

    # -- states --------------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Ask HAProxy for signs of life: it may be paused, starved, or another one than before."""
        answered, there, silent = time.monotonic(), False, False
        while True:
            self._clock.asks()
            try:
                await ask(self._commands, ALIVE, seconds=SILENT_SECONDS)
            except HaproxyGone as error:
                _log.log(logging.WARNING if there else logging.DEBUG, "%s", error)
                there = False
                self._clock.missed()
                if not silent and time.monotonic() - answered >= SILENT_SECONDS:
                    silent = True
                    self._put(self._verdicts.silent(now_ms()))
            else:
                if not there:
                    _log.info("the checker answers")
                    self._new = True
                answered, there, silent = time.monotonic(), True, False
                if self._clock.answered():
                    self._compare.set()
            await asyncio.sleep(ALIVE_SECONDS)

    async def _follow_states(self) -> None:
        """Compare states when lines may be lost, and every minute."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(COMPARE_SECONDS):
                    await self._compare.wait()
            self._compare.clear()
            if self._new:
                self._new = False
                await self._config.reapply([KIND])  # a new HAProxy has no checks
            try:
                await self._compare_states()
            except (HaproxyGone, ProtocolError) as error:
                _log.warning("%s", error)

    async def _compare_states(self) -> None:
        found = states(await ask(self._commands, STATES, seconds=SILENT_SECONDS))
        for server, state in found.items():
            if state.settled and self._verdicts.news(server.name, state.up):
                reason = "" if state.up else await self._reason(server, state)
                self._verdicts.find(Said(server, state.up, reason), time.monotonic())
        self._judge()

    async def _reason(self, server: Server, state: State) -> str:
        command = f"show stat {server.backend} 4 {state.number}"
        return read_statistics(await ask(self._commands, command, seconds=SILENT_SECONDS))
