# SPDX-License-Identifier: Apache-2.0
"""Hosts and their peers: a host that joins or changes learns of all others and they of it; one that leaves is
forgotten.

This touches every host of the project, a few at a time, so that other writes wait for one part at most. What is not
done when the server ends is done at the next hello.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Any

from orca.network import addresses
from orca.network.config import ConfigItems
from orca.network.membership import peer, peer_item, untold
from orca.resources import rows
from orca.store import Database, ReadTx, Record, Tx

PEERS = 20
"""Peers that one unit updates, with two items each."""
ROWS = 100
"""Rows that one unit removes."""


async def acquaint(db: Database, config: ConfigItems, host_id: int) -> None:
    """Send a host and its peers each other's items, again if the host changed meanwhile; does nothing if that was
    done.
    """
    # Of two hosts that join at the same time at least one sees the other: each wrote its row before it reads.
    while (found := await db.read(partial(_look, host_id=host_id))) is not None:
        joining, others = found
        for first in range(0, len(others), PEERS):
            some = others[first : first + PEERS]
            await db.write(partial(_meet, config=config, host_id=host_id, others=some))
        await db.write(partial(_told, host_id=host_id, joining=joining))


async def part(db: Database, config: ConfigItems, host_id: int) -> None:
    """Make the peers forget a host that is being removed; ``membership.leave`` runs in between."""
    items, own, links = await db.read(partial(_of, host_id=host_id))
    for first in range(0, len(items), ROWS):
        await db.write(partial(config.drop_rows, ids=items[first : first + ROWS]))
    of_host: tuple[tuple[type[Record], list[int]], ...] = ((rows.MeshLink, links), (rows.ConfigItemStatus, own))
    for type, ids in of_host:
        for first in range(0, len(ids), ROWS):
            await db.write(partial(_delete, type=type, ids=ids[first : first + ROWS]))


def _look(tx: ReadTx, host_id: int) -> tuple[Any, list[int]] | None:
    """The facts of a host for its peers, and the ids of all possible peers; None if it is done, or leaving."""
    host = tx.get(rows.Host, host_id)
    if host is None or not untold(host) or _range(tx, host) is None:
        return None
    others = tx.values(rows.Subnet, "hostId", accountId=host.accountId)
    return host.joining, sorted({id for (id,) in others if id is not None} - {host_id})


def _meet(tx: Tx, config: ConfigItems, host_id: int, others: Collection[int]) -> None:
    host = tx.require(rows.Host, host_id)
    subnet = _range(tx, host)
    if subnet is None:
        return
    own, theirs = peer(host, subnet), {}
    for other in tx.find(rows.Host, id=others):
        its = _range(tx, other)
        if its is not None:
            config.put(tx, other.id, peer_item(host), own)
            theirs[peer_item(other)] = peer(other, its)
    config.put_all(tx, host.id, theirs)


def _told(tx: Tx, host_id: int, joining: Any) -> None:
    host = tx.require(rows.Host, host_id)
    if host.joining == joining:
        tx.update(host, joined=joining, joining=None)


def _range(tx: ReadTx, host: rows.Host) -> rows.Subnet | None:
    """The range of a host that can have tunnels: one that has a key and is not leaving."""
    if host.removed is not None or host.state == "removing" or not host.meshCsr:
        return None
    return addresses.range_of(tx, host.id)


def _of(tx: ReadTx, host_id: int) -> tuple[list[int], list[int], list[int]]:
    """The ids of the items that describe a host, of its own items, and of its tunnels."""
    host = tx.require(rows.Host, host_id)
    items = [row.id for row in tx.find(rows.ConfigItemStatus, name=peer_item(host)) if row.description is not None]
    own = [id for (id,) in tx.values(rows.ConfigItemStatus, "id", hostId=host_id)]
    links = {*tx.values(rows.MeshLink, "id", hostId=host_id), *tx.values(rows.MeshLink, "id", peerHostId=host_id)}
    return items, own, sorted(id for (id,) in links)


def _delete(tx: Tx, type: type[Record], ids: Collection[int]) -> None:
    for row in tx.find(type, id=ids):
        tx.delete(row)
