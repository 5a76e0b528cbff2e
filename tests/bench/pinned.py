# SPDX-License-Identifier: Apache-2.0
"""A server process on a core of its own, watched through proc(5), and its database, looked into from outside."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from waiting import until

from bench.server import ORCA, free_port
from orca.store import backends

SERVER_CORE, GENERATOR_CORE = 0, 1
TICK = os.sysconf("SC_CLK_TCK")


class PinnedServer:
    """`orca server --sim` on loopback; ``database``: a URL, where it is not SQLite."""

    def __init__(self, data: Path, orca: Path = ORCA, database: str | None = None) -> None:
        self.data = data
        self.orca = orca
        self._database = database
        self._engine = None if database is None else backends.create_engine(database)
        self.url = f"http://127.0.0.1:{free_port()}"

    @contextlib.contextmanager
    def running(self) -> Iterator[PinnedServer]:
        """The process, for as long as the block lasts."""
        argv = ["taskset", "-c", str(SERVER_CORE), str(self.orca), "server", "--sim"]
        argv += ["--data-dir", str(self.data), "--listen", self.url.removeprefix("http://")]
        if self._database is not None:
            argv += ["--database", self._database]
        with (self.data.parent / f"{self.data.name}.log").open("a") as log:
            self.process = subprocess.Popen(argv, stdout=log, stderr=subprocess.STDOUT)
        try:
            until(self._answers, 60, "the server answers", every=0.05)
            yield self
        finally:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=60)
            if self._engine is not None:
                self._engine.dispose()

    @property
    def key(self) -> tuple[str, str]:
        """The administrator's."""
        keys = json.loads((self.data / "admin.json").read_text())
        return keys["accessKey"], keys["secretKey"]

    def resident(self) -> float:
        """Memory (MB) now."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) / 1000

    def cpu(self) -> float:
        """Seconds of its core that the process has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def busy(self, seconds: float) -> float:
        """How much (%) of its core it uses from now on for a time."""
        before, began = self.cpu(), time.monotonic()
        time.sleep(seconds)
        return 100 * (self.cpu() - before) / (time.monotonic() - began)

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of its database, read beside it."""
        if self._engine is not None:
            with self._engine.connect() as connection:
                return [tuple(row) for row in connection.exec_driver_sql(sql, values or None)]
        with contextlib.closing(sqlite3.connect(f"file:{self.data / 'orca.db'}?mode=ro", uri=True)) as database:
            return database.execute(sql, values).fetchall()

    def _answers(self) -> bool:
        assert self.process.poll() is None, f"the server ended; see {self.data}.log"
        try:
            return httpx.get(f"{self.url}/ping").status_code == 200
        except httpx.TransportError:
            return False


def pin_generator() -> None:
    """Keep this process off the server's core, and let it (and the server) have enough connections."""
    os.sched_setaffinity(0, {GENERATOR_CORE})
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
