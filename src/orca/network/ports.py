# SPDX-License-Identifier: Apache-2.0
"""Published ports: reserved with the placement, in force while the container runs.

A port row is ``inactive`` from placement on (nobody else may have the port on that host), ``active`` while its
container runs, and removed with it. Only an active one is a config item of the host.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from orca.hoststate.plan import items
from orca.network.config import ConfigItems
from orca.store import ReadTx, Record, Tx


def item_name(port: Record) -> str:
    """The name of a port's config item."""
    return items.PORT.item(port.uuid)


def ports_of(tx: ReadTx, instance_id: int) -> list[Record]:
    """The live port rows of a container."""
    return tx.find("port", instanceId=instance_id)


def published(tx: ReadTx, host_id: int) -> list[Record]:
    """The live port rows of a host that occupy a public port."""
    return [row for row in tx.find("port", hostId=host_id) if row.publicPort]


def open_ports(tx: Tx, config: ConfigItems, instance: Record, address: str) -> None:
    """The container runs: send its published ports to its host."""
    rows = ports_of(tx, instance.id)
    for row in rows:
        tx.update(row, state="active")
    for host_id, published in _by_host(rows).items():
        config.put_all(tx, host_id, {item_name(row): _description(row, address) for row in published})


def publish(tx: Tx, config: ConfigItems, row: Record, address: str) -> None:
    """Send one port to its host as it is now; withdraw one without a public port."""
    if row.publicPort:
        config.put(tx, row.hostId, item_name(row), _description(row, address))
    else:
        config.drop(tx, row.hostId, item_name(row))


def close_ports(tx: Tx, config: ConfigItems, instance_id: int, *, release: bool = False) -> None:
    """Withdraw the ports of a container that has stopped; ``release`` also frees them for others."""
    rows = ports_of(tx, instance_id)
    for host_id, published in _by_host(rows).items():
        config.drop_all(tx, host_id, [item_name(row) for row in published])
    for row in rows:
        if release:
            tx.update(row, state="removed", removed=tx.now)
        else:
            tx.update(row, state="inactive")


def _by_host(rows: list[Record]) -> dict[int, list[Record]]:
    """The ports that occupy a public port of a host."""
    found: defaultdict[int, list[Record]] = defaultdict(list)
    for row in rows:
        if row.hostId and row.publicPort:
            found[row.hostId].append(row)
    return found


def _description(row: Record, address: str) -> dict[str, Any]:
    return {
        "publicPort": row.publicPort,
        "privatePort": row.privatePort,
        "protocol": row.protocol,
        "bindAddress": row.bindAddress or "0.0.0.0",  # noqa: S104 - published on every address of the host
        "address": address,
    }
