# SPDX-License-Identifier: Apache-2.0
"""Containers that share another one's network. Each start of the owner makes a new one: they are restarted with it."""

from __future__ import annotations

from orca.engine import Processes
from orca.network import addresses
from orca.orchestration.placement.joined import CONTAINER, owner_of
from orca.resources import rows
from orca.store import ReadTx, Tx


def of(tx: ReadTx, owner: rows.Instance) -> list[rows.Instance]:
    """The containers that share a container's network."""
    found = tx.find(rows.Instance, networkContainerId=owner.id)
    return [row for row in found if row.networkMode == CONTAINER]


def follow(tx: Tx, engine: Processes, owner: rows.Instance) -> None:
    """The owner runs: restart the containers that joined its former network."""
    for row in of(tx, owner):
        if row.state == "running" and not row.leaving and not row.nativeContainer:
            engine.request(tx, row, "restart")


def left_behind(tx: ReadTx, instance: rows.Instance) -> int | None:
    """When the owner of a container's network was started, if that was after the container; None if it was not.

    UTC milliseconds of the host's clock, which somebody may set back.
    """
    owner = owner_of(tx, instance)
    return owner.started if owner is not None and owner.state == "running" and _older(instance, owner) else None


def review(tx: Tx, engine: Processes, host: rows.Host) -> None:
    """Restart the containers of a host that joined a former network."""
    sharing = tx.table(rows.Instance).c.networkContainerId.is_not(None)
    for row in tx.rows(rows.Instance, tx.query(rows.Instance, hostId=host.id, state="running").where(sharing)):
        if not row.leaving and not row.nativeContainer and left_behind(tx, row) is not None:
            engine.request(tx, row, "restart")


def part(tx: Tx, engine: Processes, owner: rows.Instance) -> None:
    """The owner was removed: stop the containers that stand alone. Those of a service are replaced with the owner."""
    for row in of(tx, owner):
        if row.serviceId is not None or row.leaving or row.nativeContainer:
            continue
        addresses.release_address(tx, row.id)
        tx.update(row, primaryIpAddress=None)
        if row.state == "running":
            engine.request(tx, row, "stop")


def _older(row: rows.Instance, owner: rows.Instance) -> bool:
    return (row.started or 0) < (owner.started or 0)
