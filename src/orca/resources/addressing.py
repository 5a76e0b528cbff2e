# SPDX-License-Identifier: Apache-2.0
"""Types for addresses: interfaces, pools, virtual networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orca.resources import instance_views
from orca.resources.fields import boolean, integer, ref, string, text
from orca.resources.processes import generic
from orca.resources.types import Action, ResourceType, access

if TYPE_CHECKING:
    from orca.resources import rows


def item_key(record: rows.ResourcePool) -> str | None:
    """An item of a pool has one owner."""
    if not record.poolId or not record.item:
        return None
    return f"{record.poolType}:{record.poolId}:{record.qualifier}:{record.item}"


NIC = ResourceType(
    name="nic",
    plural="nics",
    prefix="1n",
    access=access("", superadmin="r"),
    fields={
        "deviceNumber": integer(column=True),
        "instanceId": ref("instance"),
        "macAddress": string(column=True, max_length=128),
        "networkId": ref("network"),
        "subnetId": ref("subnet"),
        "vnetId": ref("vnet"),
    },
    processes=generic(),
    view=instance_views.nic,
)

IP_ADDRESS_NIC_MAP = ResourceType(
    name="ipAddressNicMap",
    plural="ipAddressNicMaps",
    prefix="1ianm",
    access=access("", superadmin="r"),
    fields={
        "ipAddressId": ref("ipAddress"),
        "nicId": ref("nic"),
    },
    processes=generic(),
    view=instance_views.ip_address_nic_map,
)

HOST_IP_ADDRESS_MAP = ResourceType(
    name="hostIpAddressMap",
    plural="hostIpAddressMaps",
    prefix="1hiam",
    access=access(""),
    fields={
        "hostId": ref("host"),
        "ipAddressId": ref("ipAddress"),
    },
    processes=generic(),
)

ZONE = ResourceType(
    name="zone",
    plural="zones",
    prefix="1z",
    access=access(""),
    processes=generic(),
)

IP_POOL = ResourceType(
    name="ipPool",
    plural="ipPools",
    prefix="1ip",
    access=access(""),
    fields={
        "isPublic": boolean(column=True),
    },
    processes=generic(),
    actions={
        "acquire": Action(None, "ipAddress", frozenset({"active"})),
    },
)

SUBNET_IP_POOL = ResourceType(
    name="subnetIpPool",
    plural="subnetIpPools",
    parent="ipPool",
    access=access(""),
    fields={
        "cidrSize": integer(default=24, min=8, max=28),
        "endAddress": string(),
        "gateway": string(),
        "networkAddress": string(),
        "startAddress": string(),
    },
    actions={
        "acquire": Action(None, "ipAddress", frozenset({"active"})),
    },
)

VNET = ResourceType(
    name="vnet",
    plural="vnets",
    prefix="1v",
    access=access(""),
    fields={
        "networkId": ref("network"),
        "uri": string(column=True),
    },
    processes=generic(),
)

SUBNET_VNET_MAP = ResourceType(
    name="subnetVnetMap",
    plural="subnetVnetMaps",
    prefix="1svm",
    access=access(""),
    fields={
        "subnetId": ref("subnet"),
        "vnetId": ref("vnet"),
    },
    processes=generic(),
)

HOST_VNET_MAP = ResourceType(
    name="hostVnetMap",
    plural="hostVnetMaps",
    prefix="1hvm",
    access=access(""),
    fields={
        "hostId": ref("host"),
        "vnetId": ref("vnet"),
    },
    processes=generic(),
)

HOST_ONLY_NETWORK = ResourceType(
    name="hostOnlyNetwork",
    plural="hostOnlyNetworks",
    parent="network",
    access=access(""),
    fields={
        "dynamicCreateVnet": boolean(default=False, nullable=False),
        "hostVnetUri": text(),
    },
)

RESOURCE_POOL = ResourceType(
    name="resourcePool",
    plural="resourcePools",
    prefix="1rp",
    access=access(""),
    fields={
        "item": string(column=True),
        "ownerId": integer(column=True),
        "ownerType": string(column=True),
        "poolId": integer(column=True),
        "poolType": string(column=True),
        "qualifier": string(column=True, max_length=128),
    },
    live_key=item_key,
    unique_field="item",
)

TYPES = (
    NIC,
    IP_ADDRESS_NIC_MAP,
    HOST_IP_ADDRESS_MAP,
    ZONE,
    IP_POOL,
    SUBNET_IP_POOL,
    VNET,
    SUBNET_VNET_MAP,
    HOST_VNET_MAP,
    HOST_ONLY_NETWORK,
    RESOURCE_POOL,
)
