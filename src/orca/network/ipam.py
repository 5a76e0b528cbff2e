# SPDX-License-Identifier: Apache-2.0
"""Addresses of a project: which range a host gets, which address a container gets.

Pure functions over the taken addresses. They only choose; the store makes sure that two callers never get the same
answer (unique ``live_key`` on subnet and ipAddress).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from ipaddress import IPv4Address, IPv4Network

from netaddr import IPNetwork, IPSet

from orca.hoststate.plan.addressing import MAX_PREFIX, MIN_PREFIX, HostRange

MORE_HOSTS = (
    "Remove hosts that are gone; a new project with a larger network (setting docker.network.subnet.cidr) or smaller"
    " ranges of new hosts (network.host.prefix) holds more"
)
MORE_CONTAINERS = (
    "Use more hosts; a larger range (setting network.host.prefix, for hosts that join later) holds more containers"
)


class PoolUsedUp(Exception):
    """No free range in the network, or no free address in a range."""


class RangeRefused(Exception):
    """No range of the wanted size can be cut from the network; the message says which sizes can."""


class AddressRefused(Exception):
    """The requested address cannot be given; the message says why."""


def next_host_range(cidr: str, prefix: int, taken: Iterable[str]) -> str:
    """Return the lowest free range of ``prefix`` bits in ``cidr``, as ``10.42.1.0/24``.

    The first range is never given: its first addresses are those that the reference network used for itself
    (``10.42.0.1`` on every bridge), and keeping them unused makes a mixed-up configuration visible.

    Raises:
        PoolUsedUp: every range is taken.
        RangeRefused: ``prefix`` does not fit into ``cidr``, or is not a size of a host's range.
    """
    network = IPNetwork(cidr)
    lowest = max(network.prefixlen + 1, MIN_PREFIX)
    if not lowest <= prefix <= MAX_PREFIX:
        raise RangeRefused(
            f"a host range of /{prefix} does not fit into {cidr}: choose between /{lowest} and /{MAX_PREFIX}"
            " (setting network.host.prefix)"
        )
    used = IPSet(taken)
    ranges = network.subnet(prefix)
    next(ranges)
    for candidate in ranges:
        if used.isdisjoint(IPSet([candidate])):
            return str(candidate)
    total = 2 ** (prefix - network.prefixlen) - 1
    raise PoolUsedUp(f"address pool of {cidr} is used up: all {total} host ranges of /{prefix} are taken. {MORE_HOSTS}")


def next_address(subnet: str, taken: Collection[str], after: str | None = None) -> str:
    """Return the next free container address of the host range ``subnet``.

    The search starts behind ``after`` (the address given last) and wraps, so that an address just freed rests as long
    as possible: resolvers and connection tables may still hold it.

    Raises:
        PoolUsedUp: no address is free.
    """
    host_range = HostRange(subnet)
    free = next((address for address in host_range.pool(after) if address not in taken), None)
    if free is None:
        raise PoolUsedUp(
            f"address pool of {subnet} is used up: all {host_range.pool_size} container addresses are taken."
            f" {MORE_CONTAINERS}"
        )
    return free


def in_range(address: str, cidr: str) -> bool:
    """True when ``address`` lies in ``cidr``."""
    return IPv4Address(address) in IPv4Network(cidr)
