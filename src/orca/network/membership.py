# SPDX-License-Identifier: Apache-2.0
"""Who is in the mesh: the config items ``network``, ``mesh`` and ``peer/<uuid>`` of the hosts of one project.

A new host costs each existing host exactly one item; a host that leaves, one removal. Unchanged items are not touched:
``ConfigItems.put`` keeps their version.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from orca.hoststate.plan import items
from orca.hoststate.plan.network import BRIDGE, DOCKER_NETWORK
from orca.network import addresses, pki
from orca.network.config import ConfigItems
from orca.resources import rows
from orca.store import Tx

ITEMS = 1
"""Raised when the form of the items below changes: every host then gets them at its next hello."""
RENEW_BEFORE = timedelta(days=180)
"""A certificate that ends sooner than this is renewed at a hello."""


def peer_item(host: rows.Host) -> str:
    """The name of the config item that describes ``host`` to its peers."""
    return items.PEER.item(host.uuid)


def join(tx: Tx, config: ConfigItems, host: rows.Host, subnet: rows.Subnet, images: Mapping[str, str]) -> None:
    """Send ``host`` its own network, if that changed. For its peers see ``untold``.

    ``images`` names the images of the network agent (``net``), the resolver (``dns``) and the checker (``haproxy``).
    """
    network = addresses.network_of(tx, host.accountId)
    about_network = {
        "cidr": network.cidr,
        "subnet": addresses.cidr_of(subnet),
        "bridge": BRIDGE,
        "network": DOCKER_NETWORK,
        "images": dict(images),
    }
    # Nobody can have a tunnel to a host without a key.
    own = peer(host, subnet) if host.meshCsr else None
    joined = [ITEMS, about_network, own]
    before, telling = host.joined, host.joining
    if (telling or before) == joined:
        return
    told = before is not None and (before[0], before[2]) == (ITEMS, own)
    if telling is None and (told or own is None):
        tx.update(host, joined=joined)
    else:
        tx.update(host, joining=joined)
    config.begin(tx, host.id)
    config.put(tx, host.id, items.NETWORK.item(), about_network)


def untold(host: rows.Host) -> bool:
    """True if a host and its peers do not have each other's items yet; ``peers.acquaint`` sends them."""
    return host.removed is None and host.joining is not None


def certify(tx: Tx, config: ConfigItems, host: rows.Host, authority: pki.Authority) -> None:
    """Sign the host's request and send the certificate, unless it has a current one of this authority for its key.

    Raises:
        pki.BadRequest: the host's request cannot be signed.
    """
    if host.meshCsr is None:
        raise pki.BadRequest("the host gave none")
    now = datetime.fromtimestamp(tx.now / 1000, UTC)
    held = config.wanted(tx, host.id, items.MESH.item())
    certificate = held.get("certificate") if held and held.get("ca") == authority.certificate else None
    if certificate is None or not _fits(certificate, host.meshCsr, now):
        certificate = authority.sign(host.meshCsr, host.uuid, now)
    wanted = {"id": host.uuid, "certificate": certificate, "ca": authority.certificate}
    config.put(tx, host.id, items.MESH.item(), wanted)


def leave(tx: Tx, config: ConfigItems, host: rows.Host) -> None:
    """Make the peers forget ``host`` and free its range. Needs no answer from the host, which may be dead.

    ``peers.part`` did most of it before, in several units.
    """
    config.drop_everywhere(tx, peer_item(host))
    for link in [*tx.find(rows.MeshLink, hostId=host.id), *tx.find(rows.MeshLink, peerHostId=host.id)]:
        tx.delete(link)
    addresses.release_range(tx, host.id)
    config.forget(tx, host.id)
    tx.update(host, joined=None, joining=None)


def peer(host: rows.Host, subnet: rows.Subnet) -> dict[str, Any]:
    """The description of ``host`` for its peers."""
    return {"name": host.name, "address": host.agentIpAddress, "subnet": addresses.cidr_of(subnet)}


def _fits(certificate: str, request: str, now: datetime) -> bool:
    if pki.not_after(certificate) - now < RENEW_BEFORE:
        return False
    return pki.public_key_of(certificate) == pki.public_key_of(request)
