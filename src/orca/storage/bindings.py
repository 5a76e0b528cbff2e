# SPDX-License-Identifier: Apache-2.0
"""What binds a container to its host, or forbids a second one of it elsewhere: the named volumes that it mounts.

A folder of the host binds nobody: the platform cannot know whether it matters. Who needs it names the host by a label.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from orca.resources import rows
from orca.storage.mounts import LOCAL
from orca.store import ANY, ReadTx

Kind = Literal["host", "shared", "passing"]
"""Where the data of a volume is: on its ``host``, on a server that several hosts reach, or nowhere for long."""
_SHARED_TYPES = frozenset({"nfs", "nfs4", "cifs", "smb3"})
_PASSING_TYPES = frozenset({"tmpfs", "ramfs"})
MOST_SOURCES = 100
"""Most containers that are followed to find whose volumes one takes."""


@dataclass(frozen=True, slots=True)
class Bindings:
    """The named volumes of a container, by name.

    ``local`` have their data on the container's host only: it cannot run elsewhere with them. ``shared`` are writable
    there and elsewhere: two copies of the container must never run at once.
    """

    local: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()


def kind_of(volume: rows.Volume) -> Kind:
    """Where the data of a volume is; anonymous volumes, root volumes and folders of the host bind nobody."""
    if volume.isHostPath or volume.anonymous or volume.instanceId is not None:
        return "passing"
    return place_of(volume.driver, volume.driverOpts)


def place_of(driver: str | None, options: Mapping[str, Any] | None) -> Kind:
    """Where the data of a volume with this driver and these options is."""
    if (driver or LOCAL) != LOCAL:
        return "shared"
    type = str((options or {}).get("type", ""))
    if type in _SHARED_TYPES:
        return "shared"
    return "passing" if type in _PASSING_TYPES else "host"


def bindings(tx: ReadTx, instances: Iterable[rows.Instance]) -> dict[int, Bindings]:
    """By id of container: the volumes that bind it, with those that it takes from others (``dataVolumesFrom``).

    Containers that nothing binds are left out. Containers of one deployment unit are bound by each other's: the caller
    asks for all of them.
    """
    sources = {instance.id: _with_sources(tx, instance) for instance in instances}
    mounts: defaultdict[int, list[tuple[int, str | None]]] = defaultdict(list)
    ids = {id for found in sources.values() for id in found}
    for mount in tx.find(rows.Mount, instanceId=ids) if ids else []:
        mounts[mount.instanceId].append((mount.volumeId, mount.permissions))
    wanted = {volume_id for found in mounts.values() for volume_id, _ in found}
    kinds = {row.id: (kind_of(row), str(row.name)) for row in (tx.find(rows.Volume, id=wanted) if wanted else [])}
    result: dict[int, Bindings] = {}
    for id, others in sources.items():
        held = [(*kinds[volume], how) for other in others for volume, how in mounts[other] if volume in kinds]
        local = sorted({name for kind, name, _ in held if kind == "host"})
        shared = sorted({name for kind, name, how in held if kind == "shared" and how != "ro"})
        if local or shared:
            result[id] = Bindings(tuple(local), tuple(shared))
    return result


def _with_sources(tx: ReadTx, instance: rows.Instance) -> Sequence[int]:
    """The container and those whose volumes it takes, directly or through others."""
    found = [instance.id]
    left = list(instance.dataVolumesFrom or [])
    while left and len(found) < MOST_SOURCES:
        fresh = [row for row in tx.find(rows.Instance, id=left, removed=ANY) if row.id not in found]
        found += [row.id for row in fresh]
        left = [id for row in fresh for id in row.dataVolumesFrom or []]
    return found
