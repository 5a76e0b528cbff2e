# SPDX-License-Identifier: Apache-2.0
"""Storage pools, which hold the images and volumes of a host."""

from __future__ import annotations

from orca.engine import discard
from orca.resources import rows
from orca.store import ReadTx, Tx


def of_host(tx: ReadTx, host_id: int | None) -> rows.StoragePool | None:
    """The first pool of a host; None before its first hello."""
    row = tx.first(rows.StoragePoolHostMap, hostId=host_id)
    return None if row is None else tx.get(rows.StoragePool, row.storagePoolId)


def hold(tx: Tx, volume: rows.Volume, host: rows.Host) -> None:
    """Put a volume into the pool of its host, unless it is in one."""
    pool = of_host(tx, host.id)
    if pool is not None and not tx.count(rows.VolumeStoragePoolMap, volumeId=volume.id):
        tx.insert(rows.VolumeStoragePoolMap, volumeId=volume.id, storagePoolId=pool.id, state="active")


def release(tx: Tx, volume: rows.Volume) -> None:
    """Take a removed volume out of its pool."""
    discard(tx, *tx.find(rows.VolumeStoragePoolMap, volumeId=volume.id))


def forget(tx: Tx, host: rows.Host) -> None:
    """Remove the pools of a removed host with their content."""
    ties = tx.find(rows.StoragePoolHostMap, hostId=host.id)
    pools = tx.find(rows.StoragePool, id=[tie.storagePoolId for tie in ties])
    discard(tx, *tx.find(rows.Volume, hostId=host.id), *ties, *pools)
