# SPDX-License-Identifier: Apache-2.0
"""Rows of services. Written by script/rows.py from the declarations in src/orca/resources."""

from __future__ import annotations

from typing import Any

from orca.resources.rows.base import Resource
from orca.store import Own


class Environment(Resource):
    __slots__ = ()
    TYPE = "environment"
    accountId: int
    name: str
    dockerCompose: str | None
    rancherCompose: str | None
    environment: dict[str, str] | None
    externalId: str | None
    healthState: str | None
    outputs: dict[str, str] | None
    previousEnvironment: dict[str, str] | None
    previousExternalId: str | None
    startOnCreate: bool | None
    textsBefore = Own[dict[str, Any]]("textsBefore")


class Service(Resource):
    __slots__ = ()
    TYPE = "service"
    accountId: int
    name: str
    environmentId: int
    launchConfig: dict[str, Any] | None
    secondaryLaunchConfigs: list[dict[str, Any]] | None
    scale: int | None
    scalePolicy: dict[str, Any] | None
    assignServiceIpAddress: bool | None
    currentScale: int | None
    desiredScale: int | None
    fqdn: str | None
    lockedScale: int | None
    retainIp: bool | None
    createIndex: int | None
    externalId: str | None
    healthState: str | None
    metadata: dict[str, Any] | None
    publicEndpoints: list[dict[str, Any]] | None
    selectorContainer: str | None
    selectorLink: str | None
    selecting: bool | None
    startOnCreate: bool | None
    upgrade: dict[str, Any] | None
    vip: str | None
    waitsFor: list[Any] | None
    aim = Own[int]("aim")
    full = Own[bool]("full")
    failures = Own[int]("failures")
    retryAt = Own[int]("retryAt")
    replacedAt = Own[int]("replacedAt")
    replacingSince = Own[int]("replacingSince")
    replacements = Own[int]("replacements")
    asleep = Own[bool]("asleep")
    strategy = Own[dict[str, Any]]("strategy")
    scaleBefore = Own[int]("scaleBefore")
    targetScaleBefore = Own[int]("targetScaleBefore")
    moveOrder = Own[int]("moveOrder")


class ServiceConsumeMap(Resource):
    __slots__ = ()
    TYPE = "serviceConsumeMap"
    accountId: int
    serviceId: int
    consumedServiceId: int
    ports: list[str] | None
    selected = Own[bool]("selected")


class ServiceExposeMap(Resource):
    __slots__ = ()
    TYPE = "serviceExposeMap"
    accountId: int
    serviceId: int
    instanceId: int | None
    ipAddress: str | None
    hostName: str | None
    dnsPrefix: str | None
    managed: bool | None
    upgrade: bool | None
    addresses = Own[list[str]]("addresses")


class LoadBalancerService(Service):
    __slots__ = ()
    TYPE = "loadBalancerService"
    certificateIds: list[int] | None
    defaultCertificateId: int | None
    loadBalancerConfig: dict[str, Any] | None


class ExternalService(Service):
    __slots__ = ()
    TYPE = "externalService"
    externalIpAddresses: list[str] | None
    healthCheck: dict[str, Any] | None
    hostname: str | None


class DnsService(Service):
    __slots__ = ()
    TYPE = "dnsService"
    dns: list[str] | None


class HealthcheckInstance(Resource):
    __slots__ = ()
    TYPE = "healthcheckInstance"
    instanceId: int


class HealthcheckInstanceHostMap(Resource):
    __slots__ = ()
    TYPE = "healthcheckInstanceHostMap"
    externalTimestamp: int | None
    healthState: str | None
    healthcheckInstanceId: int
    hostId: int
    instanceId: int
    reason: str | None
    since: int | None
    verdict: str | None
    said = Own[str]("said")
    pathFault = Own[bool]("pathFault")


class ServiceEvent(Resource):
    __slots__ = ()
    TYPE = "serviceEvent"
    externalTimestamp: int | None
    healthcheckInstanceId: int | None
    healthcheckUuid: str | None
    hostId: int | None
    instanceId: int | None
    reportedHealth: str | None
