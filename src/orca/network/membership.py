# SPDX-License-Identifier: Apache-2.0
"""Who is in the mesh: the config items `network`, `mesh` and `peer/<uuid>` of the hosts of one project.

A new host costs each existing host exactly one item; a host that leaves, one removal. What did not change is not
touched: `ConfigItems.put` keeps the version of an item whose description is the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from orca.network import addresses, pki
from orca.network.config import ConfigItems
from orca.store import ReadTx, Record, Tx

BRIDGE = "orca0"
DOCKER_NETWORK = "orca"
ITEMS = 1
"""Goes up when the items below get another form: every host then gets them at its next hello."""
RENEW_BEFORE = timedelta(days=180)
"""A certificate is renewed at a hello when it ends sooner than this."""


def peer_item(host: Record) -> str:
    """The name of the config item that tells others about `host`."""
    return f"peer/{host.uuid}"


def members(tx: ReadTx, project_id: int) -> list[Record]:
    """The hosts of a project that can have tunnels: with a range and a key of their own, and not leaving."""
    ranged = {row.hostId for row in tx.find("subnet", accountId=project_id)}
    return [
        host
        for host in tx.find("host", accountId=project_id)
        if host.id in ranged and host.meshCsr and host.state != "removing"
    ]


def join(tx: Tx, config: ConfigItems, host: Record, subnet: Record, images: Mapping[str, str]) -> None:
    """Tell `host` its own network and all its peers, and its peers about it; nothing when all that is as it was.

    `images` names the images of the network agent (`net`) and the resolver (`dns`).
    """
    network = addresses.network_of(tx, host.accountId)
    about_network = {
        "cidr": network.cidr,
        "subnet": addresses.cidr_of(subnet),
        "bridge": BRIDGE,
        "network": DOCKER_NETWORK,
        "images": dict(images),
    }
    own = _peer(host, subnet)
    # Nobody can have a tunnel to a host without a key.
    joined = [ITEMS, about_network, own if host.meshCsr else None]
    before = host.data.get("joined")
    if before == joined:
        return
    # Of two hosts that join at the same time the second sees the first.
    tx.lock(network)
    tx.update(host, data={"joined": joined})
    config.begin(tx, host.id)
    config.put(tx, host.id, "network", about_network)
    told = before is not None and (before[0], before[2]) == (joined[0], joined[2])
    if told or not host.meshCsr:
        return
    for other in members(tx, host.accountId):
        if other.id == host.id:
            continue
        config.put(tx, other.id, peer_item(host), own)
        theirs = addresses.range_of(tx, other.id)
        if theirs is not None:
            config.put(tx, host.id, peer_item(other), _peer(other, theirs))


def certify(tx: Tx, config: ConfigItems, host: Record, authority: pki.Authority) -> None:
    """Sign the host's request and send it, unless its certificate is of this authority, fits the key and lasts.

    Raises:
        pki.BadRequest: the host's request cannot be signed.
    """
    now = datetime.fromtimestamp(tx.now / 1000, UTC)
    held = config.wanted(tx, host.id, "mesh")
    certificate = held.get("certificate") if held and held.get("ca") == authority.certificate else None
    if certificate is None or not _fits(certificate, host.meshCsr, now):
        certificate = authority.sign(host.meshCsr, host.uuid, now)
    config.put(tx, host.id, "mesh", {"id": host.uuid, "certificate": certificate, "ca": authority.certificate})


def leave(tx: Tx, config: ConfigItems, host: Record) -> None:
    """Make the peers forget `host` and free its range. Needs no answer from the host, which may be dead."""
    for other in members(tx, host.accountId):
        if other.id != host.id:
            config.drop(tx, other.id, peer_item(host))
    for link in [*tx.find("meshLink", hostId=host.id), *tx.find("meshLink", peerHostId=host.id)]:
        tx.delete(link)
    addresses.release_range(tx, host.id)
    config.forget(tx, host.id)
    tx.update(host, data={"joined": None})


def _peer(host: Record, subnet: Record) -> dict[str, Any]:
    return {"name": host.name, "address": host.agentIpAddress, "subnet": addresses.cidr_of(subnet)}


def _fits(certificate: str, request: str, now: datetime) -> bool:
    if pki.not_after(certificate) - now < RENEW_BEFORE:
        return False
    return pki.public_key_of(certificate) == pki.public_key_of(request)
