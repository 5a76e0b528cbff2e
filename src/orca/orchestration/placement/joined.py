# SPDX-License-Identifier: Apache-2.0
"""The containers that a container joins on their host: it shares the network of one, and takes the volumes of others.

The engine makes it only where these are: the owner of the network must run, the others must have been made.
"""

from __future__ import annotations

from orca.orchestration.placement.belongings import mode_of
from orca.resources import rows
from orca.store import ANY, ReadTx

CONTAINER = "container"
"""The mode of a container that shares another one's network."""


class Awaited(Exception):
    """A container that is joined is not there yet; the message names it."""


class Missing(Exception):
    """A container that is joined was removed; the message names it."""


def owner_of(tx: ReadTx, instance: rows.Instance) -> rows.Instance | None:
    """The container whose network it shares; None if it shares none."""
    if mode_of(instance) != CONTAINER:
        return None
    owner = tx.get(rows.Instance, instance.networkContainerId)
    return owner if owner is not None and owner.accountId == instance.accountId else None


def sources_of(tx: ReadTx, instance: rows.Instance) -> list[rows.Instance]:
    """The containers whose volumes it takes."""
    ids = instance.dataVolumesFrom or []
    return tx.find(rows.Instance, id=ids, accountId=instance.accountId, removed=ANY) if ids else []


def hosts_of(tx: ReadTx, instance: rows.Instance) -> frozenset[int]:
    """The hosts of the containers that it joins."""
    owner = owner_of(tx, instance)
    joined = [*sources_of(tx, instance), *([] if owner is None else [owner])]
    return frozenset(row.hostId for row in joined if row.hostId is not None)


def awaited(tx: ReadTx, instance: rows.Instance) -> str | None:
    """What a container waits for before it can be made; None once everything that it joins is there.

    Raises:
        Missing: it waits in vain.
    """
    owner = owner_of(tx, instance)
    if mode_of(instance) == CONTAINER and (owner is None or _gone(owner)):
        raise Missing(f"{_name(owner)}, whose network {instance.name} shares, was removed")
    if owner is not None and (owner.state != "running" or owner.externalId is None):
        return f"{owner.name}, whose network it shares, to run"
    sources = sources_of(tx, instance)
    if len(sources) < len(set(instance.dataVolumesFrom or [])):
        raise Missing(f"a container whose volumes {instance.name} takes is not there")
    for source in sources:
        if _gone(source):
            raise Missing(f"{source.name}, whose volumes {instance.name} takes, was removed")
        if source.hostId is None or source.externalId is None:
            return f"{source.name}, whose volumes it takes, to be started"
    return None


def _gone(row: rows.Instance) -> bool:
    return row.removed is not None or bool(row.leaving)


def _name(row: rows.Instance | None) -> str:
    return "the container" if row is None else str(row.name)
