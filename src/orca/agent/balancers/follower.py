# SPDX-License-Identifier: Apache-2.0
"""Follow what the balancers' own checks say about their targets."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from orca.agent.config import Config
from orca.agent.haproxy import HaproxyGone, ask, follow
from orca.hoststate.apply.balancer_directory import Directory
from orca.hoststate.apply.balancers import KIND
from orca.hoststate.haproxy_api import ProtocolError
from orca.hoststate.plan import balancer
from orca.hoststate.plan.balancer_text import FOLLOW
from orca.hoststate.plan.items import BALANCER, TARGETS
from orca.wire import TargetEdge, now_ms

from . import lines
from .lines import Edge

RETRY_SECONDS = 0.2  # a connect to a unix socket costs almost nothing
ANSWER_SECONDS = 3.0

_log = logging.getLogger(__name__)


class Follower:
    """One task for each balancer, which reads HAProxy's ring of events."""

    def __init__(self, config: Config, root: Path, put: Callable[[TargetEdge], None]) -> None:
        """Args: the items in effect, the platform's directory, and what gets edges."""
        self._config, self._root, self._put = config, root, put
        self._down: dict[tuple[str, str, str], TargetEdge] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @property
    def down(self) -> list[TargetEdge]:
        """The targets that a balancer finds down."""
        return list(self._down.values())

    async def run(self) -> None:
        """Follow until cancelled."""
        changed = self._config.changes(KIND)
        try:
            while True:
                wanted = self._config.family(BALANCER)
                for uuid in self._tasks.keys() - wanted.keys():
                    self._tasks.pop(uuid).cancel()
                for uuid in wanted.keys() - self._tasks.keys():
                    self._begin(uuid)
                self._forget()
                await changed.wait()
                changed.clear()
        finally:
            for task in self._tasks.values():
                task.cancel()

    def renew(self, uuid: str) -> None:
        """Follow the process that has replaced another one; who follows the former one would keep it alive."""
        if uuid in self._tasks:
            self._tasks.pop(uuid).cancel()
            self._begin(uuid)

    def _begin(self, uuid: str) -> None:
        self._tasks[uuid] = asyncio.create_task(self._follow(uuid), name=f"balancer {uuid}")

    def _forget(self) -> None:
        """A target that is wanted no more takes its state along."""
        targets = self._config.family(TARGETS)
        for key in list(self._down):
            instance, backend, target = key
            if target not in targets.get(f"{instance}/{backend}", {}).get("targets", {}):
                del self._down[key]

    async def _follow(self, uuid: str) -> None:
        socket = Path(Directory(str(self._root), uuid).commands)
        while True:
            try:
                if lines.STOPPING in await ask(socket, lines.STATE, seconds=ANSWER_SECONDS):
                    raise HaproxyGone(f"HAProxy on {socket} is about to end, and a follower would hold it up")
                async with follow(socket, FOLLOW) as reader:
                    # What was said before is in the statistics.
                    for server, row in lines.rows(await ask(socket, lines.STATISTICS, seconds=ANSWER_SECONDS)):
                        self._find(uuid, lines.edge(server, row))
                    while line := await reader.readline():
                        text = line.decode(errors="replace")
                        if lines.STOPPED.match(text):
                            break
                        if (found := lines.read_line(text)) is not None:
                            self._find(uuid, found)
            except (HaproxyGone, OSError, ValueError, KeyError, ProtocolError) as error:
                _log.debug("balancer %s: %s", uuid, error)
            await asyncio.sleep(RETRY_SECONDS)

    def _find(self, uuid: str, found: Edge) -> None:
        target = balancer.target_of(found.server)
        if target is None:
            return
        key = (uuid, found.server.backend, target)
        if found.up == (key not in self._down):
            return
        edge = TargetEdge(*key, "up" if found.up else "down", now_ms(), found.reason or None)
        if found.up:
            del self._down[key]
        else:
            self._down[key] = edge
        self._put(edge)
