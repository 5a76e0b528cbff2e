# SPDX-License-Identifier: Apache-2.0
"""Bringing a database's tables to the present version.

The versions are Alembic files in ``versions/``. Alembic is imported only when there is something to do, because its
import costs as much as the rest of the start.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

HEAD = "0002"
"""The newest version; a test compares it with what Alembic finds."""


def current(connection: sa.Connection) -> str | None:
    """The version of this database; None for an empty one."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return version


def upgrade(engine: sa.Engine, metadata: sa.MetaData) -> None:
    """Bring the tables to ``metadata``, in one transaction: a kill at any statement leaves the old version.

    An empty database gets its tables at once and is marked with the newest version; a test keeps both ways equal.
    """
    with engine.connect() as connection:
        version = current(connection)
        if version == HEAD:
            return
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            if version is None:
                create(connection, metadata)
            else:
                migrate(connection)
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise
        connection.exec_driver_sql("COMMIT")


def create(connection: sa.Connection, metadata: sa.MetaData) -> None:
    """Make all tables of a new database."""
    metadata.create_all(connection, checkfirst=False)
    connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    connection.execute(sa.text("INSERT INTO alembic_version VALUES (:version)"), {"version": HEAD})


def migrate(connection: sa.Connection) -> None:
    """Run the versions that this database lacks."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
