# SPDX-License-Identifier: Apache-2.0
"""Storage pools, which hold the images and volumes of a host."""

from __future__ import annotations

from orca.resources import rows
from orca.store import ReadTx, Tx


def of_host(tx: ReadTx, host_id: int | None) -> rows.StoragePool | None:
    """The first pool of a host; None before its first hello."""
    row = tx.first(rows.StoragePoolHostMap, hostId=host_id)
    return None if row is None else tx.get(rows.StoragePool, row.storagePoolId)


def forget(tx: Tx, host: rows.Host) -> None:
    """Remove the pools of a removed host with their content."""
    ties = tx.find(rows.StoragePoolHostMap, hostId=host.id)
    pools = tx.find(rows.StoragePool, id=[tie.storagePoolId for tie in ties])
    for row in (*tx.find(rows.Volume, hostId=host.id), *ties, *pools):
        tx.update(row, state="removed", removed=tx.now)
