# SPDX-License-Identifier: Apache-2.0
"""Containers that must never run twice, not even while a host is cut off from the others."""

from __future__ import annotations

from orca.orchestration.syntax.labels import FENCE, STOP
from orca.resources import rows
from orca.storage.bindings import bindings
from orca.store import ReadTx


def why(tx: ReadTx, row: rows.Instance) -> str | None:
    """Why a placed container must not run twice; None if it may."""
    if (row.labels or {}).get(FENCE) == STOP:
        return f"its label {FENCE} forbids a second one"
    found = bindings(tx, [row]).get(row.id)
    return f"it writes to volume {found.shared[0]}, which other hosts can mount too" if found and found.shared else None
