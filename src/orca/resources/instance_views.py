# SPDX-License-Identifier: Apache-2.0
"""Views of a container's row: its interface, its address there, its host. Their ids have the container's number.

They are active while the container runs, as in 2015.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

Tables = Mapping[str, sa.Table]

RUNS = ("running", "restarting", "updating-running", "stopping")
"""States of a container that is on its host's processor."""


def nic(tables: Tables) -> sa.Select[Any]:
    """The one interface of each container, in its network."""
    instance, address = tables["instance"].c, tables["ipAddress"].c
    columns = [
        *_base(instance, "nic"),
        sa.literal(0).label("deviceNumber"),
        instance.id.label("instanceId"),
        instance.primaryNetworkId.label("networkId"),
        address.subnetId.label("subnetId"),
    ]
    return sa.select(*columns).select_from(tables["instance"].outerjoin(tables["ipAddress"], _live_address(tables)))


def ip_address_nic_map(tables: Tables) -> sa.Select[Any]:
    """The address of each container's interface."""
    instance, address = tables["instance"].c, tables["ipAddress"].c
    columns = [
        *_base(instance, "ipAddressNicMap"),
        address.id.label("ipAddressId"),
        instance.id.label("nicId"),
    ]
    return sa.select(*columns).select_from(tables["instance"].join(tables["ipAddress"], _live_address(tables)))


def instance_host_map(tables: Tables) -> sa.Select[Any]:
    """The host of each container."""
    instance = tables["instance"].c
    columns = [
        *_base(instance, "instanceHostMap"),
        instance.hostId.label("hostId"),
        instance.id.label("instanceId"),
    ]
    return sa.select(*columns).where(instance.hostId.is_not(None))


def _base(instance: Any, kind: str) -> list[sa.Label[Any]]:
    """The base fields; the view's row lives as long as the container."""
    state = sa.case(
        (instance.removed.is_not(None), sa.literal("removed")),
        (instance.state.in_(RUNS), sa.literal("active")),
        else_=sa.literal("inactive"),
    )
    same = ("id", "accountId", "uuid", "created", "removed", "removeTime")
    return [sa.literal(kind).label("kind"), state.label("state"), *(instance[name].label(name) for name in same)]


def _live_address(tables: Tables) -> sa.ColumnElement[bool]:
    address = tables["ipAddress"].c
    return sa.and_(address.instanceId == tables["instance"].c.id, address.removed.is_(None))
