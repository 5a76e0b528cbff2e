# SPDX-License-Identifier: Apache-2.0
"""A real server process for the tests of this folder."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from pathlib import Path

import requests
from cattle import Client

COMMAND = [sys.executable, "-c", "from orca.cli import main; main()", "server"]
START_LIMIT = 60.0
PAUSE = 0.01
"""Seconds between two questions: the server needs the processor more than who asks."""


class Server:
    """A server on a free port of the loopback, without access control, as the clients of 2015 expected to find it."""

    def __init__(self, directory: Path, access_control: str = "off", *more: str) -> None:
        self.directory = directory
        self.log = directory.parent / "server.log"
        with self.log.open("ab") as log:
            options = ["--data-dir", str(directory), "--listen", "127.0.0.1:0", f"--access-control={access_control}"]
            self.process = subprocess.Popen([*COMMAND, *options, *more], stdout=log, stderr=log)
        self.url = self._wait()

    def _wait(self) -> str:
        """The address, once it answers."""
        deadline = time.monotonic() + START_LIMIT
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            for line in self.log.read_text().splitlines():
                if " is at http://" in line:
                    url = line.rpartition(" ")[2]
                    with contextlib.suppress(requests.ConnectionError):
                        if requests.get(f"{url}/ping", timeout=5).text == "pong":
                            return url
            time.sleep(PAUSE)
        raise AssertionError(self.log.read_text())

    def client(self, access_key: str | None = None, secret_key: str | None = None, scope: str = "") -> Client:
        """A client that reads the schemas its key may see; without a key it is the administrator."""
        return Client(url=f"{self.url}/v1{scope}/schemas", access_key=access_key, secret_key=secret_key)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)
