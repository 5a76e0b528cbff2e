# SPDX-License-Identifier: Apache-2.0
"""Everything that is particular to SQLite: how a connection is opened, and how a unit is begun and ended.

Source: https://www.sqlite.org/wal.html and https://www.sqlite.org/pragma.html. ``synchronous=FULL`` makes every COMMIT
survive a power loss; ``BEGIN IMMEDIATE`` takes the write lock at once, so that a unit never fails half-way for it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from orca.store import driver

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


def create_engine(url: str) -> sa.Engine:
    """An engine whose connections leave BEGIN, SAVEPOINT and COMMIT to us."""
    engine = sa.create_engine(
        url, isolation_level="AUTOCOMMIT", pool_reset_on_return=None, connect_args={"check_same_thread": False}
    )

    def prepare(connection: Any, record: Any) -> None:
        cursor = connection.cursor()
        for pragma in PRAGMAS:
            cursor.execute(pragma)
        driver.keep(record, driver.CursorSession(engine.dialect, cursor))

    sa.event.listen(engine, "connect", prepare)
    return engine


def locked(connection: sa.Connection, _name: str) -> contextlib.AbstractContextManager[None]:
    """A transaction that locks out all other writers; it may change tables."""
    return driver.transaction(connection, "BEGIN IMMEDIATE")


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
