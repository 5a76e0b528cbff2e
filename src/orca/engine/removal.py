# SPDX-License-Identifier: Apache-2.0
"""The removal of a resource that may be active: it is deactivated first. Source: docs/v1.md, section 7."""

from __future__ import annotations

from orca.engine.core import Processes
from orca.resources import processes_of, rows
from orca.resources.errors import ActionNotAvailable
from orca.store import Tx


def request_removal(engine: Processes, tx: Tx, record: rows.Resource) -> rows.ProcessInstance:
    """Request the removal of a resource, in this unit. Raises ``ActionNotAvailable``.

    Its process ``remove`` follows ``deactivate`` then (``endings.succeed``).
    """
    try:
        return engine.request(tx, record, "remove")
    except ActionNotAvailable:
        if "deactivate" not in processes_of(record.type):
            raise
        return engine.request(tx, record, "deactivate", remove=True)
