# SPDX-License-Identifier: Apache-2.0
"""An index that tells which health states there are among the services of a stack."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add what is missing."""
    op.create_index(
        op.f("ix_service_environment_id_removed"),
        "service",
        ["environment_id", "removed", "health_state"],
        unique=False,
    )
