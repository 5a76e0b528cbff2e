# SPDX-License-Identifier: Apache-2.0
"""The host's IPv4 addresses and their changes, from the kernel by rtnetlink(7): no processes, no polling."""

import asyncio
import ipaddress
import logging
import socket
import struct
from collections.abc import Callable

_RTMGRP_IPV4_IFADDR = 0x10
_RTM_NEWADDR, _RTM_GETADDR = 20, 22
_NLM_F_REQUEST_DUMP = 0x301
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_IFA_LOCAL, _IFA_LABEL = 2, 3
_SCOPE_GLOBAL = 0

_HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
_ADDRESS = struct.Struct("=BBBBI")  # ifaddrmsg: family, prefix length, flags, scope, interface
_ATTRIBUTE = struct.Struct("=HH")  # rtattr: length, type

_log = logging.getLogger(__name__)

#: Interfaces whose addresses are of no use outside the host: bridges and container links.
_INNER = ("lo", "docker", "br-", "veth", "orca", "tun", "virbr")


def addresses() -> list[str]:
    """Return the host's outer IPv4 addresses in the kernel's order.

    Raises:
        OSError: netlink refused.
    """
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as link:
        body = _ADDRESS.pack(socket.AF_INET, 0, 0, 0, 0)
        link.send(_HEADER.pack(_HEADER.size + len(body), _RTM_GETADDR, _NLM_F_REQUEST_DUMP, 1, 0) + body)
        found: list[str] = []
        while True:
            more, part = parse(link.recv(1 << 16))
            found += part
            if not more:
                return found


def parse(data: bytes) -> tuple[bool, list[str]]:
    """Return whether more datagrams follow this part of a dump, and the outer addresses in it.

    Raises:
        OSError: the kernel answered with an error.
    """
    found: list[str] = []
    while len(data) >= _HEADER.size:
        length, type, _, _, _ = _HEADER.unpack_from(data)
        if type == _NLMSG_DONE:
            return False, found
        if type == _NLMSG_ERROR:
            (code,) = struct.unpack_from("=i", data, _HEADER.size)
            raise OSError(-code, "netlink refused to list addresses")
        if type == _RTM_NEWADDR and (address := _outer(data[_HEADER.size : length])):
            found.append(address)
        data = data[(length + 3) & ~3 :]
    return True, found


def source_towards(host: str) -> str | None:
    """Return the local IPv4 address that packets to ``host`` leave from; None without a route or such a name."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, 9))  # a datagram socket: nothing is sent
        except OSError:
            return None
        name: str = probe.getsockname()[0]
        return name


class AddressWatch:
    """Calls back on the event loop after any IPv4 address of the host came or went."""

    def __init__(self, changed: Callable[[], None]) -> None:
        """Begin to watch; needs a running loop."""
        self._changed = changed
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
        self._socket.bind((0, _RTMGRP_IPV4_IFADDR))
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    def close(self) -> None:
        """Stop watching."""
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        try:
            while self._socket.recv(1 << 16):
                pass
        except BlockingIOError:
            pass  # read to the end
        except OSError as error:  # ENOBUFS: changes were lost; the callback reads all addresses anyway
            _log.debug("netlink: %s", error)
        self._changed()


def _outer(message: bytes) -> str | None:
    """Return the address in an RTM_NEWADDR message if other hosts can reach it."""
    _, _, _, scope, _ = _ADDRESS.unpack_from(message)
    local, label, rest = None, "", message[_ADDRESS.size :]
    while len(rest) >= _ATTRIBUTE.size:
        length, type = _ATTRIBUTE.unpack_from(rest)
        if length < _ATTRIBUTE.size:
            break
        value = rest[_ATTRIBUTE.size : length]
        if type == _IFA_LOCAL:
            local = str(ipaddress.IPv4Address(value))
        elif type == _IFA_LABEL:
            label = value.rstrip(b"\0").decode()
        rest = rest[(length + 3) & ~3 :]
    return local if scope == _SCOPE_GLOBAL and not label.startswith(_INNER) else None
