# SPDX-License-Identifier: Apache-2.0
"""The root volume of a container: what it writes outside of its mounts. It lives and ends with its container.

Source: docs/v1.md, section 7.17.
"""

from __future__ import annotations

from orca.engine import discard
from orca.resources import rows
from orca.storage import pools
from orca.storage.mounts import LOCAL
from orca.store import ReadTx, Tx

DEVICE = 0
"""The device number of a root volume; the other volumes of a container have none."""


def make(tx: Tx, instance: rows.Instance) -> None:
    """Make the root volume of a new container."""
    tx.insert(
        rows.Volume,
        accountId=instance.accountId,
        state="inactive",
        allocationState="inactive",
        attachedState="active",
        instanceId=instance.id,
        deviceNumber=DEVICE,
        driver=LOCAL,
        isHostPath=False,
    )


def of(tx: ReadTx, instance: rows.Instance) -> rows.Volume | None:
    """The root volume of a live container; None once the container was removed."""
    return tx.first(rows.Volume, instanceId=instance.id, deviceNumber=DEVICE)


def attach(tx: Tx, instance: rows.Instance, host: rows.Host, image: rows.Image | None = None) -> None:
    """Its container was placed, or runs: the volume is on that host, and made from that image."""
    volume = of(tx, instance)
    if volume is None:
        return
    if volume.hostId is not None:
        pools.activate(tx, volume)
        return
    made_from = None if image is None else image.id
    tx.update(volume, state="active", allocationState="active", hostId=host.id, imageId=made_from)
    pools.put(tx, volume, host)


def detach(tx: Tx, instance: rows.Instance) -> None:
    """Its container does not run."""
    volume = of(tx, instance)
    if volume is not None:
        pools.rest(tx, volume)


def remove(tx: Tx, instance: rows.Instance) -> rows.Volume | None:
    """Its container was removed; return the volume, which is removed too."""
    volume = of(tx, instance)
    if volume is not None:
        discard(tx, volume)
    return volume


def is_root(tx: ReadTx, volume: rows.Volume) -> bool:
    """True if it is the root volume of a container that is not removed."""
    instance = tx.get(rows.Instance, volume.instanceId)
    return instance is not None and instance.removed is None
