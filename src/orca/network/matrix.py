# SPDX-License-Identifier: Apache-2.0
"""The mesh matrix: how each host sees its tunnel to each other host. One row per ordered pair.

Agents report edges (a tunnel came or went) at once and everything once a minute; nothing is polled.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from orca import wire
from orca.store import Record, Tx

JITTER_MS: Final = 2_000
"""A tunnel's beginning, worked out from its age, is the same one within this: reports take time."""


def record_edge(tx: Tx, host: Record, edge: wire.MeshEdge) -> None:
    """A tunnel of `host` changed its state."""
    _set(
        tx,
        host,
        edge.peer,
        state=edge.state,
        reason=edge.reason if edge.state == "down" else None,
        rttMs=edge.rtt_ms,
        lastProbe=edge.at,
        since=edge.at - int(edge.age * 1000),
    )


def record_summary(tx: Tx, host: Record, peers: Iterable[wire.PeerState]) -> None:
    """The minute's report of all tunnels of `host`."""
    for peer in peers:
        _set(
            tx,
            host,
            peer.peer,
            state=peer.state,
            rttMs=peer.rtt_ms,
            lastProbe=peer.last_probe,
            since=tx.now - int(peer.age * 1000),
            bytesIn=peer.bytes_in,
            bytesOut=peer.bytes_out,
        )


def age_of(now: int, row: Record) -> int | None:
    """Seconds since the tunnel of a row came (or went); None while nobody knows."""
    return None if row.since is None or row.state == "unknown" else max(0, now - row.since) // 1000


def forget_views(tx: Tx, host: Record, reason: str) -> None:
    """Nobody reports what `host` sees any more: its rows are unknown until its agent is back."""
    for row in tx.find("meshLink", hostId=host.id):
        tx.update(row, state="unknown", reason=reason)


def _set(tx: Tx, host: Record, peer_uuid: str, **fields: Any) -> None:
    peer = tx.first("host", uuid=peer_uuid, accountId=host.accountId)
    if peer is None:
        # The peer was removed while the report was under way; its row went with it.
        return
    fields["encryption"] = host.encryption
    row = tx.first("meshLink", hostId=host.id, peerHostId=peer.id)
    if row is None:
        tx.insert("meshLink", accountId=host.accountId, hostId=host.id, peerHostId=peer.id, **fields)
        return
    if fields["state"] == "up":
        fields["reason"] = None
    if row.state == fields["state"] and row.since and abs(row.since - fields["since"]) < JITTER_MS:
        del fields["since"]
    tx.update(row, **fields)
