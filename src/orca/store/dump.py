# SPDX-License-Identifier: Apache-2.0
"""Write a database to one file while servers work on it, and restore it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from orca.store import backends, migrations
from orca.store.errors import CannotOpen
from orca.store.schema import Schema

GAP: Final = 1_000_000
"""Numbers skipped after a restore, since those given out after the backup are known to clients."""
KEEP_SQLITE = ("-wal", "-shm")


def dump(url: str, target: Path) -> None:
    """Write the state of one instant to a file without making anybody wait. Raises ``CannotOpen``."""
    given = sa.make_url(url)
    if given.get_backend_name() == "sqlite":
        _copy(Path(str(given.database)), target)
    elif given.get_backend_name() == "postgresql":
        _run(["pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}", *_libpq(given)], given)
    else:
        # --result-file would be made readable to all.
        with target.open("wb") as output:
            command = ["mariadb-dump", *_client(given), "--single-transaction", "--skip-lock-tables", "--hex-blob"]
            _run([*command, str(given.database)], given, stdout=output.fileno())


def load(url: str, source: Path, schema: Schema) -> None:
    """Replace the content of the database by a dump, and continue with new numbers. Raises ``CannotOpen``."""
    given = sa.make_url(url)
    if given.get_backend_name() == "sqlite":
        _replace(Path(str(given.database)), source)
    elif given.get_backend_name() == "postgresql":
        options = ["--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]
        _run(["pg_restore", *options, *_libpq(given), str(source)], given)
    else:
        _prepare(url)
        with source.open("rb") as text:
            _run(["mariadb", *_client(given), str(given.database)], given, stdin=text.fileno())
    engine = backends.create_engine(url)
    try:
        migrations.upgrade(engine, schema.metadata)
        with engine.connect() as connection, backends.backend_of(engine).locked(connection, "restore"):
            _move_on(connection, schema)
    finally:
        engine.dispose()


def _prepare(url: str) -> None:
    """Prepare an empty database for tables, because a dump of MariaDB does not say how to compare text."""
    engine = backends.create_engine(url)
    try:
        with engine.connect() as connection:
            backends.backend_of(engine).prepare(connection)
    finally:
        engine.dispose()


def _copy(path: Path, target: Path) -> None:
    if not path.exists():
        raise CannotOpen(f"there is no database {path}")
    source, copy = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True), sqlite3.connect(target)
    try:
        source.backup(copy)
    finally:
        copy.close()
        source.close()


def _replace(path: Path, source: Path) -> None:
    fresh = path.with_name(f"{path.name}.restored")
    shutil.copyfile(source, fresh)
    fresh.chmod(0o600)
    with fresh.open("rb") as file:
        os.fsync(file.fileno())
    for end in KEEP_SQLITE:
        path.with_name(path.name + end).unlink(missing_ok=True)
    fresh.replace(path)


def _move_on(connection: sa.Connection, schema: Schema) -> None:
    """Continue with ids and event numbers that nobody has seen, so that clients that resume must read everything
    again.
    """
    for table in schema.metadata.tables.values():
        if "id" in table.c and table.name != "event":
            _skip(connection, table)
    events = schema.metadata.tables["event"]
    newest = connection.execute(sa.select(sa.func.max(events.c.id))).scalar()
    if newest is not None:
        connection.execute(sa.delete(events).where(events.c.id < newest))
        connection.execute(sa.update(events).values(id=newest + GAP))


def _skip(connection: sa.Connection, table: sa.Table) -> None:
    used: int = connection.execute(sa.select(sa.func.coalesce(sa.func.max(table.c.id), 0))).scalar_one()
    name, following = table.name, used + GAP
    if connection.dialect.name == "sqlite":
        given = connection.execute(sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": name})
        following = max(following, (given.scalar() or 0) + GAP)
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": name})
        row = {"name": name, "seq": following}
        connection.execute(sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)"), row)
    elif connection.dialect.name == "postgresql":
        sequence = {"table": f'"{name}"', "gap": following}
        connection.execute(
            sa.text(
                "SELECT setval(pg_get_serial_sequence(:table, 'id'),"
                " greatest(:gap, nextval(pg_get_serial_sequence(:table, 'id')) + :gap))"
            ),
            sequence,
        )
    else:
        connection.exec_driver_sql(f"ALTER TABLE `{name}` AUTO_INCREMENT = {following}")


def _libpq(url: sa.URL) -> list[str]:
    """Address the database for PostgreSQL's programs; the password goes into the environment."""
    socket = url.query.get("host")
    host = url.host or (socket if isinstance(socket, str) else None)
    given = {"host": host, "port": url.port, "username": url.username, "dbname": url.database}
    return [f"--{name}={value}" for name, value in given.items() if value]


def _client(url: sa.URL) -> list[str]:
    """Address the database for MariaDB's programs; they do not read the user's own option files."""
    given = {"host": url.host, "port": url.port, "user": url.username, "socket": url.query.get("unix_socket")}
    return ["--no-defaults", *(f"--{name}={value}" for name, value in given.items() if value)]


def _run(command: list[str], url: sa.URL, *, stdin: int | None = None, stdout: int | None = None) -> None:
    program = shutil.which(command[0])
    if program is None:
        package = "postgresql-client" if command[0].startswith("pg_") else "mariadb-client"
        raise CannotOpen(f"{command[0]} is not installed here: apt-get install {package}")
    password = {"PGPASSWORD": url.password, "MYSQL_PWD": url.password} if url.password else {}
    done = subprocess.run(
        [program, *command[1:]], stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, env={**os.environ, **password}
    )
    if done.returncode:
        raise CannotOpen(f"{command[0]}: {done.stderr.decode(errors='replace').strip()}")
