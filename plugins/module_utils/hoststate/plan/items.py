# SPDX-License-Identifier: Apache-2.0
"""Config items (contract: docs/architecture.md, section 5) and the descriptions of a host's four kinds of state.

A driver holds many small items; the executor applies whole kinds. Each kind's description is complete in itself, so
that a module can be given one directly:

``network``   ``{cidr, subnet, bridge, network, images: {net, dns}}``
``mesh``      ``{cidr, subnet, id, certificate, ca, peers: {host uuid: {name, address, subnet}}}``
``firewall``  ``{cidr, subnet, bridge, ports: {port uuid: {publicPort, privatePort, protocol, bindAddress, address}}}``
``dns``       ``{cidr, subnet, scopes: {scope: {name: [address, ...] or host name elsewhere}},
              clients: {container address: [scope, ...] or {name: ...}}}``

A large scope comes in several items, ``names/<scope>/<part>``, so that a change of one name sends a part of it.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Dict, Iterable, Mapping, Optional, Set, Tuple

#: In the order in which they are applied: the network carries all others.
KINDS: Tuple[str, ...] = ("network", "firewall", "mesh", "dns")

_KIND_OF_FAMILY = {
    "network": "network",
    "mesh": "mesh",
    "peer": "mesh",
    "port": "firewall",
    "names": "dns",
    "dns": "dns",
}
#: Families of items that are understood; a server is told, and sends no others.
FAMILIES: Tuple[str, ...] = tuple(_KIND_OF_FAMILY)
_BARE = frozenset(("network", "mesh"))
_NETWORK_DEFAULTS = {"bridge": "orca0", "network": "orca"}


def kind_of(name: str) -> str:
    """The kind that item ``name`` (e.g. ``port/8f2c``) belongs to.

    :raises ValueError: no such item.
    """
    family, slash, key = name.partition("/")
    known = _KIND_OF_FAMILY.get(family)
    if known is None or (family in _BARE) == bool(slash) or (slash and not key):
        raise ValueError("unknown config item {0!r}".format(name))
    return known


def affected_kinds(names: Iterable[str]) -> Tuple[str, ...]:
    """Kinds to be applied after the items ``names`` changed, in order. The network's facts enter every kind."""
    changed: Set[str] = {kind_of(name) for name in names}
    return tuple(kind for kind in KINDS if kind in changed or "network" in changed)


def describe(kind: str, items: Mapping[str, Mapping[str, Any]]) -> Optional[Dict[str, Any]]:
    """Join ``items`` (name -> description) into the description of ``kind``.

    ``None`` means that nothing of this kind is wanted: there is no network, or, for the mesh, no certificate yet.
    """
    if kind not in KINDS:
        raise ValueError("unknown kind {0!r}".format(kind))
    network = items.get("network")
    if network is None:
        return None
    network = dict(_NETWORK_DEFAULTS, **network)
    if kind == "network":
        return network
    base = {"cidr": network["cidr"], "subnet": network["subnet"]}
    if kind == "firewall":
        return dict(base, bridge=network["bridge"], ports=_family(items, "port"))
    if kind == "dns":
        return dict(base, scopes=_scopes(items), clients=_clients(items))
    own = items.get("mesh")
    return None if own is None else dict(base, **dict(own, peers=_family(items, "peer")))


def canonical(description: Optional[Mapping[str, Any]]) -> str:
    """The one JSON text of a description: sorted keys, no spaces, no escapes beyond JSON's own."""
    return json.dumps(description, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(description: Optional[Mapping[str, Any]]) -> str:
    """SHA-256 (hex) of :func:`canonical`, as it stands in the owner file."""
    return hashlib.sha256(canonical(description).encode("utf-8")).hexdigest()


def _scopes(items: Mapping[str, Mapping[str, Any]]) -> Dict[str, Dict[str, Any]]:
    scopes: Dict[str, Dict[str, Any]] = {}
    for key, item in _family(items, "names").items():
        scopes.setdefault(key.partition("/")[0], {}).update(item["names"])
    return scopes


def _clients(items: Mapping[str, Mapping[str, Any]]) -> Dict[str, Any]:
    """What each client sees: scopes, or, from a server of 0.1.0, names of its own."""
    clients = _family(items, "dns")
    return {
        address: list(item["scopes"]) if "scopes" in item else dict(item["names"]) for address, item in clients.items()
    }


def _family(items: Mapping[str, Mapping[str, Any]], family: str) -> Dict[str, Dict[str, Any]]:
    prefix = family + "/"
    return {name[len(prefix) :]: dict(item) for name, item in items.items() if name.startswith(prefix)}
