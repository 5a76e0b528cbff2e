# SPDX-License-Identifier: Apache-2.0
"""Control channel of PowerDNS Recursor: what ``rec_control`` speaks, over its unix socket.

One message each way: 4 bytes result, 8 bytes length (both in the machine's order), then the text (rec_channel.cc,
version 4.6 and later).
"""

from __future__ import annotations

import socket
import struct
from typing import Optional

from .errors import HostStateError

_HEADER = struct.Struct("=lQ")
_MAX_ANSWER = 1 << 20


def control(path: str, line: str, timeout: float = 5.0) -> Optional[str]:
    """Send one command and return the answer; ``None`` when no recursor runs.

    :raises HostStateError: it answered an error, not at all, or nonsense.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.settimeout(timeout)
        try:
            channel.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        try:
            text = line.encode("ascii")
            channel.sendall(_HEADER.pack(0, len(text)) + text)
            code, length = _HEADER.unpack(_receive(channel, _HEADER.size))
            if length > _MAX_ANSWER:
                raise HostStateError("recursor: {0}: answer of {1} bytes".format(line, length))
            answer = _receive(channel, length).decode("utf-8", "replace").strip()
        except OSError as error:
            raise HostStateError("recursor: {0}: {1}".format(line, error)) from error
    if code != 0:
        raise HostStateError("recursor: {0}: {1}".format(line, answer))
    return answer


def _receive(channel: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        part = channel.recv(length - len(data))
        if not part:
            raise ConnectionError("the channel was closed")
        data += part
    return data
