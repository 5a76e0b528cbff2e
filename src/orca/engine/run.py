# SPDX-License-Identifier: Apache-2.0
"""What a handler holds: one process being worked on.

Everything a handler makes durable goes through ``step``, ``command``, ``wait_for`` or ``finish``; each of them first
proves, in the same unit, that the process is still ours (``epoch``). After a crash the handler runs again from its
beginning, and each step and command that was done returns its stored result at once.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from orca import wire
from orca.engine import endings, requests
from orca.engine.agents import AgentConnection, Progress
from orca.engine.core import Core
from orca.engine.errors import AgentGone, CommandFailed, CommandTimeout, Failed, Superseded
from orca.engine.job import Job
from orca.engine.requests import STARTED
from orca.resources import ids, rows
from orca.store import Change, Overflow, ReadTx, Subscription, Tx, adding, now_ms

T = TypeVar("T")

LOG_LIMIT = 200
"""Most lines of one execution's log; the oldest are dropped."""
QUIET = 0.25
"""Seconds a wait may last before its reason is written: short waits cost nothing."""
BREATH = 0.02
"""Seconds between two checks of a waiting process, so that many changes at once cost one check."""
PROGRESS_INTERVAL = 0.5
"""Seconds between two writes of progress."""


class Run(Job):
    """One process in the hands of a handler."""

    def __init__(self, core: Core, row: rows.ProcessInstance, type: str | None = None) -> None:
        super().__init__(core, row)
        self.in_doubt = False
        """True if more may be stored than is known here, since a connection was lost at COMMIT."""
        self._type = type
        self._epoch: int = row.epoch
        self._started = row.phase == STARTED
        self._waiting = row.waiting is not None
        self._steps: dict[str, Any] = {}
        self._unstored: dict[str, Any] = {}
        self._lines: list[dict[str, Any]] = []
        self._execution = str(uuid.uuid4())
        self._logged = False
        self._writing = asyncio.Lock()
        self._progress: tuple[str | None, int | None] | None = None
        self._progress_task: asyncio.Task[None] | None = None

    # -- what handlers call ------------------------------------------------------------------------------------------

    async def read(self, query: Callable[[ReadTx], T]) -> T:
        """Read committed state. Nothing is stored, so after a crash the answer may differ."""
        return await self.core.db.read(query)

    async def step(self, name: str, unit: Callable[[Tx], T]) -> T:
        """Run a unit once. Its JSON result is stored with it; after a crash the stored result is returned instead.

        Records are not JSON: return ids. Raises what the unit raises (nothing is stored then).
        """
        if name in self._steps:
            return self._steps[name]  # type: ignore[no-any-return]

        def guarded(tx: Tx, _row: rows.ProcessInstance) -> T:
            result = unit(tx)
            self._store_step(tx, name, result)
            return result

        self._steps[name] = result = await self._write(guarded)
        return result

    def has(self, step: str) -> bool:
        """True if a step was done, also if that was before the server's last restart."""
        return step in self._steps

    async def command(
        self,
        agent_id: int,
        name: str,
        data: Mapping[str, Any],
        *,
        timeout: float | None = None,  # noqa: ASYNC109
        patience: float | None = None,
        step: str | None = None,
        progress: Progress | None = None,
        form: type[wire.Message] = wire.Message,
    ) -> dict[str, Any]:
        """Have an agent do something, once. Waits (with a visible reason) while the agent is away, then sends it again.

        ``step`` names the step where one handler sends the same command twice. ``timeout`` in seconds counts from each
        sending; ``patience`` is how long the agent may be away. ``progress`` gets the progress instead of the resource.
        ``form``: the form of the answer (``wire.read_answer``); other keys are dropped. Raises ``CommandFailed`` (ends
        the process unless caught; also for an answer that makes no sense), ``CommandTimeout`` (retried unless caught).
        """
        step = step or name
        if step in self._steps:
            return self._steps[step]  # type: ignore[no-any-return]
        payload = {"key": f"{self.id}/{step}", **data}
        while True:
            connection = await self._connected(agent_id, patience)
            self.log(f"{name} sent", step=step)
            try:
                answer = await self._send(connection, name, payload, timeout, progress or self.progress)
                reply = wire.to_data(wire.read_answer(name, answer, form))
                break
            except wire.WireError as error:
                raise CommandFailed(str(error)) from error
            except AgentGone:
                continue
            except TimeoutError:
                raise CommandTimeout(f"{name}: no answer within {timeout:g} s") from None
        self.log(f"{name} done", step=step)
        self._steps[step] = self._unstored[step] = reply
        return reply

    async def wait_for(
        self,
        reason: str,
        condition: Callable[[ReadTx], T],
        *,
        roots: Collection[str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> T:
        """Wait until ``condition(tx)`` is true and return its value.

        Check again at each change of the ``roots`` types in the process's own project, which holds all that a condition
        reads. Changes of other projects cost a wait nothing.
        ``reason`` is shown on the process and the resource meanwhile. Raises ``Failed`` after ``timeout`` seconds.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with self.core.db.bus.subscribe(roots, account_id=self.account_id) as changes:
            while not (value := await self.core.db.read(condition)):
                await asyncio.sleep(BREATH)
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    raise Failed(f"{reason}: given up after {timeout:g} s")
                if not self._waiting:
                    quiet = QUIET if left is None else min(QUIET, left)
                    if await _next(changes, quiet):
                        continue
                    await self.wait_reason(reason)
                    continue
                await _next(changes, left)
        return value

    async def wait_reason(self, reason: str) -> None:
        """Show what the process waits for. It is cleared by the next step."""

        def unit(tx: Tx, row: rows.ProcessInstance) -> None:
            tx.update(row, waiting=reason, waitingSince=tx.now)
            tx.update(self.any_resource(tx), transitioningMessage=reason)

        self.log(f"waiting: {reason}")
        await self._write(unit)
        self._waiting = True

    def log(self, message: str, *, step: str | None = None) -> None:
        """Add a line to the process's log; it is written with the next unit."""
        line: dict[str, Any] = {"time": now_ms(), "message": message}
        self._lines.append(line | {"step": step} if step else line)

    def progress(self, message: str | None, percent: int | None = None) -> None:
        """Show how far the process is; at most one write per half second."""
        self._progress = (message, percent)
        if self._progress_task is None:
            self._progress_task = asyncio.create_task(self._write_progress(), name=f"progress {self.id}")

    # -- what the engine calls ---------------------------------------------------------------------------------------

    async def find_type(self) -> str | None:
        """The resource's most specific type; None if it is gone for good. A later attempt reads it again, since the
        resource may have been purged meanwhile.
        """
        type, self._type = self._type, None
        if type is None:
            record = await self.core.db.read(lambda tx: tx.get(self.resource_type, self.resource_id))
            type = None if record is None else record.type
        return type

    async def load_steps(self) -> None:
        """Read what an earlier worker already did."""

        def query(tx: ReadTx) -> list[tuple[str, str | None]]:
            steps = tx.table("process_step")
            found = tx.connection.execute(sa.select(steps.c.name, steps.c.result).where(steps.c.process_id == self.id))
            return [(name, result) for name, result in found]

        for name, result in await self.core.db.read(query):
            self._steps[name] = None if result is None else msgspec.json.decode(result)
            self._unstored.pop(name, None)
        self.in_doubt = False

    async def succeed(self) -> None:
        """End the process with success."""
        await self._write(lambda tx, row: endings.succeed(tx, self, row), last=True)

    async def fail(self, failure: Failed) -> None:
        """End the process with a reason."""
        self.log(f"failed: {failure.message}")
        await self._write(lambda tx, row: endings.fail(tx, self, row, failure), last=True)

    async def retry(self, reason: str, delay: int, *, stuck: bool = False) -> None:
        """Try the process again in ``delay`` milliseconds; ``stuck``: it has failed in the same way too often."""
        self.log(f"again in {delay / 1000:g} s: {reason}")
        await self._write(lambda tx, row: endings.retry(tx, self, row, reason, delay, stuck=stuck))
        self.attempts += 1
        self._waiting = True

    async def abandon(self) -> None:
        """End the process because its resource is gone for good."""
        await self._write(lambda tx, row: endings.end(tx, row, "CANCELED", "STATE_CHANGED"))

    def close(self) -> None:
        """The handler has ended: write no late progress."""
        if self._progress_task is not None:
            self._progress_task.cancel()

    # -- inside ------------------------------------------------------------------------------------------------------

    async def _write(self, unit: Callable[[Tx, rows.ProcessInstance], T], *, last: bool = False) -> T:
        """Run a unit with the process row, if that is still ours; it also writes pending progress and log lines.

        ``last``: it ends the process, and nobody will ask for answers any more.
        """
        async with self._writing:
            return await self._write_alone(unit, last)

    async def _write_alone(self, unit: Callable[[Tx, rows.ProcessInstance], T], last: bool) -> T:
        lines, answers = list(self._lines), {} if last else dict(self._unstored)

        def guarded(tx: Tx) -> T:
            row = self._guard(tx)
            for name, result in answers.items():
                self._store_step(tx, name, result)
            if lines:
                self._write_log(tx, row, lines)
            return unit(tx, row)

        result = await self.core.db.write(guarded)
        self._started, self._waiting = True, False
        self._logged = self._logged or bool(lines)
        del self._lines[: len(lines)]
        for name in answers:
            del self._unstored[name]
        return result

    def _guard(self, tx: Tx) -> rows.ProcessInstance:
        """The process row, if it is still ours, marked as no longer waiting. Raises ``Superseded``."""
        tx.load((rows.ProcessInstance, self.id), (self.resource_type, self.resource_id))
        row = requests.renew(tx, self.id, self._epoch)
        if row is None:
            raise Superseded
        if not self._started or self._waiting:
            tx.update(row, phase=STARTED, waiting=None, waitingSince=None, runAfter=None)
        if self._waiting:
            record = tx.get(self.resource_type, self.resource_id)
            if record is not None and record.get("transitioning") is None:
                tx.update(record, transitioningMessage=None)
        return row

    def _store_step(self, tx: Tx, name: str, result: Any) -> None:
        text = None if result is None else msgspec.json.encode(result).decode()
        step = {"process_id": self.id, "name": name, "result": text, "created": tx.now}
        tx.send(adding(tx.table("process_step")), step)

    def _write_log(self, tx: Tx, row: rows.ProcessInstance, lines: list[dict[str, Any]]) -> None:
        execution: rows.ProcessExecution | None = None
        if self._logged or self.in_doubt:
            execution = tx.first(rows.ProcessExecution, processInstanceId=row.id, uuid=self._execution)
        if execution is None:
            tx.insert(
                rows.ProcessExecution,
                uuid=self._execution,
                processInstanceId=row.id,
                accountId=row.accountId,
                log={"entries": lines[-LOG_LIMIT:]},
            )
        else:
            before = (execution.log or {}).get("entries", [])
            tx.update(execution, log={"entries": (before + lines)[-LOG_LIMIT:]})

    async def _connected(self, agent_id: int, patience: float | None) -> AgentConnection:
        agents = self.core.agents
        connection = agents.get(agent_id)
        if connection is not None:
            return connection
        host = await self.core.db.read(lambda tx: tx.first(rows.Host, agentId=agent_id))
        name = f"host {host.name or host.hostname}" if host is not None else f"agent {ids.show('agent', agent_id)}"
        try:
            # An agent that is just coming back is not worth two writes.
            async with asyncio.timeout(QUIET):
                return await agents.wait(agent_id)
        except TimeoutError:
            await self.wait_reason(f"waiting for the agent of {name}")
        try:
            async with asyncio.timeout(patience):
                return await agents.wait(agent_id)
        except TimeoutError:
            raise CommandFailed(f"its agent has been away for {patience:g} s") from None

    async def _send(
        self,
        connection: AgentConnection,
        name: str,
        payload: dict[str, Any],
        seconds: float | None,
        progress: Progress,
    ) -> dict[str, Any]:
        async with asyncio.timeout(seconds):
            return await connection.request(
                name,
                payload,
                resource_type=self.resource_type,
                resource_id=ids.show(self.resource_type, self.resource_id),
                progress=progress,
            )

    async def _write_progress(self) -> None:
        while self._progress is not None:
            (message, percent), self._progress = self._progress, None

            def unit(
                tx: Tx, row: rows.ProcessInstance, message: str | None = message, percent: int | None = percent
            ) -> None:
                tx.update(row, progress=percent)
                tx.update(self.any_resource(tx), transitioningMessage=message, transitioningProgress=percent)

            try:
                await self._write(unit)
            except Superseded:
                return
            await asyncio.sleep(PROGRESS_INTERVAL)
        self._progress_task = None


async def _next(changes: Subscription, seconds: float | None) -> list[Change]:
    """The next changes; empty if none came in time. After lost changes the condition is checked as after one."""
    try:
        async with asyncio.timeout(seconds):
            return await changes.batch()
    except TimeoutError:
        return []
    except Overflow:
        return [Change(0, "", "", 0, None)]
