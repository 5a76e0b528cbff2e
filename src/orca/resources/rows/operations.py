# SPDX-License-Identifier: Apache-2.0
"""Rows of operations. Written by script/rows.py from the declarations in src/orca/resources."""

from __future__ import annotations

from typing import Any

from orca.resources.rows.base import Resource, Row
from orca.resources.rows.people import GenericObject
from orca.store import Own, Record


class ContainerEvent(Resource):
    __slots__ = ()
    TYPE = "containerEvent"
    dockerInspect: Any
    externalFrom: str | None
    externalId: str | None
    externalStatus: str | None
    externalTimestamp: int | None
    hostId: int | None
    reportedHostUuid: str | None


class ExternalEvent(Resource):
    __slots__ = ()
    TYPE = "externalEvent"
    eventType: str | None
    externalId: str | None
    reportedAccountId: int | None


class ExternalDnsEvent(ExternalEvent):
    __slots__ = ()
    TYPE = "externalDnsEvent"
    fqdn: str | None
    serviceName: str | None
    stackName: str | None


class ExternalHostEvent(ExternalEvent):
    __slots__ = ()
    TYPE = "externalHostEvent"
    deleteHost: bool | None
    hostId: int | None
    hostLabel: str | None


class ExternalServiceEvent(ExternalEvent):
    __slots__ = ()
    TYPE = "externalServiceEvent"
    environment: Any
    service: Any


class ExternalVolumeEvent(ExternalEvent):
    __slots__ = ()
    TYPE = "externalVolumeEvent"
    volume: Any


class ExternalStoragePoolEvent(ExternalEvent):
    __slots__ = ()
    TYPE = "externalStoragePoolEvent"
    hostUuids: list[str] | None
    storagePool: Any


class ExternalHandler(Resource):
    __slots__ = ()
    TYPE = "externalHandler"
    priority: int | None
    priorityName: str | None
    processConfigs: list[dict[str, Any]] | None
    retries: int | None
    timeoutMillis: int | None


class ExternalHandlerProcess(Resource):
    __slots__ = ()
    TYPE = "externalHandlerProcess"


class ExternalHandlerExternalHandlerProcessMap(Resource):
    __slots__ = ()
    TYPE = "externalHandlerExternalHandlerProcessMap"
    externalHandlerId: int
    externalHandlerProcessId: int
    onError: str | None


class ProcessInstance(Record):
    __slots__ = ()
    TYPE = "processInstance"
    accountId: int | None
    endTime: int | None
    exitReason: str | None
    phase: str
    priority: int | None
    processName: str
    resourceId: str
    resourceType: str
    result: str | None
    runningProcessServerId: str | None
    startProcessServerId: str | None
    startTime: int | None
    waiting: str | None
    waitingSince: int | None
    progress: int | None
    attempts: int
    runAfter: int | None
    stateField: str
    fromState: str
    epoch: int
    leaseUntil: int | None
    input = Own[dict[str, Any]]("input")
    failing = Own[dict[str, Any]]("failing")
    keepError = Own[bool]("keepError")


class ProcessExecution(Record):
    __slots__ = ()
    TYPE = "processExecution"
    accountId: int | None
    created: int | None
    log: dict[str, Any] | None
    processInstanceId: int
    uuid: str


class ConfigItem(Record):
    __slots__ = ()
    TYPE = "configItem"
    name: str | None
    sourceVersion: str | None


class ConfigItemStatus(Record):
    __slots__ = ()
    TYPE = "configItemStatus"
    accountId: int | None
    agentId: int | None
    hostId: int
    name: str
    requestedVersion: int
    requestedUpdated: int | None
    appliedVersion: int | None
    appliedUpdated: int | None
    resourceId: int | None
    resourceType: str | None
    sourceVersion: str | None
    description: Any
    error: str | None


class Setting(Record):
    __slots__ = ()
    TYPE = "setting"
    name: str
    value: str | None
    activeValue: str | None
    source: str | None
    inDb: bool | None


class ActiveSetting(Setting):
    __slots__ = ()
    TYPE = "activeSetting"


class Task(Row):
    __slots__ = ()
    TYPE = "task"


class TaskInstance(Row):
    __slots__ = ()
    TYPE = "taskInstance"
    endTime: int | None
    exception: str | None
    serverId: str | None
    startTime: int | None
    taskId: int | None


class PullTask(GenericObject):
    __slots__ = ()
    TYPE = "pullTask"
    accountId: int
    image: str
    labels: dict[str, str] | None
    mode: str
    status: dict[str, str] | None
