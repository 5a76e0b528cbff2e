# SPDX-License-Identifier: Apache-2.0
"""The blocking shell of HAProxy's runtime socket."""

from __future__ import annotations

import socket
from typing import List, Optional, Sequence

from ..haproxy_api import ProtocolError, decode, encode, lines, worked
from .errors import HostStateError

_PIECE = 1 << 16


def ask(path: str, commands: Sequence[str], timeout: float = 1.0) -> Optional[List[str]]:
    """Send commands and return their answers; ``None`` when no HAProxy runs.

    :raises HostStateError: it did not answer in ``timeout`` seconds, or not to every command.
    """
    answers: List[str] = []
    for line in lines(commands):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
            channel.settimeout(timeout)
            try:
                channel.connect(path)
            except (FileNotFoundError, ConnectionRefusedError):
                return None
            try:
                channel.sendall(encode(line))
                answers += decode(b"".join(iter(lambda: channel.recv(_PIECE), b"")), len(line))
            except (OSError, ProtocolError) as error:
                raise HostStateError("haproxy on {0}: {1}".format(path, error)) from error
    return answers


def order(path: str, commands: Sequence[str], timeout: float = 1.0) -> None:
    """Have a running HAProxy carry out commands.

    :raises HostStateError: it refused one; the message has its words, and the command without its values. A value may
        be a request with a secret.
    """
    for command, answer in zip(commands, ask(path, commands, timeout) or ()):
        if not worked(answer):
            raise HostStateError("haproxy: {0}: {1}".format(" ".join(command.split(" ")[:3]), answer.strip()))
