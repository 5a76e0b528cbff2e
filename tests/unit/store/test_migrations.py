# SPDX-License-Identifier: Apache-2.0
"""The committed migrations and the declarations are the same tables."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from orca.resources import schema
from orca.store import migrations, sqlite


@pytest.fixture
def engine(tmp_path):
    engine = sqlite.create_engine(f"sqlite:///{tmp_path / 'test.db'}")
    yield engine
    engine.dispose()


def differences(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return compare_metadata(context, schema().metadata)


def run_all(engine):
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        migrations.migrate(connection)
        connection.exec_driver_sql("COMMIT")


def tables(engine):
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT type, name, tbl_name FROM sqlite_master ORDER BY 1, 2"))
        return [tuple(row) for row in rows]


def test_head_is_the_newest_file():
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_heads() == [migrations.HEAD]


def test_migrations_give_the_declared_tables(engine):
    run_all(engine)
    assert differences(engine) == []


def test_a_new_database_is_like_a_migrated_one(engine, tmp_path):
    migrations.upgrade(engine, schema().metadata)
    assert differences(engine) == []
    other = sqlite.create_engine(f"sqlite:///{tmp_path / 'other.db'}")
    run_all(other)
    assert tables(engine) == tables(other)
    other.dispose()


def test_upgrading_twice_does_nothing(engine):
    migrations.upgrade(engine, schema().metadata)
    before = tables(engine)
    migrations.upgrade(engine, schema().metadata)
    assert tables(engine) == before


def test_a_failed_upgrade_leaves_nothing(engine, monkeypatch):
    create = migrations.create

    def fail(*arguments):
        create(*arguments)
        raise RuntimeError("on purpose")

    monkeypatch.setattr(migrations, "create", fail)
    with pytest.raises(RuntimeError):
        migrations.upgrade(engine, schema().metadata)
    assert tables(engine) == []
