# SPDX-License-Identifier: Apache-2.0
"""Config items (contract: docs/architecture.md, section 5) and the descriptions of a host's four kinds of state.

A driver holds many small items; the executor applies whole kinds. Each kind's description is complete in itself, so
that a module can be given one directly:

``network``   ``{cidr, subnet, bridge, network, images: {net, dns}}``
``mesh``      ``{cidr, subnet, id, certificate, ca, peers: {host uuid: {name, address, subnet}}}``
``firewall``  ``{cidr, subnet, bridge, ports: {port uuid: {publicPort, privatePort, protocol, bindAddress, address}}}``
``dns``       ``{cidr, subnet, scopes: {scope: {name: [address, ...] or host name elsewhere}},
              clients: {container address: [scope, ...] or {name: ...}}}``

Here alone item names are put together and taken apart. A large scope comes in several items, ``names/<scope>/<part>``,
so that a change of one name sends a part of it.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Dict, Iterable, Mapping, NamedTuple, Optional, Set, Tuple, TypeVar

T = TypeVar("T")


class Family(NamedTuple):
    """Items of one form: a single one, ``network``, or one for each key, ``peer/<host uuid>``."""

    name: str
    keyed: bool = True

    def item(self, *key: str) -> str:
        """Return the name of an item; ``key`` is empty for a single one."""
        if self.keyed != bool(key):
            raise ValueError("an item of family {0} has {1} key".format(self.name, "a" if self.keyed else "no"))
        return "/".join((self.name,) + key)

    def holds(self, item: str) -> bool:
        """True if the item of that name is of this family."""
        if not self.keyed:
            return item == self.name
        return item.startswith(self.name + "/") and len(item) > len(self.name) + 1

    def of(self, items: Mapping[str, T]) -> Dict[str, T]:
        """Return those of ``items`` (by name) that are of this keyed family, by key."""
        return {name[len(self.name) + 1 :]: item for name, item in items.items() if self.holds(name)}


NETWORK, MESH = Family("network", keyed=False), Family("mesh", keyed=False)
#: By the uuid of the other host.
PEER = Family("peer")
#: By the uuid of the published port.
PORT = Family("port")
#: By scope, or by scope and part.
NAMES = Family("names")
#: By the address of the container that asks.
DNS = Family("dns")

#: In the order in which they are applied: the network carries all others.
KINDS: Tuple[str, ...] = ("network", "firewall", "mesh", "dns")

_KIND_OF_FAMILY = {NETWORK: "network", MESH: "mesh", PEER: "mesh", PORT: "firewall", NAMES: "dns", DNS: "dns"}
#: Families of items that are understood; a server is told, and sends no others.
FAMILIES: Tuple[str, ...] = tuple(family.name for family in _KIND_OF_FAMILY)
_NETWORK_DEFAULTS = {"bridge": "orca0", "network": "orca"}


def kind_of(name: str) -> str:
    """The kind that item ``name`` (e.g. ``port/8f2c``) belongs to.

    :raises ValueError: no such item.
    """
    for family, kind in _KIND_OF_FAMILY.items():
        if family.holds(name):
            return kind
    raise ValueError("unknown config item {0!r}".format(name))


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
    network = items.get(NETWORK.item())
    if network is None:
        return None
    network = dict(_NETWORK_DEFAULTS, **network)
    if kind == "network":
        return network
    base = {"cidr": network["cidr"], "subnet": network["subnet"]}
    if kind == "firewall":
        return dict(base, bridge=network["bridge"], ports=_copies(PORT, items))
    if kind == "dns":
        return dict(base, scopes=_scopes(items), clients=_clients(items))
    own = items.get(MESH.item())
    return None if own is None else dict(base, **dict(own, peers=_copies(PEER, items)))


def canonical(description: Optional[Mapping[str, Any]]) -> str:
    """The one JSON text of a description: sorted keys, no spaces, no escapes beyond JSON's own."""
    return json.dumps(description, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(description: Optional[Mapping[str, Any]]) -> str:
    """SHA-256 (hex) of :func:`canonical`, as it stands in the owner file."""
    return hashlib.sha256(canonical(description).encode("utf-8")).hexdigest()


def _scopes(items: Mapping[str, Mapping[str, Any]]) -> Dict[str, Dict[str, Any]]:
    scopes: Dict[str, Dict[str, Any]] = {}
    for key, item in NAMES.of(items).items():
        scopes.setdefault(key.partition("/")[0], {}).update(item["names"])
    return scopes


def _clients(items: Mapping[str, Mapping[str, Any]]) -> Dict[str, Any]:
    """What each client sees: scopes, or, from a server of 0.1.0, names of its own."""
    return {
        address: list(item["scopes"]) if "scopes" in item else dict(item["names"])
        for address, item in DNS.of(items).items()
    }


def _copies(family: Family, items: Mapping[str, Mapping[str, Any]]) -> Dict[str, Dict[str, Any]]:
    return {key: dict(item) for key, item in family.of(items).items()}
