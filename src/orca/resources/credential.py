# SPDX-License-Identifier: Apache-2.0
"""Keys of people, programs and agents, and the tokens with which new hosts register."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orca.resources.fields import NOBODY, OPERATORS, Field, OwnKey, ref, string, text
from orca.resources.processes import ProcessTable, generic
from orca.resources.types import ROLES, Action, ResourceType, access

if TYPE_CHECKING:
    from orca.resources import rows

MIN_PASSWORD = 12
"""Least characters of a password or of a chosen secret."""


def public_value_key(record: rows.Credential) -> str | None:
    """A public value is unique among the credentials of one kind."""
    return f"{record.kind}:{record.publicValue}" if record.publicValue else None


def _secret(rights: str) -> Field:
    return Field(type="password", rights=rights, max_length=4096, secret=True)


# A removed key cannot be restored.
PROCESSES: ProcessTable = {name: process for name, process in generic().items() if name != "restore"}

CREDENTIAL = ResourceType(
    name="credential",
    plural="credentials",
    prefix="1c",
    access=access("r", admin="cr", service="cr"),
    named="r",
    fields={
        "accountId": ref("account", always=True),
        "publicValue": string(column=True, index=True),
        "secretValue": _secret("r"),
        "secretHash": string("", column=True, max_length=512),
    },
    own={
        "role": OwnKey("string"),
    },
    processes=PROCESSES,
    live_key=public_value_key,
    unique_field="publicValue",
)

API_KEY = ResourceType(
    name="apiKey",
    plural="apiKeys",
    parent="credential",
    access=access("crud", admin="crud", user="crud", service="crud"),
    fields={
        "publicValue": string("r", column=True, index=True, by_role={"admin": "cr", "service": "cr"}),
        "secretValue": Field(
            type="password", rights="ro", by_role={"admin": "cro", "service": "cro"}, max_length=4096, secret=True
        ),
        "accountId": ref("account", by_role={"admin": "cr", "service": "cr"}),
    },
    processes=PROCESSES,
)

PASSWORD = ResourceType(
    name="password",
    plural="passwords",
    parent="credential",
    # Logins are unique over all projects; administrators choose them, and others do not see them.
    access=access("rud", admin="crud", user="rud", service="crud"),
    fields={
        "publicValue": string("cr", column=True, index=True, required=True, nullable=False),
        "secretValue": Field(
            type="password",
            rights="cro",
            min_length=MIN_PASSWORD,
            max_length=4096,
            required=True,
            nullable=False,
            secret=True,
        ),
        "accountId": ref("account", by_role={"admin": "cr", "service": "cr"}),
    },
    processes=PROCESSES,
    actions={"changesecret": Action("changeSecretInput", "changeSecretInput")},
)

REGISTRATION_TOKEN = ResourceType(
    name="registrationToken",
    plural="registrationTokens",
    parent="credential",
    access=access("cr", admin="r", restricted="", readonly=""),
    named="cr",
    fields={
        "publicValue": string(column=True, index=True, roles=NOBODY, always=True),
        "secretValue": Field(type="password", roles=NOBODY, max_length=4096, secret=True),
        "accountId": ref("account", by_role={"service": "cr"}),
        "token": text(),
        "image": string(),
        "command": text(),
        "registrationUrl": text(),
    },
    own={
        "secret": OwnKey("string"),
    },
    processes=PROCESSES,
)

GENERIC_OBJECT = ResourceType(
    name="genericObject",
    plural="genericObjects",
    prefix="1go",
    access=access(""),
    fields={"key": string("cr", column=True, index=True)},
    processes=generic(),
    live_key=lambda record: f"{record.kind}:{record.key}" if record.key else None,
    unique_field="key",
)

REGISTER = ResourceType(
    name="register",
    plural="register",
    parent="genericObject",
    access=access("cr", admin="r", restricted="r", register="crd"),
    named="cr",
    inactive_roles=frozenset({"register"}),
    fields={
        "key": string(
            "cr", column=True, index=True, required=True, nullable=False, min_length=8, max_length=128, always=True
        ),
        "accessKey": string(),
        "secretKey": string(),
        "accountId": ref("account", "cr", by_role=dict.fromkeys(ROLES, "r") | {"register": ""}),
        "agentUriFormat": string("cr", roles=NOBODY),
        "agentId": ref("agent", roles=OPERATORS, column=False, index=False, ours=True),
    },
    own={
        "issuedKey": OwnKey("string", key="accessKey"),
        "secret": OwnKey("string"),
    },
    processes=generic(),
)

CREDENTIAL_INSTANCE_MAP = ResourceType(
    name="credentialInstanceMap",
    plural="credentialInstanceMaps",
    prefix="1cim",
    access=access(""),
    fields={"credentialId": ref("credential"), "instanceId": ref("instance")},
    processes=generic(),
)

TYPES = (CREDENTIAL, CREDENTIAL_INSTANCE_MAP, API_KEY, PASSWORD, REGISTRATION_TOKEN, GENERIC_OBJECT, REGISTER)
