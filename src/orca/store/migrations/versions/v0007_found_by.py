# SPDX-License-Identifier: Apache-2.0
"""Columns and rows by which addresses that wait, containers and services are found without reading their neighbours."""

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

AT_ONCE = 1000


def upgrade() -> None:
    """Add what is missing, and fill it from the present rows."""
    op.add_column("ip_address", sa.Column("service_id", sa.Integer(), nullable=True))
    _fill("ip_address", "service_id", ["data"], lambda row: json.loads(row.data)["owner"]["service"], role="retained")
    op.create_index(op.f("ix_ip_address_service_id"), "ip_address", ["service_id"], unique=False)

    op.add_column("instance", sa.Column("folded", sa.String(length=40), nullable=True))
    _fill("instance", "folded", ["name"], lambda row: _digest(row.name.lower()) if row.name else None, removed=None)
    op.drop_index(op.f("ix_instance_account_id_removed"), table_name="instance")
    op.create_index(op.f("ix_instance_account_id_removed"), "instance", ["account_id", "removed", "folded"])

    op.add_column("service", sa.Column("selecting", sa.Boolean(), nullable=True))
    _fill("service", "selecting", ["selector_link"], lambda row: True if row.selector_link else None, removed=None)
    op.create_index(op.f("ix_service_account_id_removed"), "service", ["account_id", "removed", "selecting"])
    op.create_table(
        "service_label",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("label", sa.String(length=40), autoincrement=False, nullable=False),
        sa.Column("service_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "label", "service_id", name=op.f("pk_service_label")),
    )
    op.create_index(op.f("ix_service_label_service_id"), "service_label", ["service_id"], unique=False)
    _write_labels()


def _fill(table: str, column: str, read: list[str], value: Callable[[Any], Any], **equals: Any) -> None:
    """Compute a column of the rows that have these values, from the columns to read. Without a value it stays null."""
    made = sa.table(table, *(sa.column(name) for name in ("id", column, *read, *equals)))
    change = sa.update(made).where(made.c.id == sa.bindparam("row_id")).values({column: sa.bindparam("value")})
    for rows in _pages(made, read, **equals):
        found = [{"row_id": row.id, "value": value(row)} for row in rows]
        if given := [each for each in found if each["value"] is not None]:
            op.get_bind().execute(change, given)


def _write_labels() -> None:
    """The labels of services (``orca.orchestration.services.labels``)."""
    service = sa.table("service", *(sa.column(name) for name in ("id", "account_id", "data", "removed")))
    label = sa.table("service_label", *(sa.column(name) for name in ("account_id", "label", "service_id")))
    # An upgrade that was cut off may have written some.
    op.execute("DELETE FROM service_label")
    for rows in _pages(service, ["account_id", "data"], removed=None):
        found = [
            {"account_id": row.account_id, "label": text, "service_id": row.id}
            for row in rows
            for text in sorted(_labels(json.loads(row.data or "{}")))
        ]
        if found:
            op.get_bind().execute(sa.insert(label), found)


def _labels(data: dict[str, Any]) -> set[str]:
    labels = (data.get("fields", {}).get("launchConfig") or {}).get("labels") or {}
    return {_digest(text) for key, value in labels.items() for text in (key, f"{key}={value}")}


def _pages(table: sa.TableClause, read: list[str], **equals: Any) -> Iterator[list[Any]]:
    """The rows that have these values, by id, a thousand at a time."""
    last = 0
    page = sa.select(table.c.id, *(table.c[name] for name in read)).order_by(table.c.id).limit(AT_ONCE)
    page = page.where(*(table.c[name] == value for name, value in equals.items()))
    while rows := list(op.get_bind().execute(page.where(table.c.id > last))):
        yield rows
        last = rows[-1].id


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:40]
