# SPDX-License-Identifier: Apache-2.0
"""The private port of a listener is a column; links of containers that do not run are inactive."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

RUNNING = ("running", "restarting", "updating-running")
AT_ONCE = 1000


def upgrade() -> None:
    """Add what is missing, and fill it from the present rows."""
    op.add_column("load_balancer_listener", sa.Column("private_port", sa.Integer(), nullable=True))
    _move_ports()
    _close_links()


def _move_ports() -> None:
    """Move private ports out of the JSON column."""
    table = sa.table("load_balancer_listener", *(sa.column(name) for name in ("id", "data", "private_port")))
    change = sa.update(table).where(table.c.id == sa.bindparam("row_id"))
    change = change.values(private_port=sa.bindparam("port"), data=sa.bindparam("rest"))
    last = 0
    while True:
        page = sa.select(table.c.id, table.c.data).where(table.c.id > last).order_by(table.c.id).limit(AT_ONCE)
        rows = op.get_bind().execute(page).fetchall()
        if not rows:
            return
        last = rows[-1].id
        for id, text in rows:
            data = json.loads(text) if text else {}
            port = data.get("fields", {}).pop("privatePort", None)
            if port is not None:
                op.get_bind().execute(change, {"row_id": id, "port": port, "rest": json.dumps(data)})


def _close_links() -> None:
    """Versions before this one showed every link as active."""
    link = sa.table("instance_link", *(sa.column(name) for name in ("state", "instance_id", "removed")))
    instance = sa.table("instance", *(sa.column(name) for name in ("id", "state")))
    running = sa.select(instance.c.id).where(instance.c.state.in_(RUNNING))
    resting = link.c.removed.is_(None) & (link.c.state == "active") & link.c.instance_id.not_in(running)
    op.execute(sa.update(link).where(resting).values(state="inactive"))
