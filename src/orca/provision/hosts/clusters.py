# SPDX-License-Identifier: Apache-2.0
"""Groups of hosts that look like one. A cluster is a kind of host without an agent, and runs nothing itself."""

from __future__ import annotations

from typing import Any

from orca.engine import Behaviour, Call, Run
from orca.resources import rows
from orca.resources.errors import Refused
from orca.store import ReadTx, Tx

behaviour = Behaviour()


@behaviour.process("cluster.create", "cluster.deactivate")
async def nothing(run: Run) -> None:
    """Do nothing: a cluster has no computer of its own."""


@behaviour.process("cluster.remove")
async def forget(run: Run) -> None:
    """Remove the cluster; its hosts stay."""

    def unit(tx: Tx) -> None:
        for tie in tx.find(rows.ClusterHostMap, clusterId=run.resource_id):
            run.engine.request(tx, tie, "remove")

    run.finish(unit)


@behaviour.action("cluster.addhost")
def add_host(tx: Tx, call: Call, row: rows.Cluster, data: dict[str, Any]) -> rows.Cluster:
    """Add a host."""
    host = tx.require(rows.Host, data["hostId"])
    if host.kind == "cluster":
        raise Refused("InvalidOption", "a cluster cannot be part of a cluster", field="hostId")
    if _ties(tx, row, host.id):
        raise Refused("NotUnique", "the host is in this cluster already", field="hostId")
    tie = tx.insert(rows.ClusterHostMap, accountId=row.accountId, clusterId=row.id, hostId=host.id)
    call.request(tx, tie, "create")
    return row


@behaviour.action("cluster.removehost")
def remove_host(tx: Tx, call: Call, row: rows.Cluster, data: dict[str, Any]) -> rows.Cluster:
    """Remove a host."""
    ties = _ties(tx, row, data["hostId"])
    if not ties:
        raise Refused("InvalidOption", "the host is not in this cluster", field="hostId")
    for tie in ties:
        call.request(tx, tie, "remove")
    return row


def _ties(tx: ReadTx, cluster: rows.Host, host_id: int) -> list[rows.ClusterHostMap]:
    return [
        row for row in tx.find(rows.ClusterHostMap, clusterId=cluster.id, hostId=host_id) if row.state != "removing"
    ]
