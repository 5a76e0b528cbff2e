# SPDX-License-Identifier: Apache-2.0
"""Migrations on every kind of database: the declared tables, and nothing wedged by a kill at any statement.

Each run takes some of the statements, others each day (``ORCA_CRASH_SEED``); ``ORCA_CRASH_EVERYWHERE`` takes them all.
"""

import json
import os
import signal
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from orca.orchestration.services import labels
from orca.resources import rows, schema
from orca.store import CannotOpen, Database, backends, migrations

SCRIPTS = str(Path(migrations.__file__).parent)
EVERYWHERE = "ORCA_CRASH_EVERYWHERE" in os.environ
SEED = int(os.environ.get("ORCA_CRASH_SEED", str(int(time.time()) // 86_400)))
STEPS = {"sqlite": 7, "postgresql": 29, "mariadb": 11}
"""Statements between two kills. PostgreSQL rolls back whatever the statement was, as SQLite does, but takes longer."""


@pytest.fixture
def engine(url):
    engine = backends.create_engine(url)
    yield engine
    engine.dispose()


def differences(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return compare_metadata(context, schema().metadata)


def first_version(engine, version="0001"):
    """The database as the first version left it, or a later one."""
    with engine.connect() as connection:
        backends.backend_of(engine).prepare(connection)
        with backends.backend_of(engine).migrating(connection):
            config = Config()
            config.set_main_option("script_location", SCRIPTS)
            config.attributes["connection"] = connection
            command.upgrade(config, version)


def killed_at(engine, number):
    """Upgrade in a child that kills itself before its ``number``th statement; False when it got to its end before."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = upgrade_or_die(engine, number)
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def upgrade_or_die(engine, number):
    # A connection of its own: those of the parent are not to be shared.
    own = backends.create_engine(engine.url.render_as_string(hide_password=False))
    left = number

    def count(_connection, _cursor, statement, parameters, _context, _many):
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return statement, parameters

    sa.event.listen(own, "before_cursor_execute", count, retval=True)
    migrations.upgrade(own, schema().metadata)
    return 0


def killed_everywhere(engine, at_least=50):
    """Upgrade again and again, killed later each time, until one gets through."""
    step = 1 if EVERYWHERE else STEPS[engine.dialect.name]
    kills = 0
    while killed_at(engine, 1 + SEED % step + kills * step):
        kills += 1
    assert (kills + 1) * step > at_least


def used(engine):
    """Rows of the sixth version, from which the seventh computes columns: more than it reads at once."""
    labels = {"tier": "Web", "": "x=y"}
    owner = {"service": 2, "number": 1, "part": ""}
    made = {
        "instance": [{"account_id": 1, "name": f"Web_{number}"} for number in range(1001)]
        + [{"account_id": 1, "name": None}],
        "ip_address": [
            {"account_id": 1, "role": "retained", "data": json.dumps({"owner": owner})},
            {"account_id": 1, "role": None, "data": json.dumps({"owner": owner})},
            {"account_id": 1, "role": None, "data": None},
        ],
        "service": [
            {"account_id": 1, "environment_id": 1, "name": "a", "selector_link": "tier=web", "data": None},
            {"account_id": 1, "environment_id": 1, "name": "b", "selector_link": None,
             "data": json.dumps({"fields": {"launchConfig": {"imageUuid": "sim:1", "labels": labels}}})},
            {"account_id": 1, "environment_id": 1, "name": "c", "selector_link": "",
             "data": json.dumps({"fields": {"launchConfig": None}})},
        ],
    }  # fmt: skip
    with engine.begin() as connection:
        for name, given in made.items():
            table = sa.Table(name, sa.MetaData(), autoload_with=connection)
            common = {"kind": name, "state": "active", "created": 1}
            full = [common | row | {"id": id, "uuid": f"{name}{id}"} for id, row in enumerate(given, 1)]
            connection.execute(sa.insert(table), full)


async def test_what_a_migration_computes_is_what_the_store_computes(engine, url):
    first_version(engine, "0006")
    used(engine)
    killed_everywhere(engine, at_least=20)
    assert differences(engine) == []
    db = await Database.open(url, schema())
    try:
        found = await db.read(computed)
        assert len(found) == 1002 + 3 + 3
        assert [row for row in found if row[-2] != row[-1]] == []
        assert {row[1:] for row in found if row[0] == "ipAddress"} == {(1, 2, 2), (2, None, None), (3, None, None)}
        assert {row[1:] for row in found if row[0] == "service"} == {(1, True, True), (2, None, None), (3, None, None)}
        before = await db.read(label_rows)
        await db.write(lambda tx: [labels.write(tx, row) for row in tx.find(rows.Service)])
        assert before == await db.read(label_rows)
        assert {id for *_, id in before} == {2}
        assert len(before) == 4
    finally:
        await db.close()


def test_events_that_a_killed_server_left_get_numbers(engine):
    first_version(engine, "0008")
    names = "id", "resource_type", "resource_id", "created"
    event, pending = (sa.table(name, *map(sa.column, names)) for name in ("event", "event_pending"))
    with engine.begin() as connection:
        connection.execute(sa.insert(event), {"id": 7, "resource_type": "host", "resource_id": 1, "created": 1})
        left = [{"id": id, "resource_type": "host", "resource_id": 10 - id, "created": 1} for id in (3, 4)]
        connection.execute(sa.insert(pending), left)
    migrations.upgrade(engine, schema().metadata)
    with engine.connect() as connection:
        found = connection.execute(sa.select(event.c.id, event.c.resource_id).order_by(event.c.id)).all()
    assert [tuple(row) for row in found] == [(7, 1), (8, 7), (9, 6)]


def test_what_rests_with_its_service_or_volume_becomes_inactive(engine):
    first_version(engine, "0010")
    ties = {"load_balancer": "service", "volume_storage_pool_map": "volume"}
    states = ["inactive", "active", "inactive"]
    with engine.begin() as connection:
        for name in {*ties, *ties.values()}:
            table = sa.Table(name, sa.MetaData(), autoload_with=connection)
            found = enumerate(["active" if name in ties else state for state in states], 1)
            common = {"kind": name, "created": 1} | ({"data": None} if name in ties else {})
            own = [common | {"id": id, "uuid": f"{name}{id}", "state": state} for id, state in found]
            if name in ties:
                own = [row | {f"{ties[name]}_id": row["id"], "removed": 1 if row["id"] == 3 else None} for row in own]
            connection.execute(sa.insert(table), own)
    migrations.upgrade(engine, schema().metadata)
    with engine.connect() as connection:
        for name in ties:
            found = sa.table(name, sa.column("id"), sa.column("state"))
            rows_of = connection.execute(sa.select(found.c.state).order_by(found.c.id)).scalars().all()
            assert rows_of == ["inactive", "active", "active"], name  # the last one was removed


def computed(tx):
    """What each row has in its derived columns, and what it should have."""
    return [
        (row.type, row.id, row.get(name), value(row))
        for type in (rows.Instance, rows.IpAddress, rows.Service)
        for row in tx.find(type)
        for name, value in tx.schema[type].derived.items()
    ]


def label_rows(tx):
    return sorted(tuple(row) for row in tx.execute(sa.select(tx.table("service_label"))))


def test_a_new_database_has_the_declared_tables(engine):
    migrations.upgrade(engine, schema().metadata)
    assert differences(engine) == []
    migrations.upgrade(engine, schema().metadata)


def test_migrations_give_the_declared_tables(engine):
    first_version(engine)
    migrations.upgrade(engine, schema().metadata)
    assert differences(engine) == []


def test_a_kill_while_tables_are_made_is_made_good(engine):
    killed_everywhere(engine)
    assert differences(engine) == []


def test_a_kill_while_tables_are_changed_is_made_good(engine):
    first_version(engine)
    killed_everywhere(engine)
    assert differences(engine) == []


def test_a_database_of_somebody_else_is_left_alone(engine):
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE account (id INTEGER PRIMARY KEY)")
        connection.exec_driver_sql("INSERT INTO account VALUES (7)")
    with pytest.raises((CannotOpen, sa.exc.DBAPIError)):
        migrations.upgrade(engine, schema().metadata)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT id FROM account").scalar() == 7


def test_what_cannot_be_used_is_told_without_the_password(tmp_path):
    with pytest.raises(CannotOpen, match="no database 'oracle' is known"):
        backends.create_engine("oracle://scott:tiger@host/db")
    with pytest.raises(CannotOpen) as refused:
        backends.create_engine("scott:tiger")
    assert "tiger" not in str(refused.value)
