# SPDX-License-Identifier: Apache-2.0
"""What is kept for how long: removed resources, ended processes, events, the audit log; days are settings.

The rest is deleted in batches, units of their own, that are small enough for no request to wait noticeably behind one.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from orca.engine.core import Core
from orca.engine.settings import was_set
from orca.resources import rows
from orca.store import Tx

DAY_MS = 86_400_000
REMOVED = "retention.removed.days"
PROCESSES = "retention.processes.days"
EVENTS = "retention.events.days"
AUDIT = "retention.audit.days"
DAYS = {REMOVED: 30, PROCESSES: 1, EVENTS: 7, AUDIT: 365}
"""Settings and their defaults."""
REPORTS = ("serviceEvent", "containerEvent", "externalEvent")
"""Reports that agents made, which nobody else removes. They stay as long as events do."""
BATCH = 500
INTERVAL = 600.0
"""Seconds between two looks."""


async def clean(core: Core) -> int:
    """Delete everything that is past its time; how many rows that was."""
    total = 0
    while deleted := await core.db.write(delete_batch):
        total += deleted
    return total


def delete_batch(tx: Tx) -> int:
    """Delete at most ``BATCH`` rows of each table."""
    return sum(tx.execute(statement).rowcount for statement in statements(tx))


def statements(tx: Tx) -> Iterator[sa.Delete]:
    """One DELETE per table that grows."""
    for table in tx.schema.metadata.tables.values():
        if "removed" in table.c:
            yield oldest(table, table.c.removed, before(tx, REMOVED))
    processes, executions = tx.table(rows.ProcessInstance), tx.table(rows.ProcessExecution)
    ended = before(tx, PROCESSES)
    orphaned = ~sa.exists().where(processes.c.id == executions.c.processInstanceId)
    yield oldest(processes, processes.c.endTime, ended)
    runs = tx.table(rows.TaskInstance)
    yield oldest(runs, runs.c.endTime, ended)
    yield oldest(executions, executions.c.created, ended, orphaned)
    events = tx.table("event")
    # The last row stays: the numbers of events go on from it.
    newest = sa.select(sa.func.max(events.c.id)).scalar_subquery()
    yield oldest(events, events.c.created, before(tx, EVENTS), events.c.id < newest)
    for name in REPORTS:
        reports = tx.table(name)
        yield oldest(reports, reports.c.created, before(tx, EVENTS))
    audit, tokens = tx.table(rows.AuditLog), tx.table(rows.AuthToken)
    yield oldest(audit, audit.c.created, before(tx, AUDIT))
    yield oldest(tokens, tokens.c.expires, tx.now)


def before(tx: Tx, name: str) -> int:
    """The moment before which rows go. A setting that is not a number of days counts as its default."""
    text = was_set(tx, name) or ""
    return tx.now - (int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else DAYS[name]) * DAY_MS


def oldest(
    table: sa.Table, column: sa.Column[int], before: int, also: sa.ColumnElement[bool] | None = None
) -> sa.Delete:
    """Delete a batch of rows whose time is before a moment.

    Subqueries: neither DELETE nor IN with a LIMIT is portable.
    """
    chosen = sa.select(table.c.id).where(column < before).order_by(table.c.id).limit(BATCH)
    batch = (chosen if also is None else chosen.where(also)).subquery()
    return sa.delete(table).where(table.c.id.in_(sa.select(batch.c.id)))
