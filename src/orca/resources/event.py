# SPDX-License-Identifier: Apache-2.0
"""What agents and others report."""

from orca.resources.fields import any_json, integer, ref, string
from orca.resources.machines import reported
from orca.resources.types import ResourceType, access

CONTAINER_EVENT = ResourceType(
    name="containerEvent",
    plural="containerEvents",
    prefix="1ce",
    access=access("r", agent="cr"),
    named="",
    fields={
        "dockerInspect": any_json("cr"),
        "externalFrom": string("cr", column=True),
        "externalId": string("cr", column=True),
        "externalStatus": string("cr", column=True),
        "externalTimestamp": integer("cr", column=True, big=True),
        "hostId": ref("host", by_role={"agent": ""}),
        "reportedHostUuid": string("cr", column=True),
    },
    machine=reported(),
    inactive_roles=frozenset({"agent"}),
)

EXTERNAL_EVENT = ResourceType(
    name="externalEvent",
    plural="externalEvents",
    prefix="1ee",
    access=access("r", agent="r"),
    named="",
    fields={
        "eventType": string(column=True),
        "externalId": string(column=True),
        "reportedAccountId": ref("account", by_role={"agent": ""}),
    },
    machine=reported(),
)

TYPES = (
    CONTAINER_EVENT,
    EXTERNAL_EVENT,
)
