# SPDX-License-Identifier: Apache-2.0
"""Connections of targets that leave: they end by themselves, or are closed after a limit."""

import asyncio
import contextlib
import logging
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

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
MOST_SILENT = 10  # looks in a row without an answer

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


async def drain(directory: Directory, target: str, seconds: float) -> int:
    """Wait until a target has no connection in any process of a balancer; return how many were closed at last.

    A balancer that does not answer for a moment is about to replace its process; one that stays silent has none.
    """
    deadline, silent = time.monotonic() + seconds, 0
    while silent < MOST_SILENT:
        try:
            left = await _take_out(directory, target)
            if not left:
                return 0
            if time.monotonic() >= deadline:
                await _close(directory, left)
                return sum(each.connections for each in left)
            silent = 0
        except HaproxyGone as error:
            _log.info("%s: %s", directory.path, error)
            silent += 1
        await asyncio.sleep(LOOK_SECONDS)
    return 0


class Use(NamedTuple):
    """A server with connections. ``pid``: it is in a former process; None: in the present one."""

    server: Server
    connections: int
    pid: int | None = None


async def _take_out(directory: Directory, target: str) -> list[Use]:
    """See to it that a target gets nothing new; return where it still has connections."""
    socket, master = Path(directory.commands), Path(directory.master)
    found = []
    for server, row in lines.rows(await ask(socket, lines.STATISTICS, seconds=ANSWER_SECONDS)):
        if balancer.target_of(server) == target:
            await ask(socket, f"set server {server} state maint", seconds=ANSWER_SECONDS)
            found.append(Use(server, lines.sessions(row)))
    processes = await ask_master(master, "show proc", seconds=ANSWER_SECONDS)
    if lines.PROCESSES not in processes:
        raise HaproxyGone(f"HAProxy's master is about to replace a process: {processes}")
    for pid in lines.former_workers(processes):
        for server, row in lines.rows(await ask_master(master, f"@!{pid} {lines.STATISTICS}", seconds=ANSWER_SECONDS)):
            if balancer.target_of(server) == target:
                found.append(Use(server, lines.sessions(row), pid))
    return [each for each in found if each.connections]


async def _close(directory: Directory, left: list[Use]) -> None:
    """Close connections; in a former process one by one, as it takes no commands about its servers any more."""
    socket, master = Path(directory.commands), Path(directory.master)
    for each in left:
        if each.pid is None:
            await ask(socket, f"shutdown sessions server {each.server}", seconds=ANSWER_SECONDS)
            continue
        answer = await ask_master(master, f"@!{each.pid} show sess", seconds=ANSWER_SECONDS)
        for session in lines.sessions_of(answer, each.server):
            await ask_master(master, f"@!{each.pid} shutdown session {session}", seconds=ANSWER_SECONDS)
