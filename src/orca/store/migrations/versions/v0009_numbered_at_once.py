# SPDX-License-Identifier: Apache-2.0
"""Events are numbered in the transaction that they belong to: the table of those without a number goes."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

COLUMNS = ("id", "resource_type", "resource_id", "account_id", "created")


def upgrade() -> None:
    """Number what a server that was killed left behind."""
    connection = op.get_bind()
    if not sa.inspect(connection).has_table("event_pending"):
        return  # an upgrade that was cut off came as far as this
    event, pending = (sa.table(name, *map(sa.column, COLUMNS)) for name in ("event", "event_pending"))
    last = connection.execute(sa.select(sa.func.coalesce(sa.func.max(event.c.id), 0))).scalar_one()
    left = connection.execute(sa.select(pending).order_by(pending.c.id)).mappings().all()
    # Where a cut-off upgrade did this already, the changes are told twice, which does no harm.
    numbered = [{**row, "id": last + number} for number, row in enumerate(left, 1)]
    if numbered:
        connection.execute(sa.insert(event), numbered)
    op.drop_table("event_pending")
