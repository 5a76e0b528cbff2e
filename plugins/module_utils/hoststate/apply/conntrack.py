# SPDX-License-Identifier: Apache-2.0
"""Delete tracked connections whose translation is outdated (linux/netfilter/nfnetlink_conntrack.h)."""

from __future__ import annotations

import errno
import socket
import struct
from typing import AbstractSet

from . import netlink

_SUBSYSTEM, _GET, _DELETE = 1, 1, 2
_TUPLE_ORIGINAL, _ID = 1, 12
_TUPLE_PROTOCOL = 2
_PROTOCOL_NUMBER, _PROTOCOL_DESTINATION = 1, 3


def forget_udp(ports: AbstractSet[int]) -> int:
    """Delete the UDP flows whose first packet went to one of ``ports``; return how many there were."""
    doomed = []
    for answer in netlink.ask(_SUBSYSTEM << 8 | _GET, netlink.NLM_F_DUMP):
        entry = netlink.attributes(answer)
        protocol = netlink.attributes(netlink.attributes(entry.get(_TUPLE_ORIGINAL, b"")).get(_TUPLE_PROTOCOL, b""))
        if protocol.get(_PROTOCOL_NUMBER) != bytes([socket.IPPROTO_UDP]) or _PROTOCOL_DESTINATION not in protocol:
            continue
        if struct.unpack(">H", protocol[_PROTOCOL_DESTINATION])[0] in ports:
            doomed.append(
                netlink.attribute(_TUPLE_ORIGINAL, entry[_TUPLE_ORIGINAL], nested=True)
                + netlink.attribute(_ID, entry[_ID])
            )
    for flow in doomed:
        try:
            for _answer in netlink.ask(_SUBSYSTEM << 8 | _DELETE, netlink.NLM_F_ACK, flow):
                pass
        except OSError as error:
            if error.errno != errno.ENOENT:  # it has ended already
                raise
    return len(doomed)
