# SPDX-License-Identifier: Apache-2.0
"""Numbers that say whether a host has its config items, so that a hello reads none of them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add what is missing. Existing hosts get their numbers at their next hello."""
    op.create_table(
        "config_digest",
        sa.Column("host_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("wanted", sa.BigInteger(), nullable=False),
        sa.Column("applied", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("host_id", name=op.f("pk_config_digest")),
    )
