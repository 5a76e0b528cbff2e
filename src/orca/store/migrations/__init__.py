# SPDX-License-Identifier: Apache-2.0
"""Bringing a database's tables to the present version.

The versions are Alembic files in ``versions/``. Alembic is imported only when there is something to do, because its
import costs as much as the rest of the start.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from orca.store.backends import backend_of
from orca.store.errors import CannotOpen

HEAD = "0011"
"""The newest version; a test compares it with what Alembic finds."""


def current(connection: sa.Connection) -> str | None:
    """The version of this database; None for an empty one."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return version


def upgrade(engine: sa.Engine, metadata: sa.MetaData) -> None:
    """Bring the tables to ``metadata`` while no other server does. After a kill the next server completes it.

    SQLite and PostgreSQL do it in one transaction. For MariaDB see ``orca.store.mariadb.migrating``.
    An empty database gets its tables at once and is marked with the newest version; a test keeps both ways equal.
    """
    backend = backend_of(engine)
    with engine.connect() as connection:
        backend.prepare(connection)
        if current(connection) == HEAD:
            return
        with backend.migrating(connection):
            version = current(connection)
            if version is None:
                create(connection, metadata)
            elif version != HEAD:
                migrate(connection)


def check(engine: sa.Engine) -> None:
    """Look whether the tables are of the present version. Raises ``CannotOpen``."""
    database = engine.url.database
    if engine.dialect.name == "sqlite" and not Path(str(database)).exists():
        raise CannotOpen(f"there is no database {database}")
    with engine.connect() as connection:
        version = current(connection)
    if version != HEAD:
        raise CannotOpen(
            f"the database is of version {version}, not {HEAD}: start a server of this version on it first"
        )


def create(connection: sa.Connection, metadata: sa.MetaData) -> None:
    """Make all tables of a new database."""
    # First, because a database may keep what was done before a kill; the version in it is written last.
    connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    metadata.create_all(connection, checkfirst=False)
    connection.execute(sa.text("INSERT INTO alembic_version VALUES (:version)"), {"version": HEAD})


def migrate(connection: sa.Connection) -> None:
    """Run the versions that this database lacks."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
