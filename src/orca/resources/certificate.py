# SPDX-License-Identifier: Apache-2.0
"""Certificates for balancers."""

from orca.resources.fields import OwnKey, array, integer, ref, string, text
from orca.resources.processes import simple
from orca.resources.types import ResourceType, access

CERTIFICATE = ResourceType(
    name="certificate",
    plural="certificates",
    prefix="1c",
    access=access("crud"),
    fields={
        "CN": text(),
        "algorithm": text(),
        "cert": string("cru", max_length=65535, required=True, nullable=False),
        "certChain": string("cru", max_length=65535),
        "certFingerprint": text(),
        "expiresAt": text(),
        "issuedAt": text(),
        "issuer": text(),
        "accountId": ref("account", by_role={"service": "cr"}, always=True),
        "name": string("cru", column=True, required=True),
        "key": string("cruo", max_length=65535, required=True, nullable=False, secret=True),
        "keySize": integer(),
        "serialNumber": text(),
        "subjectAlternativeNames": array("string"),
        "version": text(),
    },
    own={
        "secret": OwnKey("string"),
    },
    processes=simple(update=True),
    live_key=lambda record: f"{record.accountId}:{record.name}" if record.name else None,
)

TYPES = (CERTIFICATE,)
