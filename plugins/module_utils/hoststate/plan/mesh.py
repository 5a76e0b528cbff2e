# SPDX-License-Identifier: Apache-2.0
"""The tunnels of a host: files for strongSwan's ``swanctl``, one per peer, so that peers change independently.

Described by ``{cidr, subnet, id, certificate, ca, peers: {host uuid: {name, address, subnet}}}``.

Format: https://docs.strongswan.org/docs/latest/swanctl/swanctlConf.html
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Dict, Mapping, NamedTuple, Optional

from .addressing import HostRange, initiates
from .items import MESH, PEER
from .network import environment

SETTINGS, CERTIFICATE, CA, KEY = "swanctl.conf", "x509/host.pem", "x509ca/ca.pem", "private/host.key"
CONNECTIONS = "conf.d"

_IDENTITY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}\Z")
_IKE_PROPOSAL = "aes128gcm16-prfsha256-x25519"
_ESP_PROPOSAL = "aes128gcm16-x25519"

#: Seconds without traffic before charon checks that a peer is alive; the image's strongswan.conf says how often.
DPD_DELAY = 2

_TEMPLATE = """\
# {name}
connections {{
  peer-{peer} {{
    version = 2
    # Calls the first address, accepts a peer that comes from any other: it is known by its certificate.
    remote_addrs = {address}, 0.0.0.0/0
    proposals = {ike}
    dpd_delay = {dpd}s
    mobike = no
    unique = replace
    keyingtries = 0
    rekey_time = {ike_rekey}
    local {{
      auth = pubkey
      certs = host.pem
      id = {own}
    }}
    remote {{
      auth = pubkey
      id = {peer}
      cacerts = ca.pem
    }}
    children {{
      peer-{peer} {{
        local_ts = {own_subnet}
        remote_ts = {peer_subnet}
        esp_proposals = {esp}
        rekey_time = {esp_rekey}
        start_action = {start}
        # Ended or silent tunnels are begun again by the network agent's mesh-heal, which knows whether another is up.
        # Answering the end of a duplicate with a new tunnel would make the next duplicate.
        close_action = none
        dpd_action = clear
      }}
    }}
  }}
}}
"""


class Wanted(NamedTuple):
    """Files below the mesh directory: relative path -> text, and connection files by peer."""

    files: Dict[str, str]
    peers: Dict[str, str]


def describe(items: Mapping[str, Mapping[str, Any]]) -> Optional[Dict[str, Any]]:
    """Join config items (name -> description); ``None``: the host has no network, or no certificate yet."""
    base, own = environment(items), items.get(MESH.item())
    if base is None or own is None:
        return None
    return dict(base, **dict(own, peers={key: dict(item) for key, item in PEER.of(items).items()}))


def plan(description: Mapping[str, Any]) -> Wanted:
    """Files for ``description`` (kind ``mesh``).

    :raises ValueError: an identity, address or subnet is not one, or a peer claims this host's own subnet.
    """
    certificate, ca = _text(description["certificate"]), _text(description["ca"])
    files = {SETTINGS: "include conf.d/*.conf\n", CERTIFICATE: certificate, CA: ca}
    peers = {peer: connection(description, peer, item) for peer, item in description["peers"].items()}
    return Wanted(files, peers)


def connection(description: Mapping[str, Any], peer: str, item: Mapping[str, Any]) -> str:
    """The connection file of one peer.

    Only one side of a pair dials and rekeys the tunnel, or there would be duplicates: the one with the lower range.
    """
    own, other = HostRange(description["subnet"]), HostRange(item["subnet"])
    if own.network.overlaps(other.network):
        raise ValueError("peer {0}: its subnet {1} overlaps this host's {2}".format(peer, other.subnet, own.subnet))
    begins = initiates(own.subnet, other.subnet)
    return _TEMPLATE.format(
        name=re.sub(r"[^\w.-]", "_", str(item.get("name") or peer)),
        peer=_identity(peer),
        own=_identity(description["id"]),
        address=ipaddress.IPv4Address(item["address"]),
        own_subnet=own.subnet,
        peer_subnet=other.subnet,
        ike=_IKE_PROPOSAL,
        esp=_ESP_PROPOSAL,
        dpd=DPD_DELAY,
        ike_rekey="4h" if begins else "0",
        esp_rekey="1h" if begins else "0",
        start="start" if begins else "none",
    )


def restarts(before: str, after: str) -> bool:
    """True if the tunnel of a changed connection file must be restarted, which only its initiator does.

    A responder only learns what to accept; if it dropped the tunnel, the initiator would still believe in it.
    """
    return "start_action = start" in after and _statements(before) != _statements(after)


def _statements(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))


def _identity(text: str) -> str:
    if not _IDENTITY.match(text):
        raise ValueError("{0!r} is not an identity (letters, digits and hyphens)".format(text))
    return text


def _text(pem: str) -> str:
    return pem.strip() + "\n"
