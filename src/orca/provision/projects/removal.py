# SPDX-License-Identifier: Apache-2.0
"""Remove a project with everything in it: first what runs, by processes of its own, then the rest."""

from __future__ import annotations

from orca.engine import Behaviour, Run, discard
from orca.resources import TYPES, rows
from orca.resources.errors import ActionNotAvailable
from orca.store import ReadTx, Tx

BY_PROCESS = (rows.Environment, rows.Service, rows.Host, rows.Instance)
"""Types whose removal involves hosts, or takes time."""
KEPT = ("account", "projectMember")
"""The project itself and its members: owners see it afterwards too, and may purge or restore it."""
BATCH = 500
"""Most rows in a unit, so that no request waits noticeably behind it."""

behaviour = Behaviour()


@behaviour.process("project.remove")
async def remove(run: Run) -> None:
    """Remove a project without waiting for hosts that do not answer: they leave with their containers."""
    await run.step("remove what runs", lambda tx: begin(tx, run))
    await run.wait_for(
        "the removal of what runs", lambda tx: not remaining(tx, run), roots=[type.TYPE for type in BY_PROCESS]
    )
    batch = 0
    while await run.step(f"remove the rest, {batch}", lambda tx: forget(tx, run)):
        batch += 1


def remaining(tx: ReadTx, run: Run) -> list[rows.Resource]:
    """The rows that still have to be removed by processes of their own."""
    return [row for type in BY_PROCESS for row in tx.find(type, accountId=run.resource_id)]


def begin(tx: Tx, run: Run) -> None:
    """Request the removal of everything, in any state; native containers stay on the hosts that leave."""
    for row in remaining(tx, run):
        if isinstance(row, rows.Instance) and row.nativeContainer:
            continue
        for action in ("remove", "deactivate", "stop"):
            try:
                run.engine.request(tx, row, action, remove=True)
                break
            except ActionNotAvailable:
                continue
        else:
            run.engine.supersede(tx, row)
            discard(tx, row)


def forget(tx: Tx, run: Run) -> int:
    """Remove a batch of the rest; return how many rows."""
    done = 0
    for name, type in TYPES.items():
        if name in KEPT or not type.table or type.parent is not None:
            continue
        if not {"accountId", "removed", "state"} <= set(tx.table(name).c.keys()):
            continue
        resource = rows.BY_NAME[name]
        assert issubclass(resource, rows.Resource)
        query = tx.query(resource, accountId=run.resource_id).limit(BATCH - done)
        for row in tx.rows(resource, query):
            run.engine.supersede(tx, row)
            discard(tx, row)
            done += 1
        if done >= BATCH:
            break
    return done
