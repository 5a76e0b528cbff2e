# SPDX-License-Identifier: Apache-2.0
"""Rows of networks. Written by script/rows.py from the declarations in src/orca/resources."""

from __future__ import annotations

from typing import Any

from orca.resources.rows.base import Resource, Row
from orca.store import Own, Record


class Network(Resource):
    __slots__ = ()
    TYPE = "network"
    domain: str | None
    isPublic: bool | None
    macPrefix: str | None
    cidr: str | None
    caCertificate: str | None
    caKey: str | None


class Subnet(Resource):
    __slots__ = ()
    TYPE = "subnet"
    accountId: int
    networkId: int
    networkAddress: str
    cidrSize: int
    gateway: str | None
    startAddress: str | None
    endAddress: str | None
    hostId: int
    lastAddress = Own[str]("lastAddress")


class IpAddress(Resource):
    __slots__ = ()
    TYPE = "ipAddress"
    accountId: int
    address: str
    networkId: int | None
    subnetId: int | None
    hostId: int | None
    instanceId: int | None
    role: str | None
    serviceId: int | None
    owner = Own[dict[str, Any]]("owner")


class Port(Resource):
    __slots__ = ()
    TYPE = "port"
    accountId: int
    bindAddress: str | None
    instanceId: int
    hostId: int | None
    privateIpAddressId: int | None
    privatePort: int
    protocol: str
    publicIpAddressId: int | None
    publicPort: int | None


class MeshLink(Record):
    __slots__ = ()
    TYPE = "meshLink"
    accountId: int | None
    hostId: int
    peerHostId: int
    state: str
    reason: str | None
    rttMs: Any
    age: int | None
    since: int
    encryption: str | None
    lastProbe: int | None
    bytesIn: int | None
    bytesOut: int | None


class Nic(Resource):
    __slots__ = ()
    TYPE = "nic"
    deviceNumber: int | None
    instanceId: int | None
    macAddress: str | None
    networkId: int | None
    subnetId: int | None
    vnetId: int | None


class IpAddressNicMap(Resource):
    __slots__ = ()
    TYPE = "ipAddressNicMap"
    ipAddressId: int | None
    nicId: int | None


class HostIpAddressMap(Resource):
    __slots__ = ()
    TYPE = "hostIpAddressMap"
    hostId: int | None
    ipAddressId: int | None


class Zone(Resource):
    __slots__ = ()
    TYPE = "zone"


class IpPool(Resource):
    __slots__ = ()
    TYPE = "ipPool"
    isPublic: bool | None


class SubnetIpPool(IpPool):
    __slots__ = ()
    TYPE = "subnetIpPool"
    cidrSize: int | None
    endAddress: str | None
    gateway: str | None
    networkAddress: str | None
    startAddress: str | None


class Vnet(Resource):
    __slots__ = ()
    TYPE = "vnet"
    networkId: int | None
    uri: str | None


class SubnetVnetMap(Resource):
    __slots__ = ()
    TYPE = "subnetVnetMap"
    subnetId: int | None
    vnetId: int | None


class HostVnetMap(Resource):
    __slots__ = ()
    TYPE = "hostVnetMap"
    hostId: int | None
    vnetId: int | None


class HostOnlyNetwork(Network):
    __slots__ = ()
    TYPE = "hostOnlyNetwork"
    dynamicCreateVnet: bool | None
    hostVnetUri: str | None


class ResourcePool(Row):
    __slots__ = ()
    TYPE = "resourcePool"
    item: str | None
    ownerId: int | None
    ownerType: str | None
    poolId: int | None
    poolType: str | None
    qualifier: str | None


class NetworkService(Resource):
    __slots__ = ()
    TYPE = "networkService"
    networkId: int | None
    networkServiceProviderId: int | None


class NetworkServiceProvider(Resource):
    __slots__ = ()
    TYPE = "networkServiceProvider"
    networkId: int | None


class NetworkServiceProviderInstanceMap(Resource):
    __slots__ = ()
    TYPE = "networkServiceProviderInstanceMap"
    instanceId: int | None
    networkServiceProviderId: int | None


class AgentInstanceProvider(NetworkServiceProvider):
    __slots__ = ()
    TYPE = "agentInstanceProvider"
    agentInstanceImageUuid: str | None


class DhcpService(NetworkService):
    __slots__ = ()
    TYPE = "dhcpService"


class GatewayService(NetworkService):
    __slots__ = ()
    TYPE = "gatewayService"


class HostNatGatewayService(NetworkService):
    __slots__ = ()
    TYPE = "hostNatGatewayService"


class IpsecTunnelService(NetworkService):
    __slots__ = ()
    TYPE = "ipsecTunnelService"


class LinkService(NetworkService):
    __slots__ = ()
    TYPE = "linkService"


class PortService(NetworkService):
    __slots__ = ()
    TYPE = "portService"


class MetadataService(NetworkService):
    __slots__ = ()
    TYPE = "metadataService"
    configDrive: bool | None
