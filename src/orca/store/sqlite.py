# SPDX-License-Identifier: Apache-2.0
"""Everything that is particular to SQLite: how a connection is opened, and how a unit is begun and ended.

Source: https://www.sqlite.org/wal.html and https://www.sqlite.org/pragma.html. ``synchronous=FULL`` makes every COMMIT
survive a power loss; ``BEGIN IMMEDIATE`` takes the write lock at once, so that a unit never fails half-way for it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Generator, Iterable
from typing import Any, TypeAlias

import sqlalchemy as sa

PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=OFF",
    "PRAGMA busy_timeout=10000",
    "PRAGMA cache_size=-4096",
    "PRAGMA case_sensitive_like=ON",
)


DAMAGED = frozenset({"file is not a database", "database disk image is malformed"})
"""SQLite's messages about a file that it cannot read."""

Control: TypeAlias = Callable[[str], object]
"""Runs a statement that begins or ends a transaction."""


def control(connection: sa.Connection) -> Control:
    """The driver's own ``execute``: BEGIN and SAVEPOINT need nothing that SQLAlchemy adds to a statement."""
    execute: Control = _driver(connection).execute
    return execute


def read(engine: sa.Engine, query: Callable[[sa.Connection], Any]) -> Any:
    """Run a query on a snapshot."""
    with engine.connect() as connection:
        driver = _driver(connection)
        driver.execute("BEGIN")
        try:
            return query(connection)
        finally:
            roll_back(connection)


def roll_back(connection: sa.Connection) -> None:
    """End a transaction, unless a disk error has ended it."""
    driver = _driver(connection)
    if driver.in_transaction:
        driver.execute("ROLLBACK")


def _driver(connection: sa.Connection) -> sqlite3.Connection:
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


def create_engine(url: str) -> sa.Engine:
    """An engine whose connections leave BEGIN, SAVEPOINT and COMMIT to us."""
    engine = sa.create_engine(
        url, isolation_level="AUTOCOMMIT", pool_reset_on_return=None, connect_args={"check_same_thread": False}
    )

    def prepare(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    sa.event.listen(engine, "connect", prepare)
    return engine


@contextlib.contextmanager
def migrating(connection: sa.Connection) -> Generator[None]:
    """A transaction that locks out other writers and may change tables."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")


def is_damage(error: sa.exc.DatabaseError) -> bool:
    """True if the file cannot be read any more."""
    return str(error.orig) in DAMAGED


def violated(error: sa.exc.IntegrityError) -> str | None:
    """The column of a violated uniqueness constraint."""
    marker = "UNIQUE constraint failed: "
    text = str(error.orig)
    if marker not in text:
        return None
    names: Iterable[str] = text.split(marker, 1)[1].split(", ")
    return next(iter(names)).rpartition(".")[2].strip()


def full(error: BaseException) -> bool:
    """True if the disk is full; also if the file that readers and writers share cannot grow.

    Source: https://www.sqlite.org/rescode.html.
    """
    code = getattr(error, "sqlite_errorcode", None)
    return code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)
