# SPDX-License-Identifier: Apache-2.0
"""One server at a time works on a database: it holds a lock of the database, which ends with its connection.

A server that ends or crashes frees the lock at once, since the system closes its connections. If the server's computer
is gone, the database ends the connection within a minute. SQLite needs no lock: its file lies in the data directory.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time

import sqlalchemy as sa

from orca.store import backends
from orca.store.errors import CannotOpen

log = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds to wait for the lock at the start, since the database may not have noticed that the last server is gone."""
PAUSE = 0.2
"""Seconds between two tries."""
PERIOD = 10.0
"""Seconds between checks of the connection."""


class Hold:
    """The lock of one server on the database at ``url``."""

    def __init__(self, url: str) -> None:
        self._engine = backends.create_engine(url)
        self._take = backends.backend_of(self._engine).hold
        self._connection: sa.Connection | None = None
        self._released = threading.Event()
        self._turn = threading.Lock()
        """One thread at a time uses the connection; a check may outlast the task that waits for it."""

    async def take(self) -> bool:
        """Take the lock; return False if another server has it. Raises ``CannotOpen``."""
        try:
            return await asyncio.to_thread(self._wait)
        except sa.exc.DatabaseError as error:
            where = self._engine.url.render_as_string(hide_password=True)
            raise CannotOpen(f"{where} cannot be used: {str(error.orig).strip()}") from error

    async def keep(self) -> None:
        """Keep the lock while the server lives, also over restarts of the database; return when another server
        has it.
        """
        while True:
            await asyncio.sleep(PERIOD)
            try:
                if not await asyncio.to_thread(self._still):
                    log.critical("another server has taken over the database")
                    return
            except sa.exc.DBAPIError as error:
                log.warning("the database cannot be reached: %s", str(error.orig).strip())

    async def release(self) -> None:
        """Let the next server in."""
        self._released.set()
        await asyncio.to_thread(self._end)

    def _end(self) -> None:
        with self._turn:
            self._close()
            self._engine.dispose()

    def _wait(self) -> bool:
        with self._turn:
            end = time.monotonic() + PATIENCE
            while not self._try():
                if time.monotonic() >= end or self._released.wait(PAUSE):
                    return False
            return True

    def _try(self) -> bool:
        if self._take is None:
            return True
        if self._released.is_set():
            return False
        self._close()
        connection = self._engine.connect()
        if self._take(connection):
            self._connection = connection
            return True
        connection.close()
        return False

    def _still(self) -> bool:
        with self._turn:
            if self._connection is not None:
                with contextlib.suppress(sa.exc.DBAPIError):
                    self._connection.exec_driver_sql("SELECT 1").scalar()
                    return True
        return self._wait()

    def _close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sa.exc.DBAPIError):
                # Not back to the pool, which would keep the lock.
                self._connection.invalidate()
                self._connection.close()
            self._connection = None
