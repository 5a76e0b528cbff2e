# SPDX-License-Identifier: Apache-2.0
"""A minimal netlink client: ask netfilter without starting a process.

Formats: linux/netlink.h, linux/netfilter/nfnetlink.h.
"""

from __future__ import annotations

import os
import socket
import struct
from typing import Dict, Iterator, Tuple

NETLINK_NETFILTER = 12
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 0x1, 0x4, 0x300
_ERROR, _DONE = 2, 3
_HEADER = struct.Struct("=LHHLL")  # length, type, flags, sequence, port
_ATTRIBUTE = struct.Struct("=HH")  # length, type (two high bits are flags)
_TYPE_MASK = 0x3FFF


def ask(type: int, flags: int, payload: bytes = b"") -> Iterator[bytes]:
    """Send one nfnetlink request and yield the payloads of its answers, without the four bytes of ``nfgenmsg``.

    :param type: subsystem << 8 | message.
    :raises OSError: the kernel refused, or does not know the subsystem.
    """
    body = struct.pack("=BBH", socket.AF_INET, 0, 0) + payload
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_NETFILTER) as link:
        link.settimeout(5)
        link.bind((0, 0))
        link.send(_HEADER.pack(_HEADER.size + len(body), type, NLM_F_REQUEST | flags, 1, 0) + body)
        multiple = True
        while multiple:
            data = link.recv(1 << 18)
            offset = 0
            while offset < len(data):
                length, message, _flags, _sequence, _port = _HEADER.unpack_from(data, offset)
                content = data[offset + _HEADER.size : offset + length]
                offset += (length + 3) & ~3
                if message == _DONE:
                    return
                if message == _ERROR:
                    number = -struct.unpack_from("=l", content)[0]
                    if number:
                        raise OSError(number, os.strerror(number))
                    return
                yield content[4:]
            multiple = bool(flags & (NLM_F_DUMP | NLM_F_ACK))


def attributes(data: bytes) -> Dict[int, bytes]:
    """Split attributes: type -> payload (the last one of a type counts)."""
    return {type: data[start:end] for type, start, end in _spans(data)}


def attribute(type: int, payload: bytes, nested: bool = False) -> bytes:
    """Encode one attribute."""
    length = _ATTRIBUTE.size + len(payload)
    return _ATTRIBUTE.pack(length, type | (0x8000 if nested else 0)) + payload + b"\0" * (-length % 4)


def _spans(data: bytes) -> Iterator[Tuple[int, int, int]]:
    offset = 0
    while offset + _ATTRIBUTE.size <= len(data):
        length, type = _ATTRIBUTE.unpack_from(data, offset)
        if length < _ATTRIBUTE.size:
            return
        yield type & _TYPE_MASK, offset + _ATTRIBUTE.size, offset + length
        offset += (length + 3) & ~3


def nftables_generation() -> int:
    """The number that grows with every change of any nftables rule, also by ``iptables-nft`` (NFT_MSG_GETGEN)."""
    subsystem, get_generation, id_attribute = 10, 16, 1
    for answer in ask(subsystem << 8 | get_generation, 0):
        return int(struct.unpack(">L", attributes(answer)[id_attribute])[0])
    raise OSError("nftables: no generation answered")
