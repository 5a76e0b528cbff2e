# SPDX-License-Identifier: Apache-2.0
"""What 2015's clients find at every project and container: five networks; a root volume, ports, the network.

Everything here may be repeated after a kill: rows are added only where they are missing.
"""

import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

AT_ONCE = 1000
MANAGED = "hostOnlyNetwork"
KINDS = {
    "managed": MANAGED,
    "host": "dockerHost",
    "none": "dockerNone",
    "bridge": "dockerBridge",
    "container": "dockerContainer",
}
RUNS = ("running", "restarting", "updating-running", "stopping")
PORT = re.compile(r"(?:(?:([^:]+):)?([\d-]*):)?([\d-]+)(?:/(\w+))?")

BASE = ("id", "account_id", "kind", "created", "removed", "state", "data")


def _table(name: str, *columns: str) -> Any:
    return sa.table(name, sa.column("uuid", sa.String), *(sa.column(column) for column in (*BASE, *columns)))


account = _table("account")
host = _table("host")
instance = _table("instance", "host_id", "native_container", "primary_network_id")
ip_address = _table("ip_address", "instance_id")
mount = _table("mount", "volume_id")
network = _table("network", "name")
pool_of_host = _table("storage_pool_host_map", "host_id", "storage_pool_id")
port = _table(
    *("port", "host_id", "instance_id", "private_port", "public_port", "protocol", "bind_address"),
    *("public_ip_address_id", "private_ip_address_id"),
)
volume = _table("volume", "host_id", "instance_id", "device_number", "allocation_state", "attached_state")
volume_in_pool = _table("volume_storage_pool_map", "volume_id", "storage_pool_id")


def upgrade() -> None:
    """Add what is missing."""
    op.add_column("instance", sa.Column("primary_network_id", sa.Integer(), nullable=True))
    _add_networks()
    _give_containers_their_own()
    _put_roots_into_pools()
    _name_addresses_of_ports()
    _rest_unused_volumes()


def _add_networks() -> None:
    """The managed network gets the kind that it had in 2015; the others are added."""
    run(sa.update(network).where(network.c.kind == "network").values(kind=MANAGED))
    present = {tuple(row) for row in run(sa.select(network.c.account_id, network.c.kind))}
    projects = sa.select(account).where(account.c.kind == "project", account.c.removed.is_(None))
    for page in pages(account, projects):
        # Without a managed network, the creation of the project is under way, and makes them all.
        equipped = [project for project in page if (project.id, MANAGED) in present]
        add(
            network,
            [
                {"account_id": project.id, "kind": kind, "name": name, "state": "active", "created": project.created}
                for project in equipped
                for name, kind in KINDS.items()
                if (project.id, kind) not in present
            ],
        )


def _give_containers_their_own() -> None:
    networks = {
        (project, kind): id
        for project, kind, id in run(
            sa.select(network.c.account_id, network.c.kind, sa.func.min(network.c.id))
            .where(network.c.removed.is_(None))
            .group_by(network.c.account_id, network.c.kind)
        )
    }
    change = sa.update(instance).where(instance.c.id == sa.bindparam("row_id"))
    change = change.values(primary_network_id=sa.bindparam("network"))
    for page in pages(instance, sa.select(instance).where(instance.c.removed.is_(None))):
        fields = {row.id: json.loads(row.data or "{}").get("fields") or {} for row in page}
        joined = [{"row_id": row.id, "network": networks.get(_network(row, fields[row.id]))} for row in page]
        op.get_bind().execute(change, joined)
        rooted = _owners(volume, page, volume.c.device_number == 0)
        add(volume, [_root(row) for row in page if row.id not in rooted])
        ported = _owners(port, page, port.c.removed.is_(None))
        lacking = [row for row in page if row.id not in ported]
        add(port, [made for row in lacking for text in fields[row.id].get("ports") or [] for made in _ports(row, text)])


def _network(row: Any, fields: dict[str, Any]) -> tuple[int, str]:
    """The network of a container; nobody knows it of one that was made with Docker."""
    mode = fields.get("networkMode") or ("" if row.native_container else "managed")
    return row.account_id, KINDS.get(mode, "")


def _owners(table: Any, page: list[Any], *which: Any) -> set[int]:
    """The containers of a page that have such rows already."""
    ids = table.c.instance_id
    return set(run(sa.select(ids).where(ids.between(page[0].id, page[-1].id), *which)).scalars())


def _root(row: Any) -> dict[str, Any]:
    return {
        "account_id": row.account_id,
        "kind": "volume",
        "created": row.created,
        "state": "active" if row.state in RUNS and row.host_id is not None else "inactive",
        "allocation_state": "inactive" if row.host_id is None else "active",
        "attached_state": "active",
        "host_id": row.host_id,
        "instance_id": row.id,
        "device_number": 0,
        "data": json.dumps({"fields": {"driver": "local", "isHostPath": False}}),
    }


def _ports(row: Any, text: Any) -> Iterator[dict[str, Any]]:
    """Ports without a host: the container was not placed, or an upgrade keeps it aside."""
    found = PORT.fullmatch(str(text))
    if found is None:
        return
    bind, outer, inner, protocol = found.groups()
    private = _range(inner)
    for private_port, public_port in zip(private, _range(outer) if outer else [None] * len(private), strict=False):
        yield {
            "account_id": row.account_id,
            "kind": "userPort",
            "created": row.created,
            "state": "inactive",
            "instance_id": row.id,
            "private_port": private_port,
            "public_port": public_port,
            "protocol": (protocol or "tcp").lower(),
            "bind_address": None if bind in (None, "0.0.0.0") else bind,  # noqa: S104
        }


def _range(text: str) -> list[int]:
    first, _, last = text.partition("-")
    return list(range(int(first), int(last or first) + 1))


def _put_roots_into_pools() -> None:
    first = sa.select(pool_of_host.c.host_id, sa.func.min(pool_of_host.c.storage_pool_id))
    first = first.where(pool_of_host.c.removed.is_(None)).group_by(pool_of_host.c.host_id)
    pools = dict(run(first).all())
    missing = ~sa.exists().where(volume_in_pool.c.volume_id == volume.c.id)
    roots = sa.select(volume).where(volume.c.device_number == 0, volume.c.host_id.is_not(None), missing)
    for page in pages(volume, roots):
        add(
            volume_in_pool,
            [
                {
                    "kind": "volumeStoragePoolMap",
                    "created": row.created,
                    "state": "active",
                    "volume_id": row.id,
                    "storage_pool_id": pools[row.host_id],
                }
                for row in page
                if row.host_id in pools
            ],
        )


def _name_addresses_of_ports() -> None:
    """The rows of the addresses that a placed port leads from and to."""
    outer = sa.select(sa.func.min(ip_address.c.id)).join_from(
        host, ip_address, ip_address.c.uuid == host.c.uuid + "-ip"
    )
    inner = sa.select(sa.func.min(ip_address.c.id)).where(ip_address.c.removed.is_(None))
    named = sa.update(port).values(
        public_ip_address_id=outer.where(host.c.id == port.c.host_id).scalar_subquery(),
        private_ip_address_id=inner.where(ip_address.c.instance_id == port.c.instance_id).scalar_subquery(),
    )
    run(named.where(port.c.removed.is_(None), port.c.host_id.is_not(None)))


def _rest_unused_volumes() -> None:
    """A volume that no container has held is only requested."""
    held = sa.exists().where(mount.c.volume_id == volume.c.id)
    fresh = sa.and_(volume.c.state == "inactive", volume.c.host_id.is_(None), volume.c.instance_id.is_(None), ~held)
    run(sa.update(volume).where(fresh).values(state="requested"))


def run(statement: sa.Executable) -> Any:
    return op.get_bind().execute(statement)


def add(table: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        op.get_bind().execute(sa.insert(table), [{"uuid": str(uuid.uuid4()), **row} for row in rows])


def pages(table: Any, query: sa.Select[Any]) -> Iterator[list[Any]]:
    """The rows of a SELECT of a table, by id, a thousand at a time."""
    last = 0
    page = query.order_by(table.c.id).limit(AT_ONCE)
    while rows := list(run(page.where(table.c.id > last))):
        yield rows
        last = rows[-1].id
