# SPDX-License-Identifier: Apache-2.0
"""Rows of people. Written by script/rows.py from the declarations in src/orca/resources."""

from __future__ import annotations

from typing import Any

from orca.resources.rows.base import Resource
from orca.store import Own, Record


class Account(Resource):
    __slots__ = ()
    TYPE = "account"
    externalId: str | None
    externalIdType: str | None
    defaultNetworkId: int | None
    masterKey = Own[str]("masterKey")


class Project(Account):
    __slots__ = ()
    TYPE = "project"
    members: list[dict[str, Any]] | None
    servicesPortRange: dict[str, Any] | None
    hostPowers: bool | None
    dnsScope: str | None
    publicDns: bool | None


class ProjectMember(Resource):
    __slots__ = ()
    TYPE = "projectMember"
    projectId: int
    externalId: str
    externalIdType: str
    role: str


class Credential(Resource):
    __slots__ = ()
    TYPE = "credential"
    accountId: int
    publicValue: str | None
    secretValue: str | None
    secretHash: str | None
    registryId: int | None
    role = Own[str]("role")


class CredentialInstanceMap(Resource):
    __slots__ = ()
    TYPE = "credentialInstanceMap"
    credentialId: int | None
    instanceId: int | None


class ApiKey(Credential):
    __slots__ = ()
    TYPE = "apiKey"


class Password(Credential):
    __slots__ = ()
    TYPE = "password"


class RegistrationToken(Credential):
    __slots__ = ()
    TYPE = "registrationToken"
    publicValue: str
    token: str | None
    image: str | None
    command: str | None
    registrationUrl: str | None
    secret = Own[str]("secret")


class GenericObject(Resource):
    __slots__ = ()
    TYPE = "genericObject"
    key: str | None


class Register(GenericObject):
    __slots__ = ()
    TYPE = "register"
    key: str
    accessKey: str | None
    secretKey: str | None
    agentUriFormat: str | None
    agentId: int | None
    issuedKey = Own[str]("accessKey")
    secret = Own[str]("secret")


class UserPreference(Resource):
    __slots__ = ()
    TYPE = "userPreference"
    value: str | None


class AuthToken(Record):
    __slots__ = ()
    TYPE = "authToken"
    accountId: int
    created: int | None
    expires: int
    key: str
    provider: str | None
    value: str
    version: str | None


class AuditLog(Record):
    __slots__ = ()
    TYPE = "auditLog"
    accountId: int | None
    authType: str | None
    authenticatedAsAccountId: int | None
    authenticatedAsIdentityId: int | None
    clientIp: str | None
    created: int | None
    description: str | None
    eventType: str | None
    kind: str | None
    requestObject: str | None
    resourceId: str | None
    resourceType: str | None
    responseCode: str | None
    responseObject: str | None
    runtime: int | None
