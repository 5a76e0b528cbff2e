# SPDX-License-Identifier: Apache-2.0
"""Types for the platform's own work: processes and their logs, config items per host, settings, event streams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orca.resources.fields import NOBODY, OwnKey, any_json, array, boolean, date, integer, mapping, ref, string, text
from orca.resources.types import ResourceType, access, wire_only

if TYPE_CHECKING:
    from orca.resources import rows


def process_key(record: rows.ProcessInstance) -> str | None:
    """One process at a time for each state field of a resource."""
    return None if record.endTime else process_key_of(record.resourceType, record.resourceId, record.stateField)


def process_key_of(resource_type: str, resource_id: str, field: str) -> str:
    """The key of the process that works on a state field now."""
    return f"{resource_type}:{resource_id}:{field}"


TENANT_LOG = dict.fromkeys(("user", "project", "owner", "member", "restricted", "readonly"), "r")
"""In ``/v2`` everybody sees the platform's work for their project."""

PROCESS_INSTANCE = ResourceType(
    name="processInstance",
    plural="processInstances",
    prefix="1pi",
    base=False,
    access=access("", admin="r", service="r"),
    also=TENANT_LOG,
    fields={
        "id": integer(column=True),
        "accountId": ref("account", ours=True, reverse=""),
        "data": mapping("json"),
        "endTime": date(column=True, index=True),
        "exitReason": string(column=True, max_length=128),
        "phase": string(column=True, max_length=128, always=True),
        "priority": integer(column=True),
        "processName": string(column=True, always=True),
        "resourceId": string(column=True, always=True),
        "resourceType": string(column=True, always=True),
        "result": string(column=True, max_length=128),
        "runningProcessServerId": string(column=True),
        "startProcessServerId": string(column=True),
        "startTime": date(column=True),
        "waiting": text(ours=True, description="What the process waits for"),
        "waitingSince": date(ours=True, column=True),
        "progress": integer(ours=True),
        "attempts": integer(ours=True, column=True, always=True),
        "runAfter": date(ours=True, column=True, index=True),
        "stateField": string("", column=True, max_length=64, always=True),
        "fromState": string("", column=True, max_length=64, always=True),
        "epoch": integer("", column=True, always=True),
        "leaseUntil": date("", column=True),
    },
    own={
        "input": OwnKey("map[json]"),
        "failing": OwnKey("map[json]"),
        "keepError": OwnKey("boolean"),
    },
    live_key=process_key,
    unique_field="resourceId",
)

PROCESS_EXECUTION = ResourceType(
    name="processExecution",
    plural="processExecutions",
    prefix="1pe",
    base=False,
    access=access("", admin="r", service="r"),
    also=TENANT_LOG,
    fields={
        "id": integer(column=True),
        "accountId": ref("account", ours=True, reverse=""),
        "created": date(column=True),
        "log": mapping("json"),
        "processInstanceId": ref("processInstance", always=True),
        "uuid": string(column=True, max_length=128, always=True),
        "data": any_json(""),
    },
)

CONFIG_ITEM = ResourceType(
    name="configItem",
    plural="configItems",
    prefix="1ci",
    base=False,
    access=access("", admin="r", service="r"),
    fields={
        "id": integer(column=True),
        "name": string(column=True, index=True),
        "sourceVersion": string(column=True, max_length=1024),
    },
    live_key=lambda record: str(record.name),
)

CONFIG_ITEM_STATUS = ResourceType(
    name="configItemStatus",
    plural="configItemStatuses",
    prefix="1cis",
    base=False,
    access=access("", admin="r", service="r"),
    fields={
        "id": integer(column=True),
        "accountId": ref("account"),
        "agentId": ref("agent"),
        "hostId": ref("host", roles=NOBODY, also="r", always=True),
        "name": string(column=True, index=True, always=True),
        "requestedVersion": integer(column=True, always=True),
        "requestedUpdated": date(column=True),
        "appliedVersion": integer(column=True),
        "appliedUpdated": date(column=True),
        "resourceId": integer(column=True, roles=NOBODY),
        "resourceType": string(column=True, max_length=128, roles=NOBODY),
        "sourceVersion": string(column=True),
        "description": any_json(ours=True, description="What the host was asked to make true"),
        "error": text(ours=True, description="Why the host could not apply it"),
        "data": any_json(""),
    },
    live_key=lambda record: f"{record.hostId}:{record.name}",
)

SETTING = ResourceType(
    name="setting",
    plural="settings",
    prefix="1s",
    base=False,
    id_field="name",
    access=access("r", admin="crud", user="r", service="crud"),
    fields={
        "id": integer(column=True),
        "name": string("cr", column=True, required=True, nullable=False, always=True),
        "value": text("cru", column=True),
        "activeValue": text(),
        "source": string(
            by_role={"project": "", "owner": "", "member": "", "restricted": "", "readonly": "", "user": ""}
        ),
        "inDb": boolean(
            by_role={"project": "", "owner": "", "member": "", "restricted": "", "readonly": "", "user": ""}
        ),
    },
    live_key=lambda record: str(record.name),
    shown_as="activeSetting",
)

ACTIVE_SETTING = ResourceType(
    name="activeSetting",
    plural="activeSettings",
    parent="setting",
    base=False,
    listed=False,
    id_field="name",
    access=access("r", admin="rud", user="r", service="rud"),
    fields={
        "id": text(),
        "activeValue": any_json(),
        "name": string(column=True, required=True, nullable=False),
        "value": text("ru", column=True),
    },
)

SUBSCRIBE = ResourceType(
    name="subscribe",
    plural="subscribe",
    table=False,
    access=access("cr", admin="", user="", agent="cr", service="cr", readonly="r"),
    fields={
        "eventNames": array("string", "cr"),
        "agentId": ref("agent", "cr", column=False, roles=frozenset({"service", "agent"})),
    },
)

PUBLISH = ResourceType(
    name="publish",
    plural="publish",
    listed=False,
    table=False,
    access=access("", admin="cr", agent="cr", service="cr"),
    fields={
        "id": string("cr"),
        "name": string("cr", required=True, nullable=False),
        "previousIds": array("string", "cr"),
        "previousNames": array("string", "cr"),
        "publisher": string("cr"),
        "resourceId": string("cr"),
        "resourceType": string("cr"),
        "data": mapping("json", "cr"),
        "time": integer("cr"),
        "transitioning": string("cr"),
        "transitioningMessage": text("cr"),
        "transitioningInternalMessage": text("cr"),
        "transitioningProgress": integer("cr"),
    },
)

ERROR = wire_only(
    "error",
    {
        "status": integer(),
        "code": string(),
        "message": text(),
        "detail": text(),
        "fieldName": string(),
    },
    access=access("r") | {"agent": "r", "register": "r"},
)

EVERYBODY = access("r") | {"agent": "r", "register": "r", "token": "r"}

SCHEMA = ResourceType(
    name="schema",
    plural="schemas",
    table=False,
    access=EVERYBODY,
    fields={
        "pluralName": string(),
        "resourceFields": mapping("json"),
        "resourceMethods": array("string"),
        "resourceActions": mapping("json"),
        "collectionMethods": array("string"),
        "collectionFields": mapping("json"),
        "collectionActions": mapping("json"),
        "collectionFilters": mapping("json"),
        "includeableLinks": array("string"),
    },
)

TYPES = (
    SCHEMA,
    PROCESS_INSTANCE,
    PROCESS_EXECUTION,
    CONFIG_ITEM,
    CONFIG_ITEM_STATUS,
    SETTING,
    ACTIVE_SETTING,
    SUBSCRIBE,
    PUBLISH,
    ERROR,
)
