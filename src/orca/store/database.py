# SPDX-License-Identifier: Apache-2.0
"""The database as the rest of the server uses it: ``await db.write(unit)``, ``await db.read(query)``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import sqlalchemy as sa

from orca.store import backends, driver, migrations, sqlite
from orca.store.bus import Bus
from orca.store.errors import CannotOpen, NoSpace, causes
from orca.store.schema import Schema
from orca.store.tx import ReadTx, Tx
from orca.store.writer import Writer

T = TypeVar("T")

READERS = 4
"""Threads that read. SQLite releases the interpreter lock while it works, so a few keep both cores busy."""


class Database:
    """One open database. Make it with ``open`` inside a running event loop; close it with ``close``."""

    def __init__(self, engine: sa.Engine, schema: Schema) -> None:
        self.engine = engine
        self.schema = schema
        self.bus = Bus()
        self.units = 0
        """Units that became durable."""
        self._backend = backends.backend_of(engine)
        self._writer = Writer(engine, schema, self.bus)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="orca-reader")

    @classmethod
    async def open(cls, url: str, schema: Schema) -> Database:
        """Open a database by its URL, bringing its tables to the present version first. Raises ``CannotOpen``."""
        return await cls._opened(url, schema, lambda engine: migrations.upgrade(engine, schema.metadata))

    @classmethod
    async def join(cls, url: str, schema: Schema) -> Database:
        """Open a database that a server made and may be using; change nothing in its tables. Raises ``CannotOpen``."""
        return await cls._opened(url, schema, migrations.check)

    @classmethod
    async def _opened(cls, url: str, schema: Schema, make_sure: Callable[[sa.Engine], None]) -> Database:
        engine = backends.create_engine(url)
        try:
            await asyncio.to_thread(make_sure, engine)
        except BaseException as error:
            engine.dispose()
            if not isinstance(error, sa.exc.DatabaseError):
                raise
            where = engine.url.render_as_string(hide_password=True)
            if sqlite.is_damage(error):
                raise CannotOpen(f"{where} is damaged ({error.orig}): restore a backup") from error
            full = any(backends.backend_of(engine).full(cause) for cause in causes(error))
            raise CannotOpen(f"{where} cannot be used: {NoSpace() if full else str(error.orig).strip()}") from error
        return cls(engine, schema)

    async def write(self, unit: Callable[[Tx], T]) -> T:
        """Run ``unit(tx)`` in the writer's thread and return its result once it is durable.

        An exception of the unit rolls back this unit alone and is raised here. Cancelling the wait does not undo a unit
        that the writer already has.
        """
        result: T = await self._writer.submit(unit)
        self.units += 1
        return result

    @property
    def commits(self) -> int:
        """Transactions that became durable; units share them."""
        return self._writer.commits

    @property
    def queued(self) -> dict[str, int]:
        """Units that wait for the writer, by share (``orca.store.work.SHARES``)."""
        return self._writer.queue.lengths()

    @property
    def full(self) -> bool:
        """True if the disk was full at the last write."""
        return self._writer.space.full

    @property
    def long_units(self) -> int:
        """Units that used more of the writer's processor time than a unit may."""
        return self._writer.queue.long_units

    async def read(self, query: Callable[[ReadTx], T]) -> T:
        """Run ``query(tx)`` in a reader thread on a snapshot of what is committed."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._snapshot, query)

    def _snapshot(self, query: Callable[[ReadTx], Any]) -> Any:
        """Run a query; again if the connection is dead."""
        for last in (False, True):
            try:
                with self.engine.connect() as connection, driver.snapshot(connection, *self._backend.snapshot):
                    return query(ReadTx(connection, self.schema))
            except sa.exc.DBAPIError as error:
                if last or not error.connection_invalidated:
                    raise
        raise AssertionError

    async def close(self) -> None:
        """Finish the queued units and the running queries, and close all connections."""
        await asyncio.to_thread(self._writer.close)
        # Nobody would close a connection that came back to the pool later than this.
        await asyncio.to_thread(self._readers.shutdown, cancel_futures=True)
        self.engine.dispose()
