# SPDX-License-Identifier: Apache-2.0
"""Connections of targets that leave: they end by themselves, or are closed after a limit."""

import asyncio
import contextlib
import logging
import time
from functools import partial
from pathlib import Path

from orca.agent.config import Config
from orca.agent.haproxy import HaproxyGone, ask, ask_master
from orca.hoststate.apply import HostStateError
from orca.hoststate.apply.balancer_directory import Directory
from orca.hoststate.apply.balancers import KIND, remove_unused
from orca.hoststate.haproxy_api import ProtocolError
from orca.hoststate.plan import balancer
from orca.hoststate.plan.haproxy import Server
from orca.hoststate.plan.items import BALANCER

from . import lines

LIMIT_SECONDS = 10.0
LOOK_SECONDS = 0.1
REMOVE_SECONDS = 0.25
REST_SECONDS = 5.0  # between two looks when nothing has changed
ANSWER_SECONDS = 3.0

_log = logging.getLogger(__name__)


class Connections:
    """Removes the servers of targets that are not wanted, once nobody uses them."""

    def __init__(self, config: Config, root: Path) -> None:
        """Args: the items in effect, and the platform's directory."""
        self._config, self._root = config, root
        self._since: dict[tuple[str, Server], float] = {}

    async def run(self) -> None:
        """Remove until cancelled."""
        changed = self._config.changes(KIND)
        while True:
            changed.clear()
            left = False
            for uuid in self._config.family(BALANCER):
                try:
                    left |= await self._remove(uuid)
                except (HaproxyGone, HostStateError, ProtocolError, OSError, ValueError) as error:
                    _log.debug("balancer %s: %s", uuid, error)
            if left:
                await asyncio.sleep(REMOVE_SECONDS)
                continue
            self._since.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REST_SECONDS):
                    await changed.wait()

    async def _remove(self, uuid: str) -> bool:
        """Remove what can be removed; return whether something is left."""
        now = time.monotonic()
        late = {server for (of, server), since in self._since.items() if of == uuid and now - since > LIMIT_SECONDS}
        left = await self._config.with_host(KIND, partial(remove_unused, uuid=uuid, close=late)) or []
        for server in left:
            self._since.setdefault((uuid, server), now)
        return bool(left)

    async def drain(self, uuid: str, target: str, seconds: float) -> int:
        """Wait until a target has no connection in any process of a balancer; return how many were closed at last."""
        directory = Directory(str(self._root), uuid)
        socket, master = Path(directory.commands), Path(directory.master)
        deadline = time.monotonic() + seconds
        try:
            for server, _ in await _current(socket, target):
                await ask(socket, f"set server {server} state maint", seconds=ANSWER_SECONDS)
            while True:
                now = await _current(socket, target)
                former = await _former(master, target)
                if not (now or former) or time.monotonic() >= deadline:
                    break
                if not any(count for _, count in now) and not former:
                    break
                await asyncio.sleep(LOOK_SECONDS)
            for server, count in now:
                if count:
                    await ask(socket, f"shutdown sessions server {server}", seconds=ANSWER_SECONDS)
            for pid, server, _ in former:
                await _close(master, pid, server)
        except HaproxyGone as error:
            _log.info("balancer %s: %s", uuid, error)
            return 0  # no process, no connections
        return sum(count for _, count in now) + sum(count for *_, count in former)


async def _current(socket: Path, target: str) -> list[tuple[Server, int]]:
    """The servers of a target in the worker, and how many connections each has."""
    answer = await ask(socket, lines.STATISTICS, seconds=ANSWER_SECONDS)
    return [(server, lines.sessions(row)) for server, row in lines.rows(answer) if balancer.target_of(server) == target]


async def _former(master: Path, target: str) -> list[tuple[int, Server, int]]:
    """The same of workers that were replaced, as far as there are connections."""
    found = []
    for pid in lines.former_workers(await ask_master(master, "show proc", seconds=ANSWER_SECONDS)):
        answer = await ask_master(master, f"@!{pid} {lines.STATISTICS}", seconds=ANSWER_SECONDS)
        for server, row in lines.rows(answer):
            if balancer.target_of(server) == target and lines.sessions(row):
                found.append((pid, server, lines.sessions(row)))
    return found


async def _close(master: Path, pid: int, server: Server) -> None:
    """Close connections in a worker that was replaced, one by one: it takes no commands about its servers any more."""
    answer = await ask_master(master, f"@!{pid} show sess", seconds=ANSWER_SECONDS)
    for session in lines.sessions_of(answer, server):
        await ask_master(master, f"@!{pid} shutdown session {session}", seconds=ANSWER_SECONDS)
