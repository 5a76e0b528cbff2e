# SPDX-License-Identifier: Apache-2.0
"""Rows of balancers. Written by script/rows.py from the declarations in src/orca/resources."""

from __future__ import annotations

from typing import Any

from orca.resources.rows.base import Resource
from orca.store import Own


class LoadBalancer(Resource):
    __slots__ = ()
    TYPE = "loadBalancer"
    accountId: int
    certificateIds: list[int] | None
    defaultCertificateId: int | None
    globalLoadBalancerId: int | None
    loadBalancerConfigId: int | None
    serviceId: int | None
    weight: int | None


class LoadBalancerConfig(Resource):
    __slots__ = ()
    TYPE = "loadBalancerConfig"
    appCookieStickinessPolicy: dict[str, Any] | None
    haproxyConfig: dict[str, Any] | None
    healthCheck: dict[str, Any] | None
    lbCookieStickinessPolicy: dict[str, Any] | None
    serviceId: int | None


class LoadBalancerListener(Resource):
    __slots__ = ()
    TYPE = "loadBalancerListener"
    algorithm: str | None
    privatePort: int | None
    serviceId: int | None
    sourcePort: int | None
    sourceProtocol: str | None
    targetPort: int | None
    targetProtocol: str | None


class LoadBalancerConfigListenerMap(Resource):
    __slots__ = ()
    TYPE = "loadBalancerConfigListenerMap"
    loadBalancerConfigId: int
    loadBalancerListenerId: int


class LoadBalancerTarget(Resource):
    __slots__ = ()
    TYPE = "loadBalancerTarget"
    instanceId: int | None
    ipAddress: str | None
    loadBalancerId: int
    ports: list[str] | None


class LoadBalancerHostMap(Resource):
    __slots__ = ()
    TYPE = "loadBalancerHostMap"
    hostId: int
    loadBalancerId: int


class GlobalLoadBalancer(Resource):
    __slots__ = ()
    TYPE = "globalLoadBalancer"
    globalLoadBalancerHealthCheck: list[dict[str, Any]] | None
    globalLoadBalancerPolicy: list[dict[str, Any]] | None


class Certificate(Resource):
    __slots__ = ()
    TYPE = "certificate"
    accountId: int
    CN: str | None
    algorithm: str | None
    cert: str | None
    certChain: str | None
    certFingerprint: str | None
    expiresAt: str | None
    issuedAt: str | None
    issuer: str | None
    key: str | None
    keySize: int | None
    serialNumber: str | None
    subjectAlternativeNames: list[str] | None
    version: str | None
    secret = Own[str]("secret")
