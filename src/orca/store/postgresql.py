# SPDX-License-Identifier: Apache-2.0
"""Everything that is particular to PostgreSQL. Source: https://www.postgresql.org/docs/current/."""

from __future__ import annotations

import contextlib
import re
import zlib
from typing import Any

import sqlalchemy as sa

from orca.store import driver
from orca.store.errors import CannotOpen

POOL = 16
"""Most connections: the writer, readers and a few to spare."""
IDLE = 30
"""Seconds after which the database ends a transaction in which nothing happens."""
CONFLICTS = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: https://www.postgresql.org/docs/current/errcodes-appendix.html."""
BINARY = frozenset({"C", "POSIX", "C.UTF-8", "C.utf8"})


def create_engine(url: str) -> sa.Engine:
    """An engine whose connections leave BEGIN and COMMIT to us."""
    given = sa.make_url(url).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(
        given,
        isolation_level="AUTOCOMMIT",
        # Statements are prepared in one place only, `orca.store.pipeline`.
        connect_args={"client_encoding": "utf8", "prepare_threshold": None},
        pool_reset_on_return=None,
        pool_size=POOL,
        pool_use_lifo=True,
        max_overflow=0,
    )
    from orca.store.pipeline import Pipeline  # needs an extra of the package

    def prepare_connection(connection: Any, record: Any) -> None:
        # Whoever hangs in a transaction may hold a lock that others wait for.
        connection.execute(f"SET idle_in_transaction_session_timeout = '{IDLE}s'")
        driver.keep(record, Pipeline(connection))

    def keep_order(connection: sa.Connection, *_statement: Any) -> None:
        driver.flush(connection)

    sa.event.listen(engine, "connect", prepare_connection)
    sa.event.listen(engine, "before_cursor_execute", keep_order)
    return engine


def locked(connection: sa.Connection, name: str) -> contextlib.AbstractContextManager[None]:
    """A transaction that no other server runs at the same time under this name; it may change tables."""
    return driver.transaction(
        connection, "BEGIN ISOLATION LEVEL READ COMMITTED", f"SELECT pg_advisory_xact_lock({_lock(name)})"
    )


def hold(connection: sa.Connection) -> bool:
    """Take the lock of a running server; return False if another one has it.

    The database drops a client that is gone: by TCP keep-alives, from version 14 on also by its silence.
    """
    for name, value in (("idle", 10), ("interval", 5), ("count", 3)):
        connection.exec_driver_sql(f"SET tcp_keepalives_{name} = {value}")
    connection.exec_driver_sql(
        "SELECT set_config('idle_session_timeout', '60s', false)"
        " WHERE current_setting('server_version_num')::int >= 140000"
    )
    return bool(connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({_lock('server')})").scalar())


def _lock(name: str) -> int:
    return zlib.crc32(f"orca.{name}".encode())


def prepare(connection: sa.Connection) -> None:
    """Refuse a database that orders text by a language. Raises ``CannotOpen``."""
    row = connection.exec_driver_sql(
        "SELECT datcollate, pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()"
    ).one()
    if row[0] not in BINARY or row[1] != "UTF8":
        raise CannotOpen(
            f"the database has encoding {row[1]} and orders text by {row[0]}; make it with"
            " CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"
        )


def again(error: sa.exc.DBAPIError) -> bool:
    """True if another transaction is to blame."""
    return getattr(error.orig, "sqlstate", None) in CONFLICTS


def violated(error: sa.exc.IntegrityError) -> str | None:
    """The column of a violated uniqueness constraint."""
    if getattr(error.orig, "sqlstate", None) != "23505":
        return None
    detail = getattr(getattr(error.orig, "diag", None), "message_detail", None) or ""
    found = re.match(r"Key \((\w+)\)=", detail)
    return found.group(1) if found else None


def full(error: BaseException) -> bool:
    """True if the server's disk is full (``disk_full``)."""
    return getattr(error, "sqlstate", None) == "53100"
