# SPDX-License-Identifier: Apache-2.0
"""Config items (contract: docs/architecture/items.md): their names, and the one text of a description.

A driver holds many small items; the executor applies whole kinds. The functions ``describe`` of the modules beside this
one join items into one complete description of a kind, which a module can also get directly.

Only this module builds and parses item names.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Dict, Mapping, NamedTuple, Optional, TypeVar

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
        """Return the descriptions of this keyed family among ``items`` (by name), by key."""
        return {name[len(self.name) + 1 :]: item for name, item in items.items() if self.holds(name)}


NETWORK, MESH = Family("network", keyed=False), Family("mesh", keyed=False)
#: By the uuid of the other host.
PEER = Family("peer")
#: By the uuid of the published port.
PORT = Family("port")
#: By scope, or by scope and part: a large scope has several items, so that a change of one name sends only one part.
NAMES = Family("names")
#: By the address of the client container.
DNS = Family("dns")
#: By the uuid of the checker (``healthcheckInstanceHostMap``).
CHECK = Family("check")
#: By the uuid of the balancer's container (instance).
BALANCER = Family("balancer")
#: By the uuid of the balancer's container, and the name of its backend.
TARGETS = Family("targets")
#: By its own uuid. It has a key, which no other item, log, diff or file for everybody holds.
CERTIFICATE = Family("certificate")
#: By the address of the client container, and ``metadata/host``.
METADATA = Family("metadata")

#: All of them, in the order of the kinds (``apply.kinds``) that are made from them.
FAMILIES = (NETWORK, PORT, MESH, PEER, NAMES, DNS, CHECK, BALANCER, TARGETS, CERTIFICATE, METADATA)


def canonical(description: Optional[Mapping[str, Any]]) -> str:
    """The canonical JSON text of a description: sorted keys, no spaces, no escapes beyond JSON's own."""
    return json.dumps(description, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(description: Optional[Mapping[str, Any]]) -> str:
    """SHA-256 (hex) of ``canonical``, as it stands in the owner file."""
    return hashlib.sha256(canonical(description).encode("utf-8")).hexdigest()
