# SPDX-License-Identifier: Apache-2.0
"""Rows that belong to a host: its physical host, its storage pools, its address."""

from __future__ import annotations

from typing import Any, TypeVar

from orca.engine import Core, Processes, discard
from orca.provision.hosts import machines
from orca.resources import rows
from orca.store import ANY, ReadTx, Tx

R = TypeVar("R", bound=rows.Resource)

PRIMARY = "primary"


def equip(
    tx: Tx,
    core: Core,
    host: rows.Host,
    address: str | None,
    *,
    kind: str,
    pools: int = 1,
    pool_size_mb: int | None = None,
) -> None:
    """Make missing storage pools and the address of a host; update a changed address."""
    for number in range(pools):
        pool = ensure(
            tx,
            core,
            rows.StoragePool,
            f"{host.uuid}-{number}",
            kind,
            accountId=host.accountId,
            agentId=host.agentId,
            physicalTotalSizeMb=pool_size_mb,
        )
        _tie(tx, core, rows.StoragePoolHostMap, hostId=host.id, storagePoolId=pool.id)
    if address is None:
        return
    row = ensure(
        tx,
        core,
        rows.IpAddress,
        _address_uuid(host),
        kind,
        accountId=host.accountId,
        address=address,
        role=PRIMARY,
        hostId=host.id,
    )
    if row.address != address:
        tx.update(row, address=address)
    _tie(tx, core, rows.HostIpAddressMap, hostId=host.id, ipAddressId=row.id)


def address_of(tx: ReadTx, host: rows.Host) -> rows.IpAddress | None:
    """The row of a host's outer address; None before its first hello."""
    return tx.first(rows.IpAddress, uuid=_address_uuid(host))


def _address_uuid(host: rows.Host) -> str:
    return f"{host.uuid}-ip"


def machine_below(
    tx: Tx, core: Core, agent: rows.Agent, account_id: int, uuid: str, *, kind: str, **fields: Any
) -> rows.PhysicalHost:
    """The physical host of an agent's host; a machine that a driver made is found by that uuid."""
    made = tx.first(rows.PhysicalHost, accountId=account_id, externalId=uuid)
    if made is not None:
        return made if made.agentId == agent.id else tx.update(made, agentId=agent.id)
    return ensure(tx, core, rows.PhysicalHost, uuid, kind, accountId=account_id, agentId=agent.id, **fields)


def forget(tx: Tx, engine: Processes, host: rows.Host) -> None:
    """Remove the address and the physical host of a removed host."""
    ties = tx.find(rows.HostIpAddressMap, hostId=host.id)
    found: list[rows.Resource] = [*ties, *tx.find(rows.IpAddress, id=[tie.ipAddressId for tie in ties])]
    if host.physicalHostId is not None and tx.count(rows.Host, physicalHostId=host.physicalHostId) <= 1:
        below = tx.require(rows.PhysicalHost, host.physicalHostId)
        if isinstance(below, rows.Machine):
            machines.host_is_gone(tx, engine, below)
        elif below.state != "removing":
            found.append(below)
    discard(tx, *found)


class Foreign(Exception):
    """A live row of another host or project has this uuid."""


def ensure(tx: Tx, core: Core, type: type[R], uuid: str, kind: str, **fields: Any) -> R:
    """The row with that uuid, made if there is none.

    Raises:
        Foreign: the row belongs to another project.
    """
    row = tx.first(type, uuid=uuid)
    if row is None:
        free_uuid(tx, type, uuid)
        row = tx.insert(type, uuid=uuid, kind=kind, **fields)
        core.engine.request(tx, row, "create")
    elif row.accountId != fields["accountId"]:
        raise Foreign(f"another {type.TYPE} has the uuid {uuid}")
    return row


def free_uuid(tx: Tx, type: type[rows.Resource], uuid: str) -> None:
    """Take a uuid from removed rows, because its host is back.

    Raises:
        Foreign: a live row has it.
    """
    for row in tx.find(type, uuid=uuid, removed=ANY):
        if row.removed is None:
            raise Foreign(f"another {type.TYPE} has the uuid {uuid}")
        tx.update(row, uuid=f"{uuid}-{row.id}")


def _tie(tx: Tx, core: Core, type: type[rows.Resource], **ends: int) -> None:
    if tx.first(type, **ends) is None:
        core.engine.request(tx, tx.insert(type, **ends), "create")
