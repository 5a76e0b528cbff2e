# SPDX-License-Identifier: Apache-2.0
"""The units that end a process: success, failure, one more try later."""

from __future__ import annotations

from orca.engine.errors import Failed
from orca.engine.job import Job
from orca.engine.requests import DONE, REQUESTED, forget_steps, process_of
from orca.resources import rows
from orca.store import Tx

REMOVE_DELAY = 60_000
"""Milliseconds between ``removed`` and ``removeTime``, when the row may be purged (2015's value)."""

GONE = frozenset({"removed", "purging", "purged"})


def succeed(tx: Tx, job: Job, row: rows.ProcessInstance) -> None:
    """Move the resource to the process's end state and start what follows."""
    job.data = row.input or {}
    record = job.any_resource(tx)
    if job.finish_unit is not None:
        job.finish_unit(tx)
    wanted = process_of(record.type, job.action)
    shown = getattr(record, wanted.field)
    keep = bool(row.keepError)
    state = job.end_state or wanted.done.get(shown, next(iter(wanted.done.values())))
    move(tx, record, wanted.field, state, keep_error=keep)
    chain = job.chain if job.chain is not ... else wanted.chain
    if job.action == "deactivate" and job.data.get("remove"):
        chain = "remove"
    end(tx, row, "SUCCESS", "CHAIN" if chain else "DONE")
    if chain is not None:
        job.engine.request(tx, record, chain, _keep_error=keep, **job.chain_data)


def fail(tx: Tx, job: Job, row: rows.ProcessInstance, failure: Failed) -> None:
    """Leave the resource with the reason on it."""
    record = job.any_resource(tx)
    if failure.unit is not None:
        failure.unit(tx)
    wanted = process_of(record.type, job.action)
    move(tx, record, wanted.field, failure.state or row.fromState, keep_error=True)
    tx.update(record, transitioning="error", transitioningMessage=failure.message, transitioningProgress=None)
    end(tx, row, "FAILED", "FAILED")
    if failure.chain is not None:
        job.engine.request(tx, record, failure.chain, _keep_error=True)


def retry(tx: Tx, job: Job, row: rows.ProcessInstance, reason: str, delay: int, *, stuck: bool) -> None:
    """Show why the process failed, and when it is tried again (``delay`` in milliseconds).

    ``stuck``: it needs a person. The resource shows an error until a try succeeds.
    """
    record = tx.get(job.resource_type, job.resource_id)
    if stuck:
        reason = f"failed {job.failing['count']} times: {reason}; tried again in {delay // 60_000 or 1} minutes"
    tx.update(
        row, phase=REQUESTED, attempts=row.attempts + 1, runAfter=tx.now + delay, waiting=reason, waitingSince=tx.now,
        failing=job.failing,
    )  # fmt: skip
    if record is not None:
        tx.update(record, transitioningMessage=reason, **({"transitioning": "error"} if stuck else {}))


def move(tx: Tx, record: rows.Resource, field: str, state: str, *, keep_error: bool) -> None:
    """Set the state a process ends in; for ``removed`` also the times of removal and purge."""
    tx.update(record, **{field: state})
    if not keep_error:
        tx.update(record, transitioning=None, transitioningMessage=None)
    tx.update(record, transitioningProgress=None)
    if field == "state" and state == "removed" and record.removed is None:
        tx.update(record, removed=tx.now, removeTime=tx.now + REMOVE_DELAY)
    if field == "state" and state not in GONE and record.get("removed") is not None:
        tx.update(record, removed=None, removeTime=None)


def discard(tx: Tx, *found: rows.Resource) -> None:
    """Set rows to removed without a process of their own, because they go with something else.

    Lists of ``/v1`` show them until their ``removeTime``, like rows that a process removed.
    """
    for row in found:
        tx.update(row, state="removed", removed=tx.now, removeTime=tx.now + REMOVE_DELAY)


def end(tx: Tx, row: rows.ProcessInstance, result: str, reason: str) -> None:
    """Close the process row and delete its steps."""
    tx.update(
        row, phase=DONE, result=result, exitReason=reason, endTime=tx.now, waiting=None, waitingSince=None,
        runAfter=None, progress=None,
    )  # fmt: skip
    forget_steps(tx, row.id)
