# SPDX-License-Identifier: Apache-2.0
"""Everything that is particular to MariaDB. Source: https://mariadb.com/kb/en/documentation/."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Generator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from orca.store import driver
from orca.store.errors import CannotOpen

POOL = 16
"""Most connections: the writer, readers and a few to spare."""
IDLE = 30
"""Seconds after which the database ends a transaction in which nothing happens."""
CONFLICTS = frozenset({1020, 1205, 1213})
"""Changed since it was read, lock wait timeout, deadlock: https://mariadb.com/kb/en/mariadb-error-codes/."""
DUPLICATE = 1062
FULL = frozenset({1021, 1114})
"""ER_DISK_FULL and ER_RECORD_FILE_FULL."""
COLLATION = "utf8mb4_nopad_bin"
"""Binary; unlike utf8mb4_bin it tells "a" from "a "."""
PATIENCE = 600
"""Seconds to wait for a lock; the locks of a server that is gone have ended."""

TWICE = (
    (re.compile(r"^(\s*CREATE (?:TABLE|(?:UNIQUE )?INDEX)) (?!IF )", re.IGNORECASE), r"\1 IF NOT EXISTS "),
    (re.compile(r"^(\s*ALTER TABLE \S+ ADD COLUMN) (?!IF )", re.IGNORECASE), r"\1 IF NOT EXISTS "),
    (re.compile(r"^(\s*DROP (?:TABLE|INDEX)) (?!IF )", re.IGNORECASE), r"\1 IF EXISTS "),
    (re.compile(r"^(\s*ALTER TABLE \S+ DROP COLUMN) (?!IF )", re.IGNORECASE), r"\1 IF EXISTS "),
)
"""Statements that change tables, and the forms that may be repeated."""


@compiles(sa.Text, "mariadb")
def _long(_type: sa.Text, _compiler: Any, **_options: Any) -> str:
    """A TEXT of MariaDB ends at 64 KiB."""
    return "LONGTEXT"


def create_engine(url: str) -> sa.Engine:
    """An engine whose connections leave BEGIN and COMMIT to us."""
    given = sa.make_url(url).set(drivername="mariadb+pymysql")
    engine = sa.create_engine(
        given,
        isolation_level="AUTOCOMMIT",
        paramstyle="format",
        pool_reset_on_return=None,
        pool_size=POOL,
        max_overflow=0,
    )

    def prepare_connection(connection: Any, record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET NAMES utf8mb4 COLLATE {COLLATION}, SESSION sql_mode = 'TRADITIONAL'")
        # Whoever hangs in a transaction may hold a lock that others wait for.
        cursor.execute(f"SET SESSION idle_transaction_timeout = {IDLE}")
        driver.keep(record, driver.CursorSession(engine.dialect, cursor))

    sa.event.listen(engine, "connect", prepare_connection)
    return engine


@contextlib.contextmanager
def _named(connection: sa.Connection, name: str) -> Generator[None]:
    """Hold a lock of this database; it goes with the connection."""
    lock = f"CONCAT(DATABASE(), '.orca.{name}')"
    if driver.rows(connection, f"SELECT GET_LOCK({lock}, {PATIENCE})") != [(1,)]:
        raise CannotOpen(f"another server holds the lock {name!r} of the database")
    try:
        yield
    finally:
        with contextlib.suppress(sa.exc.DBAPIError):
            driver.rows(connection, f"SELECT RELEASE_LOCK({lock})")


def locked(connection: sa.Connection, _name: str) -> contextlib.AbstractContextManager[None]:
    """A transaction that locks out all other writers.

    It locks a row that is always there. A lock by name would stay with a server that hangs after its COMMIT.
    """
    return driver.transaction(
        connection,
        "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
        "START TRANSACTION",
        "SELECT version_num FROM alembic_version FOR UPDATE",
    )


@contextlib.contextmanager
def migrating(connection: sa.Connection) -> Generator[None]:
    """Change tables while no other server does.

    Each such statement is a transaction of its own here. If a server is killed, the next one repeats what it did: the
    version is written last, and every statement may be repeated.
    """

    def repeatable(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> Any:
        for pattern, replacement in TWICE:
            statement = pattern.sub(replacement, statement)
        return statement, parameters

    with _named(connection, "migration"):
        sa.event.listen(connection, "before_cursor_execute", repeatable, retval=True)
        try:
            yield
        finally:
            sa.event.remove(connection, "before_cursor_execute", repeatable)


def hold(connection: sa.Connection) -> bool:
    """Take the lock of a running server; return False if another one has it. The database drops a silent client."""
    connection.exec_driver_sql("SET SESSION wait_timeout = 60")
    return connection.exec_driver_sql("SELECT GET_LOCK(CONCAT(DATABASE(), '.orca.server'), 0)").scalar() == 1


def prepare(connection: sa.Connection) -> None:
    """Make an empty database compare text byte by byte; refuse a filled one that does not. Raises ``CannotOpen``."""
    if connection.exec_driver_sql("SELECT @@collation_database").scalar() == COLLATION:
        return
    if sa.inspect(connection).get_table_names():
        raise CannotOpen(f"the database does not compare text with {COLLATION}, and is not empty")
    connection.exec_driver_sql(f"ALTER DATABASE CHARACTER SET utf8mb4 COLLATE {COLLATION}")


def again(error: sa.exc.DBAPIError) -> bool:
    """True if another transaction is to blame."""
    return _number(error) in CONFLICTS


def violated(error: sa.exc.IntegrityError) -> str | None:
    """The column of a violated uniqueness constraint; constraints are ``uq_<table>_<column>`` or bear its name."""
    found = re.search(r"for key '(\w+)'$", str(error.orig.args[-1])) if error.orig is not None else None
    if _number(error) != DUPLICATE or found is None:
        return None
    named = re.match(r"uq_.*_(live_key|uuid)$", found.group(1))
    return named.group(1) if named else found.group(1)


def _number(error: sa.exc.DBAPIError) -> int | None:
    arguments = error.orig.args if error.orig is not None else ()
    return arguments[0] if arguments and isinstance(arguments[0], int) else None


def full(error: BaseException) -> bool:
    """True if the server's disk, or the file that a table lies in, is full."""
    return isinstance(error, sa.exc.DBAPIError) and _number(error) in FULL
