# SPDX-License-Identifier: Apache-2.0
"""The links of a container to others: active while it runs, as in v1."""

from __future__ import annotations

from orca.engine import Behaviour, Run
from orca.resources import rows
from orca.store import Tx

behaviour = Behaviour()


@behaviour.process("instanceLink.update")
async def change(run: Run) -> None:
    """Lead to another container. There is no work: names follow the row."""


def open_links(tx: Tx, instance: rows.Instance) -> None:
    """Activate the links of a container that runs."""
    for row in tx.find(rows.InstanceLink, instanceId=instance.id, state="inactive"):
        tx.update(row, state="active")


def close_links(tx: Tx, instance: rows.Instance) -> None:
    """Deactivate the links of a container that has stopped."""
    for row in tx.find(rows.InstanceLink, instanceId=instance.id, state="active"):
        tx.update(row, state="inactive")
