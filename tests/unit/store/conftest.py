# SPDX-License-Identifier: Apache-2.0
"""A small schema of its own: the store knows no declared type."""

import sqlite3
import threading

import pytest
import sqlalchemy as sa

from orca.store import Database, Schema, StoredType, sqlite
from orca.store.events import event_table


def build() -> Schema:
    metadata = sa.MetaData()
    event_table(metadata)
    table = sa.Table(
        "thing",
        metadata,
        sa.Column("id", sa.Integer, key="id", primary_key=True, autoincrement=True),
        sa.Column("kind", sa.String(20), key="kind"),
        sa.Column("name", sa.String(50), key="name"),
        sa.Column("uuid", sa.String(50), key="uuid", unique=True),
        sa.Column("state", sa.String(20), key="state"),
        sa.Column("owner_id", sa.Integer, key="ownerId"),
        sa.Column("account_id", sa.Integer, key="accountId"),
        sa.Column("created", sa.BigInteger, key="created"),
        sa.Column("removed", sa.BigInteger, key="removed"),
        sa.Column("data", sa.Text, key="data"),
        sa.Column("live_key", sa.String(100), key="liveKey", unique=True),
        sqlite_autoincrement=True,
    )
    columns = frozenset(table.columns.keys())

    def stored(name: str, kinds: frozenset[str], fields: frozenset[str]) -> StoredType:
        return StoredType(
            name=name,
            root="thing",
            table=table,
            kinds=kinds,
            columns=columns,
            json_fields=fields,
            live_key=lambda record: record.name,
        )

    types = (
        stored("thing", frozenset(), frozenset({"labels", "size"})),
        stored("box", frozenset({"box"}), frozenset({"labels", "size"})),
    )
    return Schema(metadata, {type.name: type for type in types})


@pytest.fixture
async def db(tmp_path):
    database = await Database.open(f"sqlite:///{tmp_path / 'test.db'}", build())
    yield database
    await database.close()


@pytest.fixture
def full_disk(monkeypatch):
    """While this event is set, no COMMIT succeeds."""
    full = threading.Event()
    control = sqlite.control

    def wrapped(connection):
        execute = control(connection)

        def run(statement):
            if statement == "COMMIT" and full.is_set():
                raise sqlite3.OperationalError("database or disk is full")
            return execute(statement)

        return run

    monkeypatch.setattr(sqlite, "control", wrapped)
    return full
