# SPDX-License-Identifier: Apache-2.0
"""Pools of addresses that are routed elsewhere: the caller that acquires one keeps it until its row is removed."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Any

from orca.engine import Behaviour, Call
from orca.resources import rows
from orca.resources.errors import Refused
from orca.store import Tx

behaviour = Behaviour()

FIRST, UNUSED_END = 2, 5
"""Where a pool begins and ends by default: in a /24 at .2 and .250."""


@behaviour.action("ipPool.acquire")
def acquire(tx: Tx, call: Call, pool: rows.IpPool, _given: dict[str, Any]) -> rows.IpAddress:
    """Give the caller the lowest free address of the pool."""
    first, last = bounds(pool)
    taken = held(tx, pool)
    address = next((text for text in map(str, map(IPv4Address, range(first, last + 1))) if text not in taken), None)
    if address is None:
        message = f"the pool is used up: all {max(last - first + 1, 0)} addresses are taken; remove an ipAddress of it"
        raise Refused("MaxLimitExceeded", message)
    row = tx.insert(rows.IpAddress, accountId=call.account_id, state="active", address=address)
    tx.insert(
        rows.ResourcePool,
        accountId=call.account_id,
        poolType=pool.type,
        poolId=pool.id,
        qualifier="ipAddress",
        item=address,
        ownerType=row.type,
        ownerId=row.id,
    )
    return row


def held(tx: Tx, pool: rows.IpPool) -> set[str]:
    """The addresses that are given out. An address whose row was removed returns to the pool."""
    items = tx.find(rows.ResourcePool, poolType=pool.type, poolId=pool.id, qualifier="ipAddress")
    live = {id for (id,) in tx.values(rows.IpAddress, "id", id=[item.ownerId for item in items])}
    for item in items:
        if item.ownerId not in live:
            tx.update(item, removed=tx.now)
    return {str(item.item) for item in items if item.ownerId in live} | {str(pool.get("gateway"))}


def bounds(pool: rows.IpPool) -> tuple[int, int]:
    """The first and the last address to give, as numbers."""
    address = pool.get("networkAddress")
    if address is None:
        raise Refused("MissingRequired", "the pool has no range: give it a networkAddress", field="networkAddress")
    size = pool.get("cidrSize") or 24
    try:
        network = IPv4Network(f"{address}/{size}")
    except ValueError:
        message = f"{address}/{size} is not an IPv4 network: give its first address, 192.0.2.0 for example"
        raise Refused("InvalidFormat", message, field="networkAddress") from None
    first = end_of(pool, "startAddress", network, network[FIRST])
    last = end_of(pool, "endAddress", network, network[-1 - UNUSED_END])
    return int(first), int(last)


def end_of(pool: rows.IpPool, field: str, network: IPv4Network, default: IPv4Address) -> IPv4Address:
    """One end of the pool: as given, if it lies in the network."""
    text = pool.get(field)
    try:
        address = IPv4Address(text) if text else default
    except ValueError:
        raise Refused("InvalidFormat", f"{text} is not an IPv4 address", field=field) from None
    if address not in network:
        raise Refused("InvalidOption", f"{text} does not lie in {network}", field=field)
    return address
