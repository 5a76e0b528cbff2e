# SPDX-License-Identifier: Apache-2.0
"""Layout of one host's address range; only this module knows the purpose of each address.

====================  ==========================================================================
first address         gateway: the address of the bridge ``orca0``
second                network agent (``orca-net``)
third                 DNS (``orca-dns``)
fourth                health checker (``orca-check``)
fifth to ninth        reserved
tenth upwards         given to containers by the server
last 1/16             Docker's own ``--ip-range``, for containers started by hand
====================  ==========================================================================
"""

from __future__ import annotations

import ipaddress
import itertools
from typing import Iterator, Optional

#: The link-scoped address that every container uses as its resolver; the same one on every host.
RESOLVER = "169.254.169.250"

#: Defaults: the range of a project, and the prefix length of a host's range in it: 254 addresses each, and 255 hosts.
DEFAULT_CIDR, DEFAULT_PREFIX = "10.42.0.0/16", 24

#: A larger range wastes the project's addresses; a smaller one leaves Docker's sixteenth without usable addresses.
MIN_PREFIX, MAX_PREFIX = 16, 26

_GATEWAY, _NET_AGENT, _DNS, _CHECKER, _FIRST_ASSIGNABLE = 1, 2, 3, 4, 10
_BY_HAND_BITS = 4  # 2**4 = sixteen parts, the last one is Docker's


class HostRange:
    """The addresses of one host, derived from its subnet, e.g. ``HostRange("10.42.1.0/24").gateway == "10.42.1.1"``."""

    def __init__(self, subnet: str) -> None:
        """:raises ValueError: not an IPv4 network in canonical form, or outside ``/16``..``/26``."""
        self.network = ipaddress.IPv4Network(subnet)
        if not MIN_PREFIX <= self.network.prefixlen <= MAX_PREFIX:
            raise ValueError(
                "host range {0}: the prefix length must lie between /{1} and /{2}".format(
                    subnet, MIN_PREFIX, MAX_PREFIX
                )
            )

    @property
    def subnet(self) -> str:
        """The range in canonical form, e.g. ``10.42.1.0/24``."""
        return str(self.network)

    @property
    def gateway(self) -> str:
        """Address of the bridge on the host, default route of its containers."""
        return self._address(_GATEWAY)

    @property
    def net_agent(self) -> str:
        """Address of the network agent container."""
        return self._address(_NET_AGENT)

    @property
    def dns(self) -> str:
        """Address of the DNS container."""
        return self._address(_DNS)

    @property
    def checker(self) -> str:
        """Address of the health checker's container."""
        return self._address(_CHECKER)

    @property
    def ip_range(self) -> str:
        """The part that Docker may give away on its own, as a network, e.g. ``10.42.1.240/28``."""
        return str(self._by_hand())

    @property
    def pool_size(self) -> int:
        """Number of addresses that ``pool`` yields."""
        return self._pool_end() - int(self.network.network_address) - _FIRST_ASSIGNABLE

    def pool(self, after: Optional[str] = None) -> Iterator[str]:
        """The addresses that the server may give to containers: ascending, starting after ``after`` and wrapping."""
        start, end = int(self.network.network_address) + _FIRST_ASSIGNABLE, self._pool_end()
        first = start if after is None else min(max(start, int(ipaddress.IPv4Address(after)) + 1), end)
        for number in itertools.chain(range(first, end), range(start, first)):
            yield str(ipaddress.IPv4Address(number))

    def assignable(self, address: str) -> bool:
        """True if ``pool`` contains ``address``."""
        number = int(ipaddress.IPv4Address(address)) - int(self.network.network_address)
        return _FIRST_ASSIGNABLE <= number < self._pool_end() - int(self.network.network_address)

    def __contains__(self, address: str) -> bool:
        return ipaddress.IPv4Address(address) in self.network

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HostRange) and self.network == other.network

    def __hash__(self) -> int:
        return hash(self.network)

    def __repr__(self) -> str:
        return "HostRange({0!r})".format(self.subnet)

    def _address(self, offset: int) -> str:
        return str(self.network.network_address + offset)

    def _by_hand(self) -> ipaddress.IPv4Network:
        prefix = self.network.prefixlen + _BY_HAND_BITS
        first = int(self.network.broadcast_address) + 1 - 2 ** (32 - prefix)
        return ipaddress.IPv4Network((first, prefix))

    def _pool_end(self) -> int:
        return int(self._by_hand().network_address)


def initiates(own_subnet: str, peer_subnet: str) -> bool:
    """True if the host with ``own_subnet`` opens the tunnel to the peer.

    Exactly one side of each pair does (the lower range), or every pair would end up with two tunnels.
    """
    return ipaddress.IPv4Network(own_subnet) < ipaddress.IPv4Network(peer_subnet)
