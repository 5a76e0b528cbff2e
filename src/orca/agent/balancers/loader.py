# SPDX-License-Identifier: Apache-2.0
"""Have HAProxy load another structure: it reads a candidate first, and a failed load brings the last good one back."""

import asyncio
import contextlib
import logging
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path

from orca.agent.config import FAILURES, Config
from orca.agent.containers import Containers
from orca.agent.errors import AgentError
from orca.agent.haproxy import HaproxyGone, ask, ask_master
from orca.hoststate.apply.balancer_directory import Directory
from orca.hoststate.apply.balancers import KIND, Proposal, accept, keep_states, propose, refuse
from orca.hoststate.haproxy_api import STATES, variable
from orca.hoststate.plan import balancer
from orca.hoststate.plan.balancer_container import CHECK
from orca.hoststate.plan.balancer_text import STRUCTURE_VARIABLE
from orca.wire import Refusal, now_ms

from . import lines

PAUSE_SECONDS = 1.0  # between two loads of one balancer: changes of one moment are loaded together
LOOK_SECONDS = 5.0
ANSWER_SECONDS = 3.0
LOAD_SECONDS = 60.0
LOADED = "Success=1"

_log = logging.getLogger(__name__)


class Loader:
    """Loads what the items say, and knows what HAProxy refuses."""

    def __init__(
        self,
        config: Config,
        root: Path,
        containers: Containers,
        put: Callable[[Refusal], None],
        replaced: Callable[[str], None],
    ) -> None:
        """Prepare.

        Args:
            config: the items in effect.
            root: the platform's directory.
            containers: the engine's containers.
            put: gets refusals.
            replaced: gets the uuid of a balancer whose process was replaced.
        """
        self._config, self._root, self._containers = config, root, containers
        self._put, self._replaced = put, replaced
        self._refusals: dict[str, Refusal] = {}
        self._looked: dict[str, str] = {}
        self._loaded: dict[str, float] = {}
        self._changed = config.changes(KIND)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @property
    def refusals(self) -> list[Refusal]:
        """The configurations that HAProxy refuses."""
        return list(self._refusals.values())

    async def run(self) -> None:
        """Load until cancelled; balancers do not wait for each other."""
        try:
            while True:
                self._changed.clear()
                pause = self._begin()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._changed.wait()
                        continue
                if pause == LOOK_SECONDS:
                    self._looked.clear()
        finally:
            for task in self._tasks.values():
                task.cancel()

    def _begin(self) -> float:
        """Begin to load what has changed; return the seconds until the next look."""
        wanted = (self._config.described(KIND) or {"balancers": {}})["balancers"]
        for known in (self._refusals, self._looked, self._loaded, self._locks):
            for uuid in known.keys() - wanted.keys():
                known.pop(uuid)
        pause = LOOK_SECONDS
        for uuid, item in wanted.items():
            rest = self._loaded.get(uuid, 0.0) + PAUSE_SECONDS - time.monotonic()
            if self._looked.get(uuid) == balancer.structure(item) or uuid in self._tasks:
                continue
            if rest > 0:
                pause = min(pause, rest)
            else:
                self._looked[uuid] = balancer.structure(item)
                self._tasks[uuid] = task = asyncio.create_task(self._try(uuid), name=f"balancer {uuid}")
                task.add_done_callback(partial(self._ended, uuid))
        return pause

    def _ended(self, uuid: str, _task: asyncio.Task[None]) -> None:
        self._tasks.pop(uuid, None)
        self._changed.set()  # what has changed meanwhile waits

    async def _try(self, uuid: str) -> None:
        try:
            await self.load(uuid)
        except (*FAILURES, AgentError) as error:
            _log.error("balancer %s: %s", uuid, error)

    async def load(self, uuid: str) -> None:
        """Load the structure of a balancer's item, if HAProxy finds it right and runs with another one.

        Raises:
            AgentError: the engine does not answer.
            HostStateError, OSError: the files cannot be written.
        """
        async with self._locks[uuid]:
            proposal = await self._config.with_host(KIND, partial(propose, uuid=uuid))
            if proposal is None:
                return  # it is not wanted any more
            if proposal.candidate and not await self._decide(uuid, proposal):
                return  # it does not run, and starts with the last good one
            await self._bring(uuid, proposal)
            self._looked[uuid] = proposal.structure
            self._tell(uuid)

    async def _decide(self, uuid: str, proposal: Proposal) -> bool:
        """Let HAProxy read a candidate; return whether it could."""
        answer = await self._containers.execute(uuid, list(CHECK))
        if answer is None:
            return False
        code, output = answer
        if code == 0:
            await self._config.with_host(KIND, partial(accept, uuid=uuid, item=proposal.item))
        else:
            reason, line = lines.refusal(output)
            await self._refuse(uuid, proposal, reason, line)
        return True

    async def _refuse(self, uuid: str, proposal: Proposal, reason: str, line: int | None) -> None:
        _log.warning("balancer %s: HAProxy refuses its configuration: %s", uuid, reason)
        await self._config.with_host(KIND, partial(refuse, uuid=uuid, proposal=proposal, reason=reason, line=line))

    async def _bring(self, uuid: str, proposal: Proposal) -> None:
        """Have a HAProxy that runs load the good structure, if it has another one."""
        directory = Directory(str(self._root), uuid)
        socket, master = Path(directory.commands), Path(directory.master)
        try:
            present = variable(await ask(socket, f"show env {STRUCTURE_VARIABLE}", seconds=ANSWER_SECONDS))
            if present == balancer.structure(directory.good):
                return
            await self._config.reapply([KIND])  # writes the files
            if await self._load(uuid, socket, master):
                return
            former = proposal.good
            await self._config.with_host(KIND, partial(accept, uuid=uuid, item=former))
            await self._refuse(uuid, proposal, "it cannot be loaded: " + self._words, None)
            await self._config.reapply([KIND])
            await self._load(uuid, socket, master)
        except HaproxyGone as error:
            _log.info("balancer %s: %s", uuid, error)

    async def _load(self, uuid: str, socket: Path, master: Path) -> bool:
        """Replace the worker; return whether the new one runs. It takes over what the former one knew of targets."""
        states = await ask(socket, STATES, seconds=ANSWER_SECONDS)
        await self._config.with_host(KIND, partial(keep_states, uuid=uuid, states=states))
        answer = await ask_master(master, "reload", seconds=LOAD_SECONDS)
        self._loaded[uuid] = time.monotonic()
        self._words, _ = lines.refusal(answer)
        if not answer.startswith(LOADED):
            return False
        _log.info("balancer %s: HAProxy has loaded its configuration", uuid)
        self._replaced(uuid)
        await self._config.reapply([KIND])  # targets may have changed meanwhile
        return True

    def _tell(self, uuid: str) -> None:
        """Report a refusal that is new, and one that is over."""
        found, known = Directory(str(self._root), uuid).refusal, self._refusals.get(uuid)
        if found is None:
            if self._refusals.pop(uuid, None) is not None:
                self._put(Refusal(uuid, now_ms()))
        elif known is None or (known.reason, known.section, known.line) != (
            found["reason"],
            found["section"],
            found["line"],
        ):
            self._refusals[uuid] = Refusal(uuid, now_ms(), found["reason"], found["section"], found["line"])
            self._put(self._refusals[uuid])
