# SPDX-License-Identifier: Apache-2.0
"""What belongs to a host: the machine below it, where its images and volumes lie, the address it is reached at."""

from __future__ import annotations

from typing import Any

from orca.engine import Core, Processes
from orca.provision.hosts import machines
from orca.store import ANY, Record, Tx

PRIMARY = "primary"


def equip(
    tx: Tx,
    core: Core,
    host: Record,
    address: str | None,
    *,
    kind: str,
    pools: int = 1,
    pool_size_mb: int | None = None,
) -> None:
    """Make what a host lacks of storage pools and of its address; a changed address is followed."""
    for number in range(pools):
        pool = ensure(
            tx,
            core,
            "storagePool",
            f"{host.uuid}-{number}",
            kind,
            accountId=host.accountId,
            agentId=host.agentId,
            physicalTotalSizeMb=pool_size_mb,
        )
        _tie(tx, core, "storagePoolHostMap", hostId=host.id, storagePoolId=pool.id)
    if address is None:
        return
    row = ensure(
        tx,
        core,
        "ipAddress",
        f"{host.uuid}-ip",
        kind,
        accountId=host.accountId,
        address=address,
        role=PRIMARY,
        hostId=host.id,
    )
    if row.address != address:
        tx.update(row, address=address)
    _tie(tx, core, "hostIpAddressMap", hostId=host.id, ipAddressId=row.id)


def machine_below(tx: Tx, core: Core, agent: Record, account_id: int, uuid: str, *, kind: str, **fields: Any) -> Record:
    """The physical host of an agent's host; one that the platform made itself is known by that uuid already."""
    made = tx.first("physicalHost", accountId=account_id, externalId=uuid)
    if made is not None:
        return made if made.agentId == agent.id else tx.update(made, agentId=agent.id)
    return ensure(tx, core, "physicalHost", uuid, kind, accountId=account_id, agentId=agent.id, **fields)


def forget(tx: Tx, engine: Processes, host: Record) -> None:
    """A host is gone: so are its address and the machine below it."""
    ties = tx.find("hostIpAddressMap", hostId=host.id)
    rows = [*ties, *tx.find("ipAddress", id=[tie.ipAddressId for tie in ties])]
    if host.physicalHostId is not None and tx.count("host", physicalHostId=host.physicalHostId) <= 1:
        below = tx.require("physicalHost", host.physicalHostId)
        if below.kind == "machine":
            machines.host_is_gone(tx, engine, below)
        else:
            rows.append(below)
    for row in rows:
        tx.update(row, state="removed", removed=tx.now)


class Foreign(Exception):
    """A uuid that a live row of another host or project has."""


def ensure(tx: Tx, core: Core, type: str, uuid: str, kind: str, **fields: Any) -> Record:
    """The row of that uuid, made when there is none.

    Raises:
        Foreign: the row belongs to another project.
    """
    row = tx.first(type, uuid=uuid)
    if row is None:
        free_uuid(tx, type, uuid)
        row = tx.insert(type, uuid=uuid, kind=kind, **fields)
        core.engine.request(tx, row, "create")
    elif row.accountId != fields["accountId"]:
        raise Foreign(f"another {type} has the uuid {uuid}")
    return row


def free_uuid(tx: Tx, type: str, uuid: str) -> None:
    """Have removed rows give a uuid up: what they stood for is there again.

    Raises:
        Foreign: a live row has it.
    """
    for row in tx.find(type, uuid=uuid, removed=ANY):
        if row.removed is None:
            raise Foreign(f"another {type} has the uuid {uuid}")
        tx.update(row, uuid=f"{uuid}-{row.id}")


def _tie(tx: Tx, core: Core, type: str, **ends: int) -> None:
    if tx.first(type, **ends) is None:
        core.engine.request(tx, tx.insert(type, **ends), "create")
