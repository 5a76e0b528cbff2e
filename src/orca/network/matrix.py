# SPDX-License-Identifier: Apache-2.0
"""The mesh matrix: how each host sees its tunnel to each other host. One row per ordered pair.

Agents report edges (a tunnel came or went) at once and everything once a minute; nothing is polled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

from orca import wire
from orca.resources import rows
from orca.store import ReadTx, Tx

FRESH_MS: Final = 45_000
"""An unchanged tunnel is not written again within this time. Agents report all once a minute, and after a hello."""
JITTER_MS: Final = 2_000
"""Beginnings of a tunnel, computed from its age, count as the same within this time, because reports take time."""


def record_edge(tx: Tx, host: rows.Host, edge: wire.MeshEdge) -> None:
    """A tunnel of ``host`` changed its state."""
    peer = tx.first(rows.Host, uuid=edge.peer, accountId=host.accountId)
    if peer is None or peer.id == host.id:
        # The peer was removed while the report was under way; its row went with it.
        return
    _set(
        tx,
        host,
        peer,
        tx.first(rows.MeshLink, liveKey=f"{host.id}:{peer.id}"),
        state=edge.state,
        reason=edge.reason if edge.state == "down" else None,
        rttMs=edge.rtt_ms,
        lastProbe=edge.at,
        since=edge.at - int(edge.age * 1000),
    )


def record_summary(tx: Tx, host: rows.Host, peers: Iterable[wire.PeerState]) -> None:
    """Record what ``host`` reports of some of its tunnels; hosts of other projects are ignored."""
    said = {peer.peer: peer for peer in peers if peer.peer != host.uuid}
    known = tx.find(rows.Host, uuid=list(said), accountId=host.accountId)
    found = {
        row.peerHostId: row for row in tx.find(rows.MeshLink, hostId=host.id, peerHostId=[each.id for each in known])
    }
    for other in known:
        peer = said[other.uuid]
        row = found.get(other.id)
        if row is not None and row.state == peer.state and 0 <= peer.last_probe - (row.lastProbe or 0) < FRESH_MS:
            continue  # the agent was away for a moment, and its view is unchanged
        _set(
            tx,
            host,
            other,
            row,
            state=peer.state,
            rttMs=peer.rtt_ms,
            lastProbe=peer.last_probe,
            since=tx.now - int(peer.age * 1000),
            bytesIn=peer.bytes_in,
            bytesOut=peer.bytes_out,
        )


def age_of(now: int, row: rows.MeshLink) -> int | None:
    """Seconds since the tunnel of a row came (or went); None while unknown."""
    return None if row.since is None or row.state == "unknown" else max(0, now - row.since) // 1000


def views(tx: ReadTx, agent_id: int) -> list[int]:
    """The rows of the matrix as seen by an agent's host."""
    host = tx.first(rows.Host, agentId=agent_id)
    found = [] if host is None else tx.values(rows.MeshLink, "id", "state", hostId=host.id)
    return [id for id, state in found if state != "unknown"]


def forget_views(tx: Tx, ids: Collection[int], reason: str) -> None:
    """Set these rows to unknown until the host's agent is back."""
    for row in tx.find(rows.MeshLink, id=ids):
        tx.update(row, state="unknown", reason=reason)


def _set(tx: Tx, host: rows.Host, peer: rows.Host, row: rows.MeshLink | None, **fields: Any) -> None:
    fields["encryption"] = host.encryption
    if row is None:
        tx.insert(rows.MeshLink, accountId=host.accountId, hostId=host.id, peerHostId=peer.id, **fields)
        return
    if fields["state"] == "up":
        fields["reason"] = None
    if row.state == fields["state"] and row.since and abs(row.since - fields["since"]) < JITTER_MS:
        del fields["since"]
    tx.update(row, **fields)
