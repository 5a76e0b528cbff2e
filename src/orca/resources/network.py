# SPDX-License-Identifier: Apache-2.0
"""Types for networks: networks, ranges, addresses, published ports, the mesh between hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orca.resources.fields import NOBODY, OwnKey, any_json, boolean, date, enum, integer, ref, string, text
from orca.resources.processes import generic
from orca.resources.types import ResourceType, access

if TYPE_CHECKING:
    from orca.resources import rows


RETAINED = "retained"
"""The role of an address that waits for a container."""


def address_key(record: rows.IpAddress) -> str | None:
    """An address is unique in its network."""
    return f"{record.networkId}:{record.address}" if record.networkId and record.address else None


def awaiting_service(record: rows.IpAddress) -> int | None:
    """The service for whose next container a retained address waits."""
    return int(record.owner["service"]) if record.role == RETAINED and record.owner is not None else None


def range_key(record: rows.Subnet) -> str | None:
    """A range is unique in its network."""
    return f"{record.networkId}:{record.networkAddress}" if record.networkId and record.networkAddress else None


def port_key(record: rows.Port) -> str | None:
    """A public port is unique per host, bind address and protocol, from placement until release."""
    if not record.hostId or not record.publicPort:
        return None
    return f"{record.hostId}:{record.bindAddress or '0.0.0.0'}:{record.publicPort}/{record.protocol}"  # noqa: S104


MANAGED = "managed"
"""The mode of a container in its project's own network."""
NETWORK_KINDS = {
    MANAGED: "hostOnlyNetwork",
    "host": "dockerHost",
    "none": "dockerNone",
    "bridge": "dockerBridge",
    "container": "dockerContainer",
}
"""The modes of a container's network, and the kind of network that each joins; a project has one of each kind."""

NETWORK = ResourceType(
    name="network",
    plural="networks",
    prefix="1n",
    access=access("r"),
    named="r",
    fields={
        "domain": string(column=True, max_length=128, roles=NOBODY),
        "isPublic": boolean(column=True, roles=NOBODY),
        "macPrefix": string(roles=NOBODY),
        "cidr": string(ours=True, description="The range all hosts of this network share, for example 10.42.0.0/16"),
        "caCertificate": text(ours=True, description="The certificate authority of the mesh (PEM)"),
        "caKey": text(""),
    },
    processes=generic(),
)

SUBNET = ResourceType(
    name="subnet",
    plural="subnets",
    prefix="1s",
    access=access(""),
    also=dict.fromkeys(
        ("service", "admin", "readAdmin", "user", "project", "owner", "member", "restricted", "readonly"), "r"
    ),
    named="r",
    fields={
        "accountId": ref("account", always=True),
        "networkId": ref("network", always=True),
        "networkAddress": string(column=True, always=True),
        "cidrSize": integer(column=True, default=24, min=8, max=28, always=True),
        "gateway": string(column=True),
        "startAddress": string(column=True),
        "endAddress": string(column=True),
        "hostId": ref("host", reverse="subnets", always=True),
    },
    own={
        "lastAddress": OwnKey("string"),
    },
    processes=generic(),
    live_key=range_key,
    unique_field="networkAddress",
)

IP_ADDRESS = ResourceType(
    name="ipAddress",
    plural="ipAddresses",
    prefix="1ia",
    looked_up=("accountId", "subnetId"),
    derived={"serviceId": awaiting_service},
    access=access("r"),
    named="r",
    fields={
        "accountId": ref("account", always=True),
        "address": string(column=True, index=True, always=True),
        "networkId": ref("network"),
        "subnetId": ref("subnet", roles=NOBODY, reverse=""),
        "hostId": ref("host", ours=True, reverse=""),
        "instanceId": ref("instance", ours=True, reverse="ipAddresses"),
        "role": string(column=True, roles=NOBODY),
        "serviceId": ref("service", "", reverse=""),
    },
    own={
        "owner": OwnKey("map[json]"),
    },
    processes=generic(),
    live_key=address_key,
    unique_field="address",
)

PORT = ResourceType(
    name="port",
    plural="ports",
    prefix="1p",
    looked_up=(("accountId", "publicPort"),),
    access=access("ru", admin="r"),
    named="ru",
    fields={
        "accountId": ref("account", always=True),
        "bindAddress": string(column=True),
        "instanceId": ref("instance", always=True),
        "hostId": ref("host", ours=True, reverse="ports"),
        "privateIpAddressId": ref("ipAddress", reverse="privatePorts"),
        "privatePort": integer(column=True, always=True),
        "protocol": string(column=True, max_length=8, always=True),
        "publicIpAddressId": ref("ipAddress", reverse="publicPorts"),
        "publicPort": integer("ru", column=True, index=True, min=1, max=65535),
    },
    processes=generic(activate_by_default=False),
    live_key=port_key,
    unique_field="publicPort",
)

MESH_LINK = ResourceType(
    name="meshLink",
    plural="meshLinks",
    prefix="1ml",
    access=access("r"),
    base=False,
    ours=True,
    fields={
        "id": integer(column=True),
        "accountId": ref("account"),
        "hostId": ref("host", reverse="meshLinks", always=True),
        "peerHostId": ref("host", reverse="", always=True),
        "state": enum("up", "down", "unknown", column=True, nullable=False, always=True),
        "reason": text(description="Why the pair cannot talk, when it cannot"),
        "rttMs": any_json(description="Round trip in milliseconds"),
        "age": integer(description="Seconds since the tunnel came, or went"),
        "since": date(column=True, description="When the state last changed", always=True),
        "encryption": enum("kernel", "userspace", description="Who encrypts on this side, see the host"),
        "lastProbe": date(column=True),
        "bytesIn": integer(),
        "bytesOut": integer(),
        "data": any_json(""),
    },
    live_key=lambda record: f"{record.hostId}:{record.peerHostId}",
    unique_field="peerHostId",
)

TYPES = (NETWORK, SUBNET, IP_ADDRESS, PORT, MESH_LINK)
