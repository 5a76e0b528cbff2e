# SPDX-License-Identifier: Apache-2.0
"""Images as rows: those of a project's containers, and the hosts that have them."""

from __future__ import annotations

from orca.engine import Behaviour
from orca.resources import rows
from orca.storage import pools, registries
from orca.storage.references import SIMULATED_PREFIX, image_reference
from orca.store import Tx

behaviour = Behaviour()


def ensure(tx: Tx, instance: rows.Instance, host: rows.Host) -> rows.Image | None:
    """Record the image of a placed container in its project and in the host's pool.

    A container of the platform itself has none: it runs an image of the platform, which its host has.
    The container gets another credential for the image's registry if it has none, or its own has ended.
    """
    if instance.systemContainer is not None:
        return None
    image_uuid = str(instance.imageUuid)
    name = image_reference(image_uuid)
    instance = registries.present_credential(tx, instance)
    row = tx.first(rows.Image, accountId=instance.accountId, name=name)
    if row is None:
        row = tx.insert(
            rows.Image,
            accountId=instance.accountId,
            name=name,
            format="sim" if image_uuid.startswith(SIMULATED_PREFIX) else "docker",
            kind="sim" if image_uuid.startswith(SIMULATED_PREFIX) else "docker",
            instanceKind="container",
            registryCredentialId=instance.registryCredentialId,
            build=instance.build and {**instance.build, "tag": name},
            state="active",
        )
    pool = pools.of_host(tx, host.id)
    if pool is not None and not tx.count(rows.ImageStoragePoolMap, imageId=row.id, storagePoolId=pool.id):
        tx.insert(rows.ImageStoragePoolMap, imageId=row.id, storagePoolId=pool.id, state="active")
    return row
