# SPDX-License-Identifier: Apache-2.0
"""The plain facts of one process that a worker has taken on: what was asked for, and how it is to end."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from orca.engine.core import Core, Processes
from orca.resources import rows
from orca.store import ReadTx, Record, Tx

R = TypeVar("R", bound=Record)

REASON_LENGTH = 200
"""Characters of a reason that are compared to tell failures apart."""


class Job:
    """One process.

    ``resource_type`` (root type) and ``resource_id`` name the resource, ``data`` is what the request came with,
    ``chain`` the process that follows (``...``: as declared, None: nothing) with ``chain_data``; ``end_state`` the
    state it ends in, where that is not the declared one.
    """

    def __init__(self, core: Core, row: rows.ProcessInstance) -> None:
        self.core = core
        self.id: int = row.id
        self.name: str = row.processName
        self.action: str = row.processName.partition(".")[2]
        self.resource_type: str = row.resourceType
        self.resource_id = int(row.resourceId)
        self.account_id: int | None = row.accountId
        self.data: dict[str, Any] = row.input or {}
        self.attempts: int = row.attempts or 0
        self.failing: dict[str, Any] = row.failing or {}
        """The reason of the last failure, and how many there were of it in a row."""
        self.chain: Any = ...
        self.chain_data: dict[str, Any] = {}
        self.end_state: str | None = None
        self.finish_unit: Callable[[Tx], object] | None = None

    @property
    def engine(self) -> Processes:
        """Where other processes are requested."""
        return self.core.engine

    def resource(self, tx: ReadTx, type: type[R]) -> R:
        """The resource, as the unit sees it: a row of the type that the process works on."""
        return tx.require(type, self.resource_id)

    def any_resource(self, tx: ReadTx) -> rows.Resource:
        """The resource, whatever its type."""
        record = tx.require(self.resource_type, self.resource_id)
        assert isinstance(record, rows.Resource), f"{record.type} has no processes"
        return record

    def finish(self, unit: Callable[[Tx], object]) -> None:
        """Have ``unit`` run in the unit that moves the resource to its end state. ``run.data`` is current there."""
        self.finish_unit = unit

    def same_failures(self, reason: str) -> int:
        """Count a failure; return how many for the same reason, numbers aside, there were in a row."""
        alike = re.sub(r"[0-9]+", "0", reason)[:REASON_LENGTH]
        count = self.failing["count"] + 1 if self.failing.get("reason") == alike else 1
        self.failing = {"reason": alike, "count": count}
        return count
