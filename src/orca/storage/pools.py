# SPDX-License-Identifier: Apache-2.0
"""Storage pools: where the images and volumes of a host lie."""

from __future__ import annotations

from orca.store import ReadTx, Record, Tx


def of_host(tx: ReadTx, host_id: int | None) -> Record | None:
    """The first pool of a host; None for a host that has not said yet what it has."""
    row = tx.first("storagePoolHostMap", hostId=host_id)
    return None if row is None else tx.get("storagePool", row.storagePoolId)


def forget(tx: Tx, host: Record) -> None:
    """A host is gone, and with it what lay on it."""
    rows = [row for type in ("volume", "storagePoolHostMap") for row in tx.find(type, hostId=host.id)]
    rows += tx.find("storagePool", id=[row.storagePoolId for row in rows if row.type == "storagePoolHostMap"])
    for row in rows:
        tx.update(row, state="removed", removed=tx.now)
