# SPDX-License-Identifier: Apache-2.0
"""Balancers of services that were deactivated are inactive, and the places of unused volumes in their pools."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Earlier versions left them active until the next time that their service or container stopped."""
    _rest("load_balancer", "service")
    _rest("volume_storage_pool_map", "volume")


def _rest(name: str, owner: str) -> None:
    """Set the active rows of a table to inactive whose owner is."""
    table = sa.table(name, *map(sa.column, ("state", "removed", f"{owner}_id")))
    above = sa.table(owner, sa.column("id"), sa.column("state"))
    resting = sa.select(above.c.id).where(above.c.state == "inactive")
    stays = table.c.removed.is_(None) & (table.c.state == "active") & table.c[f"{owner}_id"].in_(resting)
    op.execute(sa.update(table).where(stays).values(state="inactive"))
