# SPDX-License-Identifier: Apache-2.0
"""Where a container can be checked through the network: by which hosts, and at which address."""

from __future__ import annotations

from orca.orchestration.placement import joined
from orca.orchestration.placement.belongings import mode_of
from orca.resources import rows
from orca.resources.network import MANAGED
from orca.store import ReadTx

HOST = "host"
NONE = "none"
UNREACHED = frozenset({NONE, "bridge"})
"""Modes of containers that no checker reaches: engines keep their own bridge apart from other networks."""
DEEPEST = 8
"""Most containers in a row of which each shares the network of the next."""


def everywhere(tx: ReadTx, instance: rows.Instance) -> bool:
    """True if every host reaches a container; others have addresses that mean something on their own host only."""
    return mode_of(_network_of(tx, instance)) == MANAGED


def in_hosts_network(tx: ReadTx, instance: rows.Instance) -> bool:
    """True if a container has the addresses of its host, which that host knows best."""
    return mode_of(_network_of(tx, instance)) == HOST


def is_unreached(tx: ReadTx, instance: rows.Instance) -> bool:
    """True if no checker reaches a container."""
    return mode_of(_network_of(tx, instance)) in UNREACHED


def address_of(tx: ReadTx, instance: rows.Instance) -> str | None:
    """The address of a container, or of the one whose network it shares; None if it has none of its own."""
    owner = _network_of(tx, instance)
    return None if mode_of(owner) in (HOST, NONE) else owner.primaryIpAddress


def _network_of(tx: ReadTx, instance: rows.Instance) -> rows.Instance:
    """The container whose network it has: itself, unless it shares another one's."""
    for _ in range(DEEPEST):
        owner = joined.owner_of(tx, instance)
        if owner is None:
            break
        instance = owner
    return instance
