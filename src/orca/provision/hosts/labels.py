# SPDX-License-Identifier: Apache-2.0
"""Labels of hosts and containers as rows beside the field ``labels``, so that they can be searched by key and value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orca.engine import Behaviour, Call, discard
from orca.resources import rows
from orca.store import Tx

MAPS: Mapping[str, tuple[type[rows.HostLabelMap] | type[rows.InstanceLabelMap], str]] = {
    "host": (rows.HostLabelMap, "hostId"),
    "instance": (rows.InstanceLabelMap, "instanceId"),
}
"""By type with labels: the type of the rows that tie labels to it, and their field."""

behaviour = Behaviour()


@behaviour.update("host")
def update_host(tx: Tx, call: Call, row: rows.Host, fields: dict[str, Any]) -> rows.Host:
    """Change fields; this needs no work on the host."""
    row = tx.update(row, **fields) if fields else row
    if "labels" in fields:
        write_rows(tx, row)
    return row


def write_rows(tx: Tx, owner: rows.Host | rows.Instance) -> None:
    """Make the rows match the field."""
    type, field = MAPS[owner.root]
    wanted = {str(key): str(value) for key, value in (owner.labels or {}).items()}
    for tie, label in _tied(tx, owner):
        if label.key in wanted and wanted[label.key] == label.value:
            del wanted[label.key]
        else:
            discard(tx, tie, label)
    for key, value in wanted.items():
        label = tx.insert(rows.Label, accountId=owner.accountId, state="created", key=key, value=value)
        tx.insert(type, accountId=owner.accountId, state="created", labelId=label.id, **{field: owner.id})


def forget(tx: Tx, owner: rows.Host | rows.Instance) -> None:
    """Remove the labels of a removed host or container."""
    for tie, label in _tied(tx, owner):
        discard(tx, tie, label)


def _tied(
    tx: Tx, owner: rows.Host | rows.Instance
) -> list[tuple[rows.HostLabelMap | rows.InstanceLabelMap, rows.Label]]:
    """The ties of a host or container, each with its label."""
    type, field = MAPS[owner.root]
    ties: list[rows.HostLabelMap | rows.InstanceLabelMap] = list(tx.find(type, **{field: owner.id}))
    labels = {row.id: row for row in tx.find(rows.Label, id=[tie.labelId for tie in ties])} if ties else {}
    return [(tie, labels[tie.labelId]) for tie in ties]
