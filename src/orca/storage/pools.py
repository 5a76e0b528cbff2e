# SPDX-License-Identifier: Apache-2.0
"""Storage pools: where the images and volumes of a host lie."""

from __future__ import annotations

from orca.resources import rows
from orca.store import ReadTx, Tx


def of_host(tx: ReadTx, host_id: int | None) -> rows.StoragePool | None:
    """The first pool of a host; None for a host that has not said yet what it has."""
    row = tx.first(rows.StoragePoolHostMap, hostId=host_id)
    return None if row is None else tx.get(rows.StoragePool, row.storagePoolId)


def forget(tx: Tx, host: rows.Host) -> None:
    """A host is gone, and with it what lay on it."""
    ties = tx.find(rows.StoragePoolHostMap, hostId=host.id)
    pools = tx.find(rows.StoragePool, id=[tie.storagePoolId for tie in ties])
    for row in (*tx.find(rows.Volume, hostId=host.id), *ties, *pools):
        tx.update(row, state="removed", removed=tx.now)
