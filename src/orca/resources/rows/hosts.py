# SPDX-License-Identifier: Apache-2.0
"""Rows of hosts. Written by script/rows.py from the declarations in src/orca/resources."""

from __future__ import annotations

from typing import Any

from orca.resources.rows.base import Resource
from orca.store import Own


class Agent(Resource):
    __slots__ = ()
    TYPE = "agent"
    uri: str | None
    managedConfig: bool | None
    registrationKey: str | None
    agentVersion: str | None
    lastSeen: int | None
    agentResourcesAccountId = Own[int]("agentResourcesAccountId")
    registeredKey = Own[str]("registrationKey")
    keyState = Own[str]("key")


class Host(Resource):
    __slots__ = ()
    TYPE = "host"
    accountId: int
    agentId: int | None
    agentState: str | None
    agentIpAddress: str | None
    computeTotal: int | None
    hostname: str | None
    info: Any
    labels: dict[str, str] | None
    physicalHostId: int | None
    publicEndpoints: list[dict[str, Any]] | None
    meshCsr: str | None
    encryption: str | None
    placement: Any
    liveness: str | None
    livenessReason: str | None
    livenessSince: int | None
    joined = Own[list[Any]]("joined")
    joining = Own[list[Any]]("joining")
    families = Own[list[str]]("families")
    epoch = Own[int]("epoch")
    fenced = Own[bool]("fenced")


class PhysicalHost(Resource):
    __slots__ = ()
    TYPE = "physicalHost"
    agentId: int | None
    driver: str | None
    externalId: str | None


class Machine(PhysicalHost):
    __slots__ = ()
    TYPE = "machine"
    accountId: int
    authCertificateAuthority: str | None
    authKey: str | None
    extractedConfig: str | None
    labels: dict[str, str] | None
    amazonec2Config: dict[str, Any] | None
    azureConfig: dict[str, Any] | None
    digitaloceanConfig: dict[str, Any] | None
    exoscaleConfig: dict[str, Any] | None
    openstackConfig: dict[str, Any] | None
    packetConfig: dict[str, Any] | None
    rackspaceConfig: dict[str, Any] | None
    softlayerConfig: dict[str, Any] | None
    virtualboxConfig: dict[str, Any] | None
    vmwarevcloudairConfig: dict[str, Any] | None
    vmwarevsphereConfig: dict[str, Any] | None
    secret = Own[str]("secret")
    config = Own[str]("config")


class AgentGroup(Resource):
    __slots__ = ()
    TYPE = "agentGroup"


class Cluster(Host):
    __slots__ = ()
    TYPE = "cluster"
    apiProxy: str | None
    discoverySpec: str | None
    port: int | None


class ClusterHostMap(Resource):
    __slots__ = ()
    TYPE = "clusterHostMap"
    clusterId: int
    hostId: int


class Label(Resource):
    __slots__ = ()
    TYPE = "label"
    accountId: int
    key: str
    folded: str | None
    value: str | None


class HostLabelMap(Resource):
    __slots__ = ()
    TYPE = "hostLabelMap"
    hostId: int
    labelId: int


class InstanceLabelMap(Resource):
    __slots__ = ()
    TYPE = "instanceLabelMap"
    instanceId: int
    labelId: int
