# SPDX-License-Identifier: Apache-2.0
"""Types for people: logins, tokens, preferences, and the audit log."""

from orca.resources.fields import (
    NOBODY,
    Field,
    any_json,
    array,
    boolean,
    date,
    embedded,
    enum,
    integer,
    ref,
    string,
    text,
)
from orca.resources.processes import generic, process
from orca.resources.types import ResourceType, access, given, wire_only

USER_PREFERENCE = ResourceType(
    name="userPreference",
    plural="userPreferences",
    prefix="1up",
    access=access("", admin="crud", service="", user="crud"),
    fields={
        "name": string("cru", column=True, required=True, nullable=False),
        "value": text("cru"),
    },
    processes={
        **generic(),
        "remove": process(
            "requested inactive registering active updating-active updating-inactive", "removing", "removed"
        ),
    },
    live_key=lambda record: f"{record.accountId}:{record.name}",
)

IDENTITY = wire_only(
    "identity",
    {
        "id": text(),
        "name": text(),
        "externalId": text(nullable=False),
        "externalIdType": text(nullable=False),
        "login": text(),
        "uuid": text(
            ours=True, description="What its owner gives to become a member of a project; others do not see it"
        ),
        "profilePicture": text(),
        "profileUrl": text(),
        "projectId": ref("project", column=False),
        "role": text(),
    },
    plural="identities",
    part=False,
)

TOKEN = wire_only(
    "token",
    {
        "accountId": text(),
        "authProvider": text(),
        "clientId": text(),
        "code": text("cr", required=True),
        "enabled": boolean(),
        "hostname": text(),
        "identities": array("identity", roles=NOBODY),
        "jwt": text(),
        "scheme": text(),
        "security": boolean(),
        "user": text(),
        "userIdentity": embedded("identity"),
        "userType": text(),
    },
    access=access("", token="cr"),  # noqa: S106 - the role before signing in
    part=False,
)

LOCAL_AUTH_CONFIG = wire_only(
    "localAuthConfig",
    {
        "accessMode": text("cr", default="unrestricted"),
        "enabled": boolean("cr"),
        "name": text("cr", default="admin"),
        "password": Field(type="password", rights="cro", required=True, nullable=False),
        "username": text("cr", required=True, nullable=False),
    },
    access=access("", admin="cr"),
    part=False,
)

AUTH_TOKEN = ResourceType(
    name="authToken",
    plural="authTokens",
    prefix="1at",
    access=access(""),
    base=False,
    fields={
        "id": integer(column=True),
        "accountId": ref("account", "cru", always=True),
        "created": date("cru", column=True),
        "expires": date("cru", column=True, index=True, always=True),
        "key": string("cru", column=True, max_length=40, always=True),
        "provider": string("cru", column=True),
        "value": text("cru", column=True, always=True),
        "version": string("cru", column=True),
    },
    live_key=lambda record: str(record.key),
    unique_field="key",
)

CHANGE_SECRET_INPUT = wire_only(
    "changeSecretInput",
    {"newSecret": text("cr", required=True, nullable=False), "oldSecret": text("cr", required=True, nullable=False)},
    access=given("cr", user="cr"),
)

AUDIT_LOG = ResourceType(
    name="auditLog",
    plural="auditLogs",
    prefix="1al",
    access=access("r"),
    base=False,
    fields={
        "id": integer(column=True),
        "accountId": ref("account"),
        "authType": enum("AdminAuth", "BasicAuth", "RegistrationToken", "TokenAccount", "TokenAuth", column=True),
        "authenticatedAsAccountId": ref("account", reverse=""),
        "authenticatedAsIdentityId": ref("identity", column=False),
        "clientIp": string(column=True),
        "created": date(column=True, index=True),
        "description": string(column=True, max_length=1024),
        "eventType": string(column=True),
        "kind": string(),
        "requestObject": text(),
        "resourceId": string(column=True),
        "resourceType": string(column=True),
        "responseCode": text(),
        "responseObject": text(),
        "runtime": integer(roles=NOBODY, column=True),
        "data": any_json(""),
    },
)

TYPES = (
    USER_PREFERENCE,
    IDENTITY,
    TOKEN,
    LOCAL_AUTH_CONFIG,
    AUTH_TOKEN,
    CHANGE_SECRET_INPUT,
    AUDIT_LOG,
)
