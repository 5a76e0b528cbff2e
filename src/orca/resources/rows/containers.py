# SPDX-License-Identifier: Apache-2.0
"""Rows of containers. Written by script/rows.py from the declarations in src/orca/resources."""

from __future__ import annotations

from typing import Any

from orca.resources.rows.base import Resource
from orca.resources.rows.people import Credential
from orca.store import Own


class Instance(Resource):
    __slots__ = ()
    TYPE = "instance"
    accountId: int
    externalId: str | None
    folded: str | None
    hostId: int | None
    allocationState: str | None
    agentId: int | None
    primaryNetworkId: int | None
    build: dict[str, Any] | None
    capAdd: list[str] | None
    capDrop: list[str] | None
    command: list[str] | None
    cpuSet: str | None
    cpuShares: int | None
    dataVolumeMounts: dict[str, int] | None
    dataVolumes: list[str] | None
    dataVolumesFrom: list[int] | None
    devices: list[str] | None
    dns: list[str] | None
    dnsSearch: list[str] | None
    domainName: str | None
    engineHealthCheck: dict[str, Any] | None
    entryPoint: list[str] | None
    environment: dict[str, str] | None
    expose: list[str] | None
    extraHosts: list[str] | None
    healthCheck: dict[str, Any] | None
    hostname: str | None
    imageUuid: str
    labels: dict[str, str] | None
    logConfig: dict[str, Any] | None
    lxcConf: dict[str, str] | None
    memory: int | None
    memorySwap: int | None
    networkMode: str | None
    pidMode: str | None
    ports: list[str] | None
    privileged: bool | None
    publishAllPorts: bool | None
    readOnly: bool | None
    registryCredentialId: int | None
    requestedHostId: int | None
    restartPolicy: dict[str, Any] | None
    securityOpt: list[str] | None
    startOnCreate: bool | None
    stdinOpen: bool | None
    tty: bool | None
    user: str | None
    volumeDriver: str | None
    workingDir: str | None
    count: int | None
    createIndex: int | None
    deploymentUnitUuid: str | None
    firstRunning: int | None
    healthState: str | None
    instanceLinks: dict[str, int] | None
    instanceTriggeredStop: str | None
    nativeContainer: bool | None
    networkContainerId: int | None
    networkIds: list[int] | None
    primaryIpAddress: str | None
    requestedIpAddress: str | None
    startCount: int | None
    systemContainer: str | None
    version: str | None
    engineHealth: dict[str, Any] | None
    exitCode: int | None
    healthSince: int | None
    healthReason: str | None
    serviceId: int | None
    environmentId: int | None
    placement: Any
    number = Own[int]("number")
    part = Own[str]("part")
    leaving = Own[bool]("leaving")
    kept = Own[bool]("kept")
    vanished = Own[bool]("vanished")
    lost = Own[bool]("lost")
    movingFor = Own[int]("movingFor")
    started = Own[int]("started")
    answered = Own[int]("answered")
    lastSeen = Own[dict[str, Any]]("lastSeen")
    healthDeadline = Own[int]("healthDeadline")
    checkersHealth = Own[str]("checkersHealth")
    flaps = Own[dict[str, Any]]("flaps")
    reportedAddress = Own[str]("reportedAddress")


class Container(Instance):
    __slots__ = ()
    TYPE = "container"


class InstanceLink(Resource):
    __slots__ = ()
    TYPE = "instanceLink"
    accountId: int
    instanceId: int
    linkName: str
    targetInstanceId: int | None
    ports: list[Any] | None
    serviceConsumeMapId: int | None


class InstanceHostMap(Resource):
    __slots__ = ()
    TYPE = "instanceHostMap"
    hostId: int | None
    instanceId: int | None


class Image(Resource):
    __slots__ = ()
    TYPE = "image"
    build: dict[str, Any] | None
    checksum: str | None
    format: str | None
    instanceKind: str | None
    isPublic: bool | None
    physicalSizeMb: int | None
    registryCredentialId: int | None
    url: str | None
    virtualSizeMb: int | None


class Volume(Resource):
    __slots__ = ()
    TYPE = "volume"
    accountId: int
    allocationState: str | None
    attachedState: str | None
    capabilities: list[str] | None
    deviceNumber: int | None
    driver: str | None
    driverOpts: dict[str, str] | None
    externalId: str | None
    format: str | None
    hostId: int | None
    imageId: int | None
    instanceId: int | None
    isHostPath: bool | None
    labels: dict[str, str] | None
    perUnit: bool | None
    physicalSizeMb: int | None
    uri: str | None
    virtualSizeMb: int | None
    zoneId: int | None
    anonymous = Own[bool]("anonymous")


class Mount(Resource):
    __slots__ = ()
    TYPE = "mount"
    accountId: int
    instanceId: int
    path: str | None
    permissions: str | None
    volumeId: int


class Snapshot(Resource):
    __slots__ = ()
    TYPE = "snapshot"
    volumeId: int | None


class StoragePool(Resource):
    __slots__ = ()
    TYPE = "storagePool"
    agentId: int | None
    driverName: str | None
    external: bool | None
    externalId: str | None
    physicalTotalSizeMb: int | None
    virtualTotalSizeMb: int | None
    volumeAccessMode: str | None
    zoneId: int | None
    serverAddress: str | None


class StoragePoolHostMap(Resource):
    __slots__ = ()
    TYPE = "storagePoolHostMap"
    hostId: int
    storagePoolId: int


class VolumeStoragePoolMap(Resource):
    __slots__ = ()
    TYPE = "volumeStoragePoolMap"
    storagePoolId: int
    volumeId: int


class ImageStoragePoolMap(Resource):
    __slots__ = ()
    TYPE = "imageStoragePoolMap"
    imageId: int | None
    storagePoolId: int | None


class Registry(StoragePool):
    __slots__ = ()
    TYPE = "registry"
    accountId: int
    serverAddress: str


class RegistryCredential(Credential):
    __slots__ = ()
    TYPE = "registryCredential"
    email: str | None
    secret = Own[str]("secret")
