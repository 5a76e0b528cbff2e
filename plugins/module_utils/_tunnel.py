# SPDX-License-Identifier: GPL-3.0-or-later
"""A port of another machine's loopback interface, brought here through SSH."""

from __future__ import annotations

import contextlib
import shlex
import socket
import subprocess
import tempfile
import time
from typing import Iterator, Optional

POLL_SECONDS = 0.05
STOP_SECONDS = 5


class TunnelError(Exception):
    """The tunnel did not come up; the text is what ssh said."""


@contextlib.contextmanager
def tunnel(
    host: str, remote_port: int, user: str, port: int, private_key_file: Optional[str], arguments: str, timeout: float
) -> Iterator[int]:
    """Gives the local port that leads to ``remote_port`` of ``host``'s loopback interface, while the block runs.

    ``arguments`` are more arguments of ssh as one string, such as the known hosts file; ``timeout`` is in seconds.

    Raises:
        TunnelError: there is no ssh, or no connection within ``timeout``.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        local_port = free.getsockname()[1]
    command = ["ssh", "-N", "-o", "BatchMode=yes", "-o", "ExitOnForwardFailure=yes", "-o", "ControlPath=none"]
    command += ["-L", f"127.0.0.1:{local_port}:127.0.0.1:{remote_port}", "-p", str(port)]
    if private_key_file:
        command += ["-o", "IdentitiesOnly=yes", "-i", private_key_file]
    command += [*shlex.split(arguments), f"{user}@{host}"]
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        except FileNotFoundError as missing:
            raise TunnelError("there is no ssh here: install openssh-client") from missing
        try:
            deadline = time.monotonic() + timeout
            while not _accepts(local_port):
                if process.poll() is not None or time.monotonic() > deadline:
                    process.kill()
                    process.wait()
                    said.seek(0)
                    words = said.read().decode(errors="replace").strip() or f"no connection within {timeout:g} s"
                    raise TunnelError(f"ssh {user}@{host}: {words}")
                time.sleep(POLL_SECONDS)
            yield local_port
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _accepts(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
