# SPDX-License-Identifier: Apache-2.0
"""The table of kinds. A new one needs a module beside these, and a line here."""

from __future__ import annotations

from typing import Iterable, Tuple

from . import balancers, checks, dns, firewall, mesh, metadata, network
from .kind import Kind

#: In order of application. The first one carries the others: it is applied first and removed last, its facts are in
#: every description, and its containers use the directories of all.
KINDS: Tuple[Kind, ...] = (network.KIND, firewall.KIND, mesh.KIND, dns.KIND, checks.KIND, balancers.KIND, metadata.KIND)


def families() -> Tuple[str, ...]:
    """Return the families of config items that are understood; the hello reports them, and the server sends no
    others.
    """
    return tuple(family.name for kind in KINDS for family in kind.families)


def kind_of(item: str) -> Kind:
    """Return the kind that is made from config item ``item`` (e.g. ``port/8f2c``).

    :raises ValueError: no such item.
    """
    for kind in KINDS:
        if kind.takes(item):
            return kind
    raise ValueError("unknown config item {0!r}".format(item))


def affected(items: Iterable[str]) -> Tuple[Kind, ...]:
    """Return the kinds to apply after config items ``items`` changed, in order.

    :raises ValueError: no such item.
    """
    changed = {kind_of(item) for item in items}
    return KINDS if any(map(carries, changed)) else tuple(kind for kind in KINDS if kind in changed)


def carries(kind: Kind) -> bool:
    """True if ``kind`` is the one that carries the others."""
    return kind is KINDS[0]
