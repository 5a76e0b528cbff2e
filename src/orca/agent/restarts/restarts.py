# SPDX-License-Identifier: Apache-2.0
"""Keep each managed container as the platform wants it: start it again, or stop it if somebody started it by hand."""

import asyncio
import logging
import uuid as uuids
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from orca.agent.containers import Containers
from orca.agent.engine import EngineGone
from orca.agent.errors import CommandFailed
from orca.agent.lease import Lease
from orca.agent.specification import milliseconds
from orca.wire import RestartPolicy, names

from .policy import NEVER, Pause
from .wanted import Wanted, WantedStates

GRACE_SECONDS = 10  # until a container that was started by hand is killed

_log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class _Pending:
    """A restart that is pending or under way; ``ended``: the container ended again since the last check."""

    ended: bool = False


class Restarts:
    """The one place that starts containers without a command."""

    def __init__(
        self,
        states: WantedStates,
        containers: Containers,
        started: Callable[[], Awaitable[None]],
        gave_up: Callable[[str], Awaitable[None]],
        lease: Lease,
    ) -> None:
        """Prepare.

        Args:
            states: what is wanted.
            containers: the engine's containers.
            started: called after a container started.
            gave_up: called with the id of a container that counted as running and will not start again.
            lease: says when what ran here may start again.
        """
        self._states = states
        self._containers = containers
        self._started = started
        self._gave_up = gave_up
        self._lease = lease
        self._suspended: set[str] = set()
        self._pending: dict[str, _Pending] = {}
        self._pauses: dict[str, Pause] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def close(self) -> None:
        """End what is under way."""
        for uuid in list(self._tasks):
            await self._end(uuid)

    # -- what commands say ---------------------------------------------------------------------------------------

    async def expect_running(self, uuid: str, policy: RestartPolicy | None, *, fenced: bool = False) -> None:
        """A command is about to start the container; its restarts are counted from here."""
        self._states.set(uuid, Wanted(running=True, policy=policy or RestartPolicy(), fenced=fenced))
        self._suspended.discard(uuid)
        self._pauses.pop(uuid, None)
        await self._end(uuid)
        await self._states.save(uuid)

    async def expect_stopped(self, uuid: str) -> None:
        """A command is about to stop or remove the container."""
        known = self._states.get(uuid)
        if known is not None:
            self._states.set(uuid, msgspec.structs.replace(known, running=False))
        self._suspended.discard(uuid)
        await self._end(uuid)
        await self._states.save(uuid)

    async def forget(self, uuid: str) -> None:
        """The container is gone."""
        self._states.drop(uuid)
        self._suspended.discard(uuid)
        self._pauses.pop(uuid, None)
        await self._end(uuid)
        await self._states.save(uuid)

    def said(self) -> Mapping[str, Wanted]:
        """Return the wanted states as of now, for ``only``."""
        return self._states.snapshot()

    async def only(self, present: Collection[str | None], said: Mapping[str, Wanted]) -> None:
        """Forget containers that the engine does not have, except those of newer commands."""
        await self._states.keep(present, said)

    # -- what must not run twice -----------------------------------------------------------------------------------

    def fenced(self) -> list[str]:
        """Return the fenced containers that should run."""
        return [uuid for uuid, wanted in self._states.snapshot().items() if wanted.fenced and wanted.running]

    async def suspend(self, uuid: str) -> None:
        """Stop a container until the server tells that it did not move. Raises ``AgentError``: it does not stop."""
        self._suspended.add(uuid)
        await self._containers.deactivate(uuid, GRACE_SECONDS)

    # -- what the engine shows -----------------------------------------------------------------------------------

    async def review(self, document: dict[str, Any], *, at_once: bool) -> bool:
        """Compare the engine's document about a container with what is wanted, and act where they differ.

        Args:
            document: the engine's.
            at_once: the engine or this agent was away, so the container starts again without a pause.

        Returns:
            True if the container does not run but is about to start again: it counts as running.
        """
        status, uuid = document["State"]["Status"], managed(document)
        if uuid is None or status in ("created", "removing"):
            return False
        wanted = await self._wanted(uuid, document)
        if wanted is None:
            return False
        if status not in ("exited", "dead"):
            if not wanted.running:
                _log.warning("%s was started by hand, but is to be stopped", document["Name"].lstrip("/"))
                self._begin(uuid, self._put_back(document["Id"]))
            return False
        if not wanted.running:
            return False
        if (pending := self._pending.get(uuid)) is not None:
            pending.ended = True
            return True
        suspended = uuid in self._suspended
        if not suspended and not wanted.policy.again(document["State"]["ExitCode"], wanted.restarts):
            return False
        at_once = at_once or suspended
        pause = 0.0 if at_once else self._pause(uuid, _seconds_run(document))
        self._pending[uuid] = _Pending()
        self._begin(uuid, self._restart(uuid, document["Id"], pause, counted=not at_once))
        return True

    async def _wanted(self, uuid: str, document: dict[str, Any]) -> Wanted | None:
        """Return the wanted state, None if there is none. The agent of 0.1.0 left restarts to the engine; end that."""
        policy = document["HostConfig"]["RestartPolicy"]
        wanted = self._states.get(uuid)
        if policy["Name"] not in NEVER:
            if wanted is None:
                running = document["State"]["Status"] not in ("exited", "dead")
                wanted = Wanted(running, RestartPolicy(policy["Name"], policy["MaximumRetryCount"]))
                self._states.set(uuid, wanted)
                await self._states.save(uuid)
            try:
                await self._containers.restart_never(document["Id"])
            except CommandFailed as error:
                _log.warning("the engine keeps its restart policy for %s: %s", document["Name"].lstrip("/"), error)
        return wanted

    # -- acting --------------------------------------------------------------------------------------------------

    async def _restart(self, uuid: str, external_id: str, pause: float, *, counted: bool) -> None:
        """Start the container until it runs or its policy ends."""
        pending = self._pending[uuid]
        try:
            while True:
                await asyncio.sleep(pause)
                await self._lease.may_start(lambda: self._is_fenced(uuid))
                self._suspended.discard(uuid)
                if counted:
                    await self._count(uuid)
                counted = True
                document, ran = await self._start(external_id, pending)
                if document is None or document["State"]["Running"]:
                    break
                wanted = self._states.get(uuid)
                if wanted is None or not wanted.policy.again(document["State"]["ExitCode"], wanted.restarts):
                    break
                pause = self._pause(uuid, ran)
        except EngineGone:
            return  # all containers are checked when it is back
        finally:
            if self._pending.get(uuid) is pending:
                del self._pending[uuid]
        if document is not None and document["State"]["Running"]:
            await self._started()
        else:
            await self._gave_up(external_id)

    async def _start(self, external_id: str, pending: _Pending) -> tuple[dict[str, Any] | None, float]:
        """Start it once; return the engine's document after that (None: gone), and how long it ran if it ended."""
        failed = False
        try:
            await self._containers.start(external_id)
        except CommandFailed as error:
            failed = True
            _log.warning("a container does not start again: %s", error)
        while True:
            pending.ended = False
            document = await self._containers.look(external_id)
            if document is None:
                return None, 0.0
            if not (document["State"]["Running"] and pending.ended):
                return document, 0.0 if failed else _seconds_run(document)

    def _is_fenced(self, uuid: str) -> bool:
        wanted = self._states.get(uuid)
        return wanted is not None and wanted.fenced

    async def _put_back(self, external_id: str) -> None:
        try:
            await self._containers.stop(external_id, GRACE_SECONDS)
        except CommandFailed as error:
            _log.warning("a container that was started by hand cannot be stopped: %s", error)

    async def _count(self, uuid: str) -> None:
        wanted = self._states.get(uuid)
        if wanted is not None:
            self._states.set(uuid, msgspec.structs.replace(wanted, restarts=wanted.restarts + 1))
            await self._states.save(uuid)

    def _pause(self, uuid: str, ran: float) -> float:
        return self._pauses.setdefault(uuid, Pause()).after(ran)

    def _begin(self, uuid: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=f"restart {uuid}")
        self._tasks[uuid] = task
        task.add_done_callback(lambda done: self._done(uuid, done))

    def _done(self, uuid: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(uuid) is task:
            del self._tasks[uuid]
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("the restart of %s failed unexpectedly", uuid, exc_info=error)

    async def _end(self, uuid: str) -> None:
        """Cancel a restart and wait: its calls of the engine must be over before a command acts."""
        task = self._tasks.get(uuid)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])


def managed(document: dict[str, Any]) -> str | None:
    """Return the uuid of the managed container that the engine's document is about.

    A copy of a managed container has its labels but not its name, and is not managed.
    """
    uuid = (document["Config"].get("Labels") or {}).get(names.LABEL_INSTANCE_UUID, "")
    try:
        uuids.UUID(uuid)
    except ValueError:
        return None
    return str(uuid) if document["Name"].endswith(f"-{uuid[:8]}") else None


def _seconds_run(document: dict[str, Any]) -> float:
    state = document["State"]
    began, ended = milliseconds(state["StartedAt"]), milliseconds(state["FinishedAt"])
    return 0.0 if began is None or ended is None else (ended - began) / 1000
