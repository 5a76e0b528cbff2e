# SPDX-License-Identifier: Apache-2.0
"""Which ports of the host are taken, read from the kernel's socket tables (``/proc/net``; see proc(5))."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orca.hoststate.plan.firewall import LOCALHOST

_LISTENING = {"tcp": "0A", "udp": "07"}  # TCP_LISTEN; an unconnected UDP socket is in state TCP_CLOSE


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket of the host that takes connections or datagrams; ``uid`` is its user's number."""

    protocol: str
    address: ipaddress.IPv4Address | ipaddress.IPv6Address
    port: int
    uid: int

    def blocks(self, port: int, protocol: str, bind_address: str = "") -> bool:
        """True if publishing ``port`` on ``bind_address`` (empty: all) would take this socket's traffic.

        A port that is published on all addresses takes only 127.0.0.1 of the loopback (``hoststate.plan.firewall``).
        """
        if (self.port, self.protocol) != (port, protocol):
            return False
        if self.address.is_unspecified:
            return True
        if bind_address:
            return self.address == ipaddress.ip_address(bind_address)
        return not self.address.is_loopback or self.address == LOCALHOST


def listeners(proc_net: Path = Path("/proc/net")) -> Iterator[Listener]:
    """Yield the listening sockets of this network namespace; IPv4-mapped addresses as IPv4."""
    for protocol, state in _LISTENING.items():
        for table in (protocol, protocol + "6"):
            try:
                lines = (proc_net / table).read_text().splitlines()[1:]
            except FileNotFoundError:  # no IPv6
                continue
            for line in lines:
                columns = line.split()
                if columns[3] == state:
                    host, port = columns[1].split(":")
                    yield Listener(protocol, _address(host), int(port, 16), int(columns[7]))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Decode the kernel's form: 32-bit words in host byte order (little endian on every platform Docker runs on)."""
    raw = bytes.fromhex(text)
    raw = b"".join(raw[i : i + 4][::-1] for i in range(0, len(raw), 4))
    if len(raw) == 4:
        return ipaddress.IPv4Address(raw)
    address = ipaddress.IPv6Address(raw)
    return address.ipv4_mapped or address
