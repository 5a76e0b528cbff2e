# SPDX-License-Identifier: Apache-2.0
"""ICMP echo to the peers' network agents through a datagram ICMP socket: no raw socket, no capability, no process.

Source: icmp(7), ``net.ipv4.ping_group_range``. The kernel fills in identifier and checksum.
"""

import asyncio
import logging
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path

_ECHO_REQUEST, _ECHO_REPLY = 8, 0
_ECHO = struct.Struct("!BBHHH")  # type, code, checksum, identifier, sequence
_PENDING = 4096  # probes remembered; older ones count as lost

GROUP_RANGE = Path("/proc/sys/net/ipv4/ping_group_range")

_log = logging.getLogger(__name__)


class Prober:
    """Sends echo requests and reports each answer as ``answered(address, milliseconds)``."""

    def __init__(self, answered: Callable[[str, float], None]) -> None:
        """Open the socket; needs a running loop.

        Raises:
            OSError: the kernel allows no ICMP datagram sockets and the setting cannot be changed.
        """
        self._answered = answered
        self._sequence = 0
        self._pending: dict[int, tuple[str, float]] = {}
        self._socket = _open()
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    def close(self) -> None:
        """Close the socket."""
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def send(self, address: str) -> str | None:
        """Probe ``address``; return why nothing could be sent, None when it was."""
        self._sequence = (self._sequence + 1) & 0xFFFF
        try:
            self._socket.sendto(_ECHO.pack(_ECHO_REQUEST, 0, 0, 0, self._sequence), (address, 0))
        except OSError as error:
            return error.strerror
        self._pending[self._sequence] = (address, time.monotonic())
        if len(self._pending) > _PENDING:
            del self._pending[next(iter(self._pending))]
        return None

    def _read(self) -> None:
        while True:
            try:
                data, (address, _) = self._socket.recvfrom(1024)
            except BlockingIOError:
                return
            except OSError as error:  # an ICMP error for an earlier probe, such as "host unreachable"
                _log.debug("probe: %s", error)
                continue
            type, _, _, _, sequence = _ECHO.unpack_from(data.ljust(_ECHO.size, b"\0"))
            sent = self._pending.pop(sequence, None)
            if type == _ECHO_REPLY and sent is not None and sent[0] == address:
                self._answered(address, (time.monotonic() - sent[1]) * 1000)


def _open() -> socket.socket:
    try:
        return _ping_socket()
    except PermissionError:
        _log.info("opening net.ipv4.ping_group_range for group 0, so that the mesh can be probed")
        GROUP_RANGE.write_text("0 0\n")
        return _ping_socket()


def _ping_socket() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, socket.IPPROTO_ICMP)
