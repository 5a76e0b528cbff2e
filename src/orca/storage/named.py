# SPDX-License-Identifier: Apache-2.0
"""Which volume a container means by a name, and on which hosts it can have it.

A *declared* volume was made for itself, by a request or a stack's text: it is one thing, with one place. If its data is
on a host, its containers go there. A global service has one of its own on each host, and with ``perUnit`` each unit of
a service has its own.

Every other name means a volume of the container's host, as in 2015. A container goes to a host that has one of that
name. A unit of a service goes to one that no other unit of the service uses: so a replaced container finds its data
again, and a further unit gets a volume of its own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from orca.resources import rows
from orca.storage import pools
from orca.storage.bindings import kind_of
from orca.storage.host_powers import source_of
from orca.storage.mounts import Mount
from orca.store import ReadTx
from orca.wire import names


@dataclass(frozen=True, slots=True)
class Limit:
    """The only hosts on which a container can have a volume, and why no other one can."""

    hosts: frozenset[int]
    why: str


@dataclass(frozen=True, slots=True)
class Meant:
    """What a container means by a name.

    ``known`` are the volumes that may be it, ``model`` describes one that is to be made, ``limit`` the hosts.
    """

    name: str
    known: tuple[rows.Volume, ...] = ()
    model: rows.Volume | None = None
    limit: Limit | None = None

    def on(self, host: rows.Host) -> rows.Volume | None:
        """The volume for a container on a host; None if one is to be made."""
        here = next((row for row in self.known if row.hostId == host.id), None)
        return here or next((row for row in self.known if row.hostId is None), None)


def meant(tx: ReadTx, instance: rows.Instance, mount: Mount, *, everywhere: bool) -> Meant:
    """What a container means by a mount with a name; ``everywhere``: it is one of a global service."""
    id = (instance.dataVolumeMounts or {}).get(mount.path)
    found = _named(tx, instance.accountId, mount.source)
    if id is not None:
        found = [row for row in found if row.id == id]
    model = next((row for row in found if id is not None or is_declared(row)), None)
    if model is None:
        return _of_hosts(tx, instance, mount.source, found)
    if model.perUnit:
        name = unit_name(instance, model)
        return _single(tx, name, _named(tx, instance.accountId, name), model)
    pool = pools.shared(tx, model)
    if pool is not None:
        why = f"it does not have storage pool {pool.name} of volume {mount.source}"
        return Meant(mount.source, (model,), limit=Limit(frozenset(pools.hosts_of(tx, pool)), why))
    if everywhere and kind_of(model) == "host":
        return Meant(mount.source, tuple(found), model)
    return _single(tx, mount.source, found, model)


def limits(
    tx: ReadTx, instances: Iterable[rows.Instance], mounts: Iterable[Iterable[Mount]], *, everywhere: bool
) -> tuple[Limit, ...]:
    """The limits of containers that share a host, by their mounts."""
    wanted = (
        meant(tx, instance, mount, everywhere=everywhere).limit
        for instance, group in zip(instances, mounts, strict=True)
        for mount in group
        if mount.source and not mount.is_host_path
    )
    return tuple(limit for limit in wanted if limit is not None)


def mounts_names(launch: Mapping[str, Any]) -> bool:
    """True if containers of a launch config mount volumes by name."""
    sources = (source_of(text) for text in launch.get("dataVolumes") or [])
    return bool(launch.get("dataVolumeMounts")) or any(source and not source.startswith("/") for source in sources)


def is_declared(volume: rows.Volume) -> bool:
    """True if a volume was made for itself rather than for a container that mounts its name."""
    return volume.hostId is None or volume.externalId is not None


def unit_name(instance: rows.Instance, model: rows.Volume) -> str:
    """The volume of a container's unit: the same for its successors, for the sidekicks beside it, and when the stack
    is made again.
    """
    labels = instance.labels or {}
    stack, service = labels.get(names.LABEL_STACK_NAME), labels.get(names.LABEL_SERVICE_NAME, "")
    if stack is None:
        return f"{model.name}_{instance.name}"
    unit = f"{service.split('/')[1]}_{instance.number or 0}"
    own = str(model.name).startswith(f"{written(stack)}_")
    return f"{model.name}_{unit}" if own else f"{model.name}_{written(stack)}_{unit}"


def written(stack: str) -> str:
    """The name of a stack in names of volumes, which may hold fewer characters."""
    return re.sub(r"[^A-Za-z0-9_.-]", "-", stack).lstrip("_.-")


def _named(tx: ReadTx, account_id: int, name: str) -> list[rows.Volume]:
    found = tx.find(rows.Volume, accountId=account_id, name=name)
    return [row for row in found if not (row.isHostPath or row.anonymous or row.state in ("removing", "purging"))]


def _single(tx: ReadTx, name: str, found: Collection[rows.Volume], model: rows.Volume) -> Meant:
    """One volume with one place, if it has one already."""
    held = {row.hostId for row in found if row.hostId is not None}
    free = any(row.hostId is None for row in found)
    limit = None if free or not held else _on(tx, name, held)
    return Meant(name, tuple(found), model, limit)


def _of_hosts(tx: ReadTx, instance: rows.Instance, name: str, found: Collection[rows.Volume]) -> Meant:
    """Volumes of hosts: any of these, but none that another unit of the same service uses."""
    hosts = {row.hostId for row in found if row.hostId is not None and kind_of(row) == "host"}
    if not hosts or instance.requestedHostId is not None:
        return Meant(name, tuple(found))
    if instance.serviceId is not None:
        units = tx.find(rows.Instance, serviceId=instance.serviceId, hostId=hosts)
        hosts -= {row.hostId for row in units if row.number != instance.number}
    return Meant(name, tuple(found), limit=_on(tx, name, hosts) if hosts else None)


def _on(tx: ReadTx, name: str, hosts: Collection[int]) -> Limit:
    names = sorted(str(host_name) for (host_name,) in tx.values(rows.Host, "name", id=hosts))
    return Limit(frozenset(hosts), f"volume {name} is on {', '.join(names)}")
