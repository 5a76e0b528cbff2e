# SPDX-License-Identifier: Apache-2.0
"""What differs between the databases: how a transaction begins, what it locks, what an error means."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from orca.store import mariadb, postgresql, sqlite
from orca.store.errors import CannotOpen

Locked = Callable[[sa.Connection, str], contextlib.AbstractContextManager[None]]


@dataclass(frozen=True)
class Backend:
    """One program for databases.

    ``shared``: other servers may write to it. ``snapshot`` begins a transaction that reads. ``locked`` and
    ``migrating`` run one that no other server runs at the same time: to write, or to change tables. ``prepare``
    checks a database before its first use. ``hold`` takes the lock of a running server on a connection, if it is free;
    None if the database is a file. ``again``: the transaction conflicted with another one, and may succeed if it is run
    again. ``violated``: the column of a violated uniqueness constraint. ``full``: the error says that the disk is full.
    """

    create_engine: Callable[[str], sa.Engine]
    shared: bool
    snapshot: tuple[str, ...]
    locked: Locked
    migrating: Callable[[sa.Connection], contextlib.AbstractContextManager[None]]
    prepare: Callable[[sa.Connection], None]
    hold: Callable[[sa.Connection], bool] | None
    again: Callable[[sa.exc.DBAPIError], bool]
    violated: Callable[[sa.exc.IntegrityError], str | None]
    full: Callable[[BaseException], bool]


SQLITE = Backend(
    create_engine=sqlite.create_engine,
    shared=False,
    snapshot=("BEGIN",),
    locked=sqlite.locked,
    migrating=lambda connection: sqlite.locked(connection, "migration"),
    prepare=lambda _connection: None,
    hold=None,
    again=lambda _error: False,
    violated=sqlite.violated,
    full=sqlite.full,
)
POSTGRESQL = Backend(
    create_engine=postgresql.create_engine,
    shared=True,
    snapshot=("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",),
    locked=postgresql.locked,
    migrating=lambda connection: postgresql.locked(connection, "migration"),
    prepare=postgresql.prepare,
    hold=postgresql.hold,
    again=postgresql.again,
    violated=postgresql.violated,
    full=postgresql.full,
)
MARIADB = Backend(
    create_engine=mariadb.create_engine,
    shared=True,
    snapshot=(
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    ),
    locked=mariadb.locked,
    migrating=mariadb.migrating,
    prepare=mariadb.prepare,
    hold=mariadb.hold,
    again=mariadb.again,
    violated=mariadb.violated,
    full=mariadb.full,
)
SCHEMES = {"sqlite": SQLITE, "postgresql": POSTGRESQL, "mysql": MARIADB, "mariadb": MARIADB}


def backend_of(engine: sa.Engine) -> Backend:
    """The backend of an open database."""
    return SCHEMES[engine.dialect.name]


def create_engine(url: str) -> sa.Engine:
    """An engine for ``sqlite:////path``, ``postgresql://…``, ``mariadb://…`` or ``mysql://…``.

    Raises ``CannotOpen``.
    """
    try:
        scheme = sa.make_url(url).get_backend_name()
    except sa.exc.ArgumentError:
        raise CannotOpen("a database is given as postgresql://USER@HOST/NAME or mariadb://USER@HOST/NAME") from None
    if scheme not in SCHEMES:
        raise CannotOpen(f"no database {scheme!r} is known; those known are {', '.join(SCHEMES)}")
    try:
        return SCHEMES[scheme].create_engine(url)
    except ModuleNotFoundError as error:
        extra = "postgresql" if scheme == "postgresql" else "mariadb"
        raise CannotOpen(f"{scheme} needs {error.name}: pip install 'orca-platform[{extra}]'") from None
