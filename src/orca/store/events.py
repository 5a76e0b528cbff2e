# SPDX-License-Identifier: Apache-2.0
"""The event table: which resource changed, written in the same unit as the change itself."""

from __future__ import annotations

import sqlalchemy as sa


def event_table(metadata: sa.MetaData) -> sa.Table:
    """Add the event table to ``metadata``. Rows are deleted after the retention time; numbers are never reused."""
    return sa.Table(
        "event",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("resource_type", sa.String(64), nullable=False),
        sa.Column("resource_id", sa.Integer, nullable=False),
        sa.Column("account_id", sa.Integer),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Index("ix_event_created", "created"),
        sqlite_autoincrement=True,
    )
