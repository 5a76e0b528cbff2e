# SPDX-License-Identifier: Apache-2.0
"""A small schema of its own: the store knows no declared type."""

import sqlalchemy as sa

from orca.store import Own, Record, Schema, StoredType
from orca.store.events import event_table
from orca.store.tally import tally_table


class Thing(Record):
    __slots__ = ()
    TYPE = "thing"
    sealed = Own[str]("sealed")
    mark = Own[int]("internalMark")


class Box(Thing):
    __slots__ = ()
    TYPE = "box"


def build() -> Schema:
    metadata = sa.MetaData()
    event_table(metadata)
    tally_table(metadata)
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
        sa.Column("summary", sa.String(100), key="summary"),
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
            own={"sealed": "sealed", "mark": "internalMark"},
            always=frozenset({"uuid"}),
            row={"thing": Thing, "box": Box}[name],
            live_key=lambda record: record.name,
            derived={"summary": lambda record: f"{record.name}, {record.size or 'any size'}"},
            tally="ownerId",
        )

    types = (
        stored("thing", frozenset(), frozenset({"labels", "size"})),
        stored("box", frozenset({"box"}), frozenset({"labels", "size"})),
    )
    return Schema(metadata, {type.name: type for type in types})
