# SPDX-License-Identifier: Apache-2.0
"""Types for events that agents and others report."""

from orca.resources.fields import any_json, array, boolean, integer, ref, string, text
from orca.resources.limits import MOST_ROWS
from orca.resources.processes import reported
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
    processes=reported(),
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
    processes=reported(),
)

TOLD = {"eventType": string("cr", column=True), "externalId": string("cr", column=True)}
"""The reporter of an event says what it is about."""

EXTERNAL_DNS_EVENT = ResourceType(
    name="externalDnsEvent",
    plural="externalDnsEvents",
    parent="externalEvent",
    access=access("r", agent="cr"),
    named="",
    fields={**TOLD, "fqdn": text("cr"), "serviceName": text("cr"), "stackName": text("cr")},
    inactive_roles=frozenset({"agent"}),
)

EXTERNAL_HOST_EVENT = ResourceType(
    name="externalHostEvent",
    plural="externalHostEvents",
    parent="externalEvent",
    access=access("cr", admin="r", restricted="r"),
    named="",
    fields={
        "deleteHost": boolean("cr"),
        "eventType": string("cr", column=True),
        "hostId": ref("host", "cr", column=False),
        "hostLabel": text("cr"),
    },
)

EXTERNAL_SERVICE_EVENT = ResourceType(
    name="externalServiceEvent",
    plural="externalServiceEvents",
    parent="externalEvent",
    access=access("r", agent="cr"),
    named="",
    fields={**TOLD, "environment": any_json("cr"), "service": any_json("cr", required=True)},
    inactive_roles=frozenset({"agent"}),
)

EXTERNAL_VOLUME_EVENT = ResourceType(
    name="externalVolumeEvent",
    plural="externalVolumeEvents",
    parent="externalEvent",
    access=access("r", agent="cr"),
    named="",
    fields={**TOLD, "volume": any_json("cr", required=True)},
    inactive_roles=frozenset({"agent"}),
)

EXTERNAL_STORAGE_POOL_EVENT = ResourceType(
    name="externalStoragePoolEvent",
    plural="externalStoragePoolEvents",
    parent="externalEvent",
    access=access("r", agent="cr"),
    named="",
    fields={
        **TOLD,
        "hostUuids": array("string", "cr", most=MOST_ROWS),
        "storagePool": any_json("cr", required=True),
    },
    inactive_roles=frozenset({"agent"}),
)

TYPES = (
    CONTAINER_EVENT,
    EXTERNAL_EVENT,
    EXTERNAL_DNS_EVENT,
    EXTERNAL_HOST_EVENT,
    EXTERNAL_SERVICE_EVENT,
    EXTERNAL_VOLUME_EVENT,
    EXTERNAL_STORAGE_POOL_EVENT,
)
