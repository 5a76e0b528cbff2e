# SPDX-License-Identifier: Apache-2.0
"""Counts that are kept up to date, and indexes for the queries of placing a container."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

AT_ONCE = 1000


def upgrade() -> None:
    """Add what is missing, and fill it from the present rows."""
    op.create_table(
        "tally",
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("root", "value", name=op.f("pk_tally")),
    )
    # An upgrade that was cut off may have filled it already.
    op.execute("DELETE FROM tally")
    op.execute(
        "INSERT INTO tally (root, value, number) SELECT 'instance', host_id, count(*) FROM instance "
        "WHERE host_id IS NOT NULL AND removed IS NULL GROUP BY host_id"
    )
    op.create_index(op.f("ix_instance_service_id_removed"), "instance", ["service_id", "removed", "host_id"])
    op.create_index(op.f("ix_instance_deployment_unit_uuid_removed"), "instance", ["deployment_unit_uuid", "removed"])
    op.drop_index(op.f("ix_port_account_id_removed"), table_name="port")
    op.create_index(op.f("ix_port_account_id_removed"), "port", ["account_id", "removed", "public_port"])
    op.create_index(op.f("ix_volume_account_id_removed"), "volume", ["account_id", "removed", "name"])
    op.create_index(op.f("ix_volume_host_id_removed"), "volume", ["host_id", "removed"])
    op.add_column("label", sa.Column("folded", sa.String(length=40), nullable=True))
    _fold_labels()
    op.create_index(op.f("ix_label_folded_removed"), "label", ["folded", "removed"])


def _fold_labels() -> None:
    """What labels are compared by, without regard to case (``orca.provision.hosts.labels.fold``)."""
    label = sa.table("label", *(sa.column(name) for name in ("id", "key", "value", "folded", "removed")))
    change = sa.update(label).where(label.c.id == sa.bindparam("row_id")).values(folded=sa.bindparam("text"))
    last = 0
    while True:
        page = sa.select(label.c.id, label.c.key, label.c.value).order_by(label.c.id).limit(AT_ONCE)
        rows = op.get_bind().execute(page.where(label.c.id > last, label.c.removed.is_(None))).fetchall()
        if not rows:
            return
        last = rows[-1].id
        folded = [{"row_id": id, "text": _fold(key or "", value or "")} for id, key, value in rows]
        op.get_bind().execute(change, folded)


def _fold(key: str, value: str) -> str:
    return hashlib.sha256(f"{key}={value}".lower().encode()).hexdigest()[:40]
