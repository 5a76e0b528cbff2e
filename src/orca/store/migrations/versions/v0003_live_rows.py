# SPDX-License-Identifier: Apache-2.0
"""Indexes that find live rows among many removed ones."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add what is missing."""
    for table, column in (
        ("instance", "account_id"),
        ("instance_link", "account_id"),
        ("ip_address", "account_id"),
        ("ip_address", "subnet_id"),
        ("port", "account_id"),
        ("service_expose_map", "account_id"),
    ):
        op.create_index(op.f(f"ix_{table}_{column}_removed"), table, [column, "removed"], unique=False)
