# SPDX-License-Identifier: Apache-2.0
"""Storage pools, which hold the images and volumes of a host."""

from __future__ import annotations

from orca.engine import discard
from orca.resources import rows
from orca.store import ReadTx, Tx


def of_host(tx: ReadTx, host_id: int | None) -> rows.StoragePool | None:
    """The first pool of a host itself; None before its first hello."""
    ties = tx.find(rows.StoragePoolHostMap, hostId=host_id)
    own = (tx.get(rows.StoragePool, tie.storagePoolId) for tie in ties)
    return next((pool for pool in own if pool is not None and not pool.external), None)


def of_driver(tx: ReadTx, account_id: int, driver: str | None) -> rows.StoragePool | None:
    """The project's pool that agents reported for a driver."""
    found = tx.find(rows.StoragePool, accountId=account_id, external=True)
    return next((pool for pool in found if driver and driver in (pool.driverName, pool.name)), None)


def shared(tx: ReadTx, volume: rows.Volume) -> rows.StoragePool | None:
    """The reported pool that a volume is in; None if it is a host's own."""
    tie = tx.first(rows.VolumeStoragePoolMap, volumeId=volume.id)
    pool = None if tie is None else tx.get(rows.StoragePool, tie.storagePoolId)
    return pool if pool is not None and pool.external else None


def hosts_of(tx: ReadTx, pool: rows.StoragePool) -> list[int]:
    """The hosts that have a pool."""
    ties = tx.find(rows.StoragePoolHostMap, storagePoolId=pool.id)
    return [tie.hostId for tie in ties if tie.state != "removing"]


def hosts_with(tx: ReadTx, volume: rows.Volume) -> list[int]:
    """The hosts in whose own pools a volume is: several, if its data is elsewhere."""
    ties = tx.find(rows.VolumeStoragePoolMap, volumeId=volume.id)
    held = tx.find(rows.StoragePool, id=[tie.storagePoolId for tie in ties]) if ties else []
    return [id for pool in held if not pool.external for id in hosts_of(tx, pool)]


def put(tx: Tx, volume: rows.Volume, host: rows.Host) -> None:
    """Put a volume that is in no pool into the one of its host."""
    pool = of_host(tx, host.id)
    if pool is not None:
        tx.insert(rows.VolumeStoragePoolMap, volumeId=volume.id, storagePoolId=pool.id, state="active")


def hold(tx: Tx, volume: rows.Volume, host: rows.Host) -> None:
    """Put a volume into the pool of a host, unless it is there."""
    pool = of_host(tx, host.id)
    if pool is not None and not tx.count(rows.VolumeStoragePoolMap, volumeId=volume.id, storagePoolId=pool.id):
        tx.insert(rows.VolumeStoragePoolMap, volumeId=volume.id, storagePoolId=pool.id, state="active")


def activate(tx: Tx, volume: rows.Volume) -> rows.Volume:
    """Make a volume active, and with it its place in its pool, as in 2015."""
    _follow(tx, volume, "active")
    return tx.update(volume, state="active", allocationState="active")


def rest(tx: Tx, volume: rows.Volume) -> rows.Volume:
    """Make a volume inactive that no container uses now, and with it its place in its pool."""
    _follow(tx, volume, "inactive")
    return tx.update(volume, state="inactive")


def _follow(tx: Tx, volume: rows.Volume, state: str) -> None:
    if volume.state != state:
        for tie in tx.find(rows.VolumeStoragePoolMap, volumeId=volume.id):
            tx.update(tie, state=state)


def release(tx: Tx, volume: rows.Volume) -> None:
    """Take a removed volume out of its pool."""
    discard(tx, *tx.find(rows.VolumeStoragePoolMap, volumeId=volume.id))


def forget(tx: Tx, host: rows.Host) -> None:
    """Remove the own pools of a removed host with their content; those that others share stay."""
    ties = tx.find(rows.StoragePoolHostMap, hostId=host.id)
    pools = [pool for pool in tx.find(rows.StoragePool, id=[tie.storagePoolId for tie in ties]) if not pool.external]
    held = tx.find(rows.VolumeStoragePoolMap, storagePoolId=[pool.id for pool in pools]) if pools else []
    discard(tx, *tx.find(rows.Volume, hostId=host.id), *held, *ties, *pools)
