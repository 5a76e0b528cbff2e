# SPDX-License-Identifier: Apache-2.0
"""The rows of processes: request one, supersede the one that runs. Units only; nothing here waits.

A process is one row per (resource, state field) while it runs; the row's ``liveKey`` makes that a constraint.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import sqlalchemy as sa

from orca.resources import Process, processes_of, rows
from orca.resources.errors import ActionNotAvailable
from orca.resources.operation import process_key_of
from orca.store import PreparedWrite, Tx

LEASE = 30_000
"""Milliseconds a claim lasts without renewal; a server that is gone for longer loses its processes to others."""

REQUESTED = "REQUESTED"
STARTED = "STARTED"
DONE = "DONE"


def process_of(type: str, action: str) -> Process:
    """The declared process behind an action. Raises ``ActionNotAvailable`` if the type has none of that name."""
    found = processes_of(type).get(action)
    if found is None:
        raise ActionNotAvailable(type, action, None)
    return found


def running(tx: Tx, record: rows.Resource, field: str = "state") -> rows.ProcessInstance | None:
    """The process row that now works on a state field of the resource."""
    return tx.first(rows.ProcessInstance, liveKey=process_key_of(record.root, str(record.id), field))


def supersede(tx: Tx, process: rows.ProcessInstance) -> None:
    """End a running process in favour of another. Its worker notices at its next step, because the epoch has grown."""
    tx.update(
        process, phase=DONE, result="CANCELED", exitReason="STATE_CHANGED", endTime=tx.now, epoch=process.epoch + 1,
        waiting=None, waitingSince=None, runAfter=None,
    )  # fmt: skip
    forget_steps(tx, process.id)


def renew(tx: Tx, process_id: int, epoch: int) -> rows.ProcessInstance | None:
    """Renew the lease of a process; None if it is no longer held under this epoch."""
    row = tx.get(rows.ProcessInstance, process_id)
    if row is None or row.epoch != epoch or row.endTime is not None:
        return None
    return tx.note(row, leaseUntil=tx.now + LEASE)


def forget_steps(tx: Tx, process_id: int) -> None:
    """Delete the steps of a process that has ended."""
    tx.send(_forgetting(tx.table("process_step")), {"process": process_id})


@cache
def _forgetting(table: sa.Table) -> PreparedWrite:
    return PreparedWrite(sa.delete(table).where(table.c.process_id == sa.bindparam("process")))


def request(
    tx: Tx,
    record: rows.Resource,
    action: str,
    data: dict[str, Any],
    *,
    server: str,
    delay: int = 0,
    keep_error: bool = False,
) -> tuple[rows.ProcessInstance, rows.ProcessInstance | None, bool]:
    """Ask for a process on a resource.

    Returns the process row, the row it superseded (if any), and whether the process is new. If the same action already
    runs, ``data`` is merged into the input of that process. ``delay`` in milliseconds. Raises ``ActionNotAvailable``
    when the state table does not allow it.
    """
    record = tx.own(record)
    wanted = process_of(record.type, action)
    state = getattr(record, wanted.field)
    old = running(tx, record, wanted.field)
    name = f"{record.root}.{action}"
    if old is not None and old.processName == name and state not in wanted.start:
        tx.update(old, input={**(old.input or {}), **data})
        return old, None, False
    if state not in wanted.start:
        raise ActionNotAvailable(record.type, action, state)
    if old is not None:
        supersede(tx, old)
    shown: dict[str, Any] = {wanted.field: wanted.via[state]}
    if not keep_error:
        shown |= {"transitioning": None, "transitioningMessage": None}
    tx.update(record, **shown, transitioningProgress=None)
    new = tx.insert(
        rows.ProcessInstance,
        accountId=record.id if record.root == "account" else record.get("accountId"),
        processName=name,
        resourceType=record.root,
        resourceId=str(record.id),
        stateField=wanted.field,
        fromState=old.fromState if old is not None and state in wanted.transitioning else state,
        phase=REQUESTED,
        priority=0,
        startTime=tx.now,
        startProcessServerId=server,
        runningProcessServerId=server,
        epoch=1,
        leaseUntil=tx.now + LEASE,
        runAfter=tx.now + delay if delay else None,
        attempts=0,
        input=data,
        keepError=keep_error or None,
    )
    return new, old, True
