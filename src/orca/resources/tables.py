# SPDX-License-Identifier: Apache-2.0
"""Build tables from declarations: one table per root type, one column per field declared as such, the rest in JSON.

Column types are the portable ones; lengths matter only to databases that bound an indexed text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import sqlalchemy as sa

from orca.resources.fields import Field
from orca.resources.indexed_text import LENGTH
from orca.resources.rows import BY_NAME
from orca.resources.types import ResourceType
from orca.store import Record, Schema, StoredType
from orca.store.events import event_table
from orca.store.tally import tally_table

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


@cache
def snake(name: str) -> str:
    """``hostId`` becomes ``host_id``: the name of a column or table in the database."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def column_type(field: Field) -> sa.types.TypeEngine[Any]:
    """The portable column type of a field."""
    if field.type == "date" or field.big:
        return sa.BigInteger()
    if field.type == "int" or field.reference:
        return sa.Integer()
    if field.type == "boolean":
        return sa.Boolean(create_constraint=False)
    return sa.String(field.max_length) if field.max_length else sa.Text()


def make_column(name: str, field: Field) -> sa.Column[Any]:
    """The column of a field, known by the field's API name inside Python."""
    if name == "id":
        return sa.Column("id", sa.Integer, key="id", primary_key=True, autoincrement=True)
    return sa.Column(snake(name), column_type(field), key=name, index=field.index, unique=name == "uuid" or None)


def root_of(type: ResourceType, types: Mapping[str, ResourceType]) -> ResourceType:
    """The type at the end of the parent chain; it names the table, the id prefix and the id space."""
    while type.parent is not None:
        type = types[type.parent]
    return type


def family(root: ResourceType, types: Mapping[str, ResourceType]) -> list[ResourceType]:
    """The root and all types below it, in declaration order."""
    return [type for type in types.values() if type.table and root_of(type, types) is root]


def build_table(root: ResourceType, members: Iterable[ResourceType], metadata: sa.MetaData) -> sa.Table:
    """The table of a root type with the columns of all its kinds."""
    columns: dict[str, sa.Column[Any]] = {}
    for member in members:
        for name, field in member.all_fields.items():
            if field.column and name not in columns:
                columns[name] = make_column(name, field)
    columns["data"] = sa.Column("data", sa.Text, key="data")
    columns["liveKey"] = sa.Column("live_key", sa.String(512), key="liveKey", unique=True)
    name = snake(root.name)
    live = [_live_index(name, columns, *((entry,) if isinstance(entry, str) else entry)) for entry in root.looked_up]
    return sa.Table(name, metadata, *columns.values(), *live, sqlite_autoincrement=True)


def _live_index(table: str, columns: Mapping[str, sa.Column[Any]], field: str, *more: str) -> sa.Index:
    name = f"ix_{table}_{snake(field)}_removed"
    return sa.Index(name, columns[field], columns["removed"], *(columns[other] for other in more))


def extra_tables(metadata: sa.MetaData) -> None:
    """Tables without resources."""
    event_table(metadata)
    tally_table(metadata)
    sa.Table(
        "process_step",
        metadata,
        sa.Column("process_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("result", sa.Text),
        sa.Column("created", sa.BigInteger, nullable=False),
    )
    sa.Table(
        "service_label",
        metadata,
        sa.Column("account_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("label", sa.String(LENGTH), primary_key=True),
        sa.Column("service_id", sa.Integer, primary_key=True, autoincrement=False, index=True),
    )
    sa.Table(
        "config_digest",
        metadata,
        sa.Column("host_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("wanted", sa.BigInteger, nullable=False),
        sa.Column("applied", sa.BigInteger, nullable=False),
    )


def build_schema(types: Mapping[str, ResourceType]) -> Schema:
    """The store's schema of the declared types."""
    metadata = sa.MetaData(naming_convention=NAMING)
    extra_tables(metadata)
    stored: dict[str, StoredType] = {}
    tables: dict[str, sa.Table] = {}
    for root in [type for type in types.values() if type.table and type.parent is None]:
        members = family(root, types)
        table = tables[root.name] = build_table(root, members, metadata)
        shared = set(root.all_fields)
        for member in members:
            names = shared | set(member.all_fields)
            if member is root:  # a row of an undeclared kind is shown as the root type, so that needs every field
                names = set().union(*(m.all_fields for m in members))
            columns = frozenset(table.columns.keys())
            stored[member.name] = StoredType(
                name=member.name,
                root=root.name,
                table=table,
                kinds=frozenset() if "kind" not in shared or member is root else descendants(member, members),
                columns=columns,
                json_fields=frozenset(names - columns - {"data"}),
                own=own_keys(member, types),
                always=always(member, types) - {"id"},
                row=BY_NAME.get(member.name, Record),
                live_key=member.live_key or root.live_key,
                unique_field=root.unique_field,
                derived=root.derived,
                tally=root.tally,
            )
    for name, type in types.items():
        if type.view is not None:
            stored[name] = replace(stored[name], view=build_view(tables[name], type.view(tables)))
    return Schema(metadata, stored)


def always(type: ResourceType, types: Mapping[str, ResourceType]) -> frozenset[str]:
    """The fields that no row of a type is without, as it or a type above it declares."""
    above = always(types[type.parent], types) if type.parent is not None else frozenset()
    return above | {name for name, field in type.all_fields.items() if field.always}


def own_keys(type: ResourceType, types: Mapping[str, ResourceType]) -> dict[str, str]:
    """A type's own keys of the JSON column and those of the types above it, by their names in Python."""
    above = own_keys(types[type.parent], types) if type.parent is not None else {}
    return above | {name: own.key or name for name, own in type.own.items()}


def build_view(table: sa.Table, made: sa.Select[Any]) -> sa.CTE:
    """A SELECT with the form and name of a table, which replaces the table within a statement."""
    rows = made.subquery("made")
    columns = [rows.c.get(column.key, sa.cast(sa.null(), column.type)).label(column.name) for column in table.columns]
    return sa.select(*columns).cte(table.name)


def descendants(type: ResourceType, members: list[ResourceType]) -> frozenset[str]:
    """The kinds a row of this type may have: its own name and those of the types below it."""
    names = {type.name}
    for member in members:
        if member.parent in names:
            names.add(member.name)
    return frozenset(names)
