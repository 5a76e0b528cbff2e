# SPDX-License-Identifier: Apache-2.0
"""Ports of containers: they exist as long as the container, and are in force while it runs.

A port row is ``inactive`` from the container's creation on. With the placement it gets its host, so that no other
container gets the public port there. It is ``active`` while its container runs, and removed with it. Only an active one
is a config item of the host.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from orca.engine import discard
from orca.hoststate.plan import items
from orca.network.config import ConfigItems
from orca.resources import rows
from orca.store import ReadTx, Tx


def item_name(port: rows.Port) -> str:
    """The name of a port's config item."""
    return items.PORT.item(port.uuid)


def ports_of(tx: ReadTx, instance: rows.Instance) -> list[rows.Port]:
    """The live port rows of a container; only one that was made with ports has any."""
    return tx.find(rows.Port, instanceId=instance.id) if instance.ports else []


def published(tx: ReadTx, host_id: int) -> list[rows.Port]:
    """The live port rows of a host that occupy a public port."""
    return [row for row in tx.find(rows.Port, hostId=host_id) if row.publicPort]


def open_ports(tx: Tx, config: ConfigItems, instance: rows.Instance, address: str) -> None:
    """The container runs: send its published ports to its host."""
    found = ports_of(tx, instance)
    for row in found:
        tx.update(row, state="active")
    for host_id, published in _by_host(found).items():
        config.put_all(tx, host_id, {item_name(row): _description(row, address) for row in published})


def publish(tx: Tx, config: ConfigItems, row: rows.Port, address: str) -> None:
    """Send one port to its host, if it has one, as it is now; withdraw one without a public port."""
    if row.hostId is None:
        return
    if row.publicPort:
        config.put(tx, row.hostId, item_name(row), _description(row, address))
    else:
        config.drop(tx, row.hostId, item_name(row))


def reserve(tx: Tx, row: rows.Port, host_id: int, *, public: int | None, private: int | None) -> None:
    """Give a port its place: the host, and the ``ipAddress`` rows of host and container.

    Raises:
        NotUnique: another container has the public port there.
    """
    tx.update(row, hostId=host_id, publicIpAddressId=public, privateIpAddressId=private)


def close_ports(tx: Tx, config: ConfigItems, instance: rows.Instance) -> list[rows.Port]:
    """Withdraw the ports of a container that has stopped, and return them."""
    found = ports_of(tx, instance)
    for host_id, published in _by_host(found).items():
        config.drop_all(tx, host_id, [item_name(row) for row in published])
    for row in found:
        tx.update(row, state="inactive")
    return found


def free_ports(tx: Tx, config: ConfigItems, instance: rows.Instance) -> None:
    """Withdraw the ports of a container that has stopped, and free them for others until it is placed again."""
    for row in close_ports(tx, config, instance):
        tx.update(row, hostId=None, publicIpAddressId=None, privateIpAddressId=None)


def remove_ports(tx: Tx, config: ConfigItems, instance: rows.Instance) -> None:
    """Remove the ports of a container that was removed."""
    for row in close_ports(tx, config, instance):
        tx.update(row, publicIpAddressId=None, privateIpAddressId=None)
        discard(tx, row)


def _by_host(chosen: list[rows.Port]) -> dict[int, list[rows.Port]]:
    """The ports that occupy a public port of a host."""
    found: defaultdict[int, list[rows.Port]] = defaultdict(list)
    for row in chosen:
        if row.hostId and row.publicPort:
            found[row.hostId].append(row)
    return found


def _description(row: rows.Port, address: str) -> dict[str, Any]:
    return {
        "publicPort": row.publicPort,
        "privatePort": row.privatePort,
        "protocol": row.protocol,
        "bindAddress": row.bindAddress or "0.0.0.0",  # noqa: S104 - published on every address of the host
        "address": address,
    }
