# SPDX-License-Identifier: Apache-2.0
"""Instances; containers are their only kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orca.resources import instance_views
from orca.resources.fields import (
    NOBODY,
    OPERATORS,
    Field,
    OwnKey,
    any_json,
    array,
    boolean,
    date,
    embedded,
    enum,
    integer,
    mapping,
    ref,
    string,
    text,
)
from orca.resources.image_names import IMAGE_UUID, wrong_image_uuid
from orca.resources.indexed_text import LENGTH, fold
from orca.resources.limits import MOST_AT_ONCE, MOST_ROWS, MOST_VOLUMES
from orca.resources.processes import ProcessTable, allocation, generic, process, updating
from orca.resources.types import Action, Link, ResourceType, access, given, wire_only

if TYPE_CHECKING:
    from orca.resources import rows

PROCESSES: ProcessTable = {
    "create": process("requested", "creating", "stopped", "start"),
    "start": process("creating stopped", "starting", "running"),
    "stop": process("running starting updating-running updating-stopped restarting", "stopping", "stopped"),
    "restart": process("running", "restarting", "running"),
    "update": updating("stopped", "running"),
    "remove": process("requested creating stopped updating-running updating-stopped", "removing", "removed"),
    "purge": process("removed", "purging", "purged"),
    **allocation(),
}

LOGGED = frozenset({"running", "starting", "restarting", "stopping", "stopped", "updating-running", "updating-stopped"})
"""States of a container that may have a log, also while a crashed one is started again."""

CAPABILITIES = (
    "ALL",
    "AUDIT_CONTROL",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "WAKE_ALARM",
)


def external_key(record: rows.Instance) -> str | None:
    """A container of an engine has one row, however many events report it."""
    return f"{record.hostId}:{record.externalId}" if record.hostId and record.externalId else None


def folded_name(record: rows.Instance) -> str | None:
    """A container is found by its name without regard to case."""
    return fold(record.name) if record.name else None


INSTANCE = ResourceType(
    name="instance",
    plural="instances",
    prefix="1i",
    looked_up=(("accountId", "folded"), ("serviceId", "hostId"), "deploymentUnitUuid"),
    tally="hostId",
    derived={"folded": folded_name},
    access=access("r"),
    named="r",
    fields={
        "accountId": ref("account", always=True),
        "externalId": string(column=True, index=True, max_length=128),
        "folded": string("", column=True, max_length=LENGTH),
        "hostId": ref("host", reverse=""),
        "allocationState": string(column=True, roles=NOBODY, max_length=128),
        "agentId": ref("agent", roles=NOBODY),
        "primaryNetworkId": ref("network", ours=True, index=False, reverse=""),
    },
    own={
        "number": OwnKey("int"),
        "part": OwnKey("string"),
        "leaving": OwnKey("boolean"),
        "kept": OwnKey("boolean"),
        "vanished": OwnKey("boolean"),
        "lost": OwnKey("boolean"),
        "movingFor": OwnKey("int"),
        "started": OwnKey("date"),
        "answered": OwnKey("date"),
        "lastSeen": OwnKey("map[json]"),
        "healthDeadline": OwnKey("date"),
        "checkersHealth": OwnKey("string"),
        "flaps": OwnKey("map[json]"),
        "reportedAddress": OwnKey("string"),
    },
    processes=PROCESSES,
    hidden_actions=frozenset({"allocate", "deallocate"}),
    inputs={"stop": "instanceStop"},
    live_key=external_key,
    unique_field="externalId",
)

CONTAINER_INPUT: dict[str, Field] = {
    "build": embedded("dockerBuild", "cr"),
    "capAdd": array("enum", "cr", options=CAPABILITIES),
    "capDrop": array("enum", "cr", options=CAPABILITIES),
    "command": array("string", "cr"),
    "cpuSet": string("cr"),
    "cpuShares": integer("cr", min=0),
    "dataVolumeMounts": mapping("reference[volume]", "cr", most=MOST_VOLUMES),
    "dataVolumes": array("string", "cr", most=MOST_VOLUMES),
    "dataVolumesFrom": array("reference[container]", "cr"),
    "devices": array("string", "cr"),
    "dns": array("string", "cr"),
    "dnsSearch": array("string", "cr"),
    "domainName": string("cr", max_length=128),
    "engineHealthCheck": embedded(
        "engineHealthCheck", "cr", ours=True, description="The command with which the engine checks it"
    ),
    "entryPoint": array("string", "cr"),
    "environment": mapping("string", "cr"),
    "expose": array("string", "cr"),
    "extraHosts": array("string", "cr"),
    "healthCheck": embedded("instanceHealthCheck", "cr"),
    "hostname": string("cr", max_length=128, min_length=1),
    "imageUuid": string("cr", pattern=IMAGE_UUID, wrong=wrong_image_uuid),
    "labels": mapping("string", "cr", most=MOST_ROWS),
    "logConfig": embedded("logConfig", "cr"),
    "lxcConf": mapping("string", "cr"),
    "memory": integer("cr", min=0),
    "memorySwap": integer("cr"),
    "networkMode": enum("none", "bridge", "host", "managed", "container", rights="cr", default="managed"),
    "pidMode": enum("host", rights="cr"),
    "ports": array("string", "cr"),
    "privileged": boolean("cr", default=False, nullable=False),
    "publishAllPorts": boolean("cr", default=False, nullable=False),
    "readOnly": boolean("cr", default=False, nullable=False),
    "registryCredentialId": ref("registryCredential", "cr", reverse=""),
    "requestedHostId": ref("host", "cr", column=False, index=False),
    "restartPolicy": embedded("restartPolicy", "cr"),
    "securityOpt": array("string", "cr"),
    "startOnCreate": boolean("cr", default=True, nullable=False),
    "stdinOpen": boolean("cr", default=False, nullable=False),
    "tty": boolean("cr", default=False, nullable=False),
    "user": string("cr", min_length=1),
    "volumeDriver": string("cr"),
    "workingDir": string("cr", min_length=1),
}

CONTAINER = ResourceType(
    name="container",
    plural="containers",
    parent="instance",
    access=access("crud", admin="r", readonly="r"),
    fields={
        **CONTAINER_INPUT,
        "agentId": ref("agent", roles=OPERATORS),
        "allocationState": string(column=True, roles=OPERATORS, max_length=128),
        "count": integer("cr", min=1, max=MOST_AT_ONCE),
        "createIndex": integer(column=True),
        "deploymentUnitUuid": string(column=True, max_length=128),
        "firstRunning": date(column=True),
        "healthState": enum(
            "healthy",
            "unhealthy",
            "updating-healthy",
            "updating-unhealthy",
            "initializing",
            column=True,
            max_length=128,
        ),
        "imageUuid": string(
            "cr", required=True, nullable=False, pattern=IMAGE_UUID, wrong=wrong_image_uuid, always=True
        ),
        "instanceLinks": mapping("reference[instance]", "cr", linked=True),
        "instanceTriggeredStop": enum(
            "stop", "remove", "restart", column=True, default="stop", roles=NOBODY, max_length=128
        ),
        "nativeContainer": boolean(column=True),
        "networkContainerId": ref("container", "cr", reverse="instances"),
        "networkIds": array("reference[network]", "cr"),
        "primaryIpAddress": string(),
        "requestedIpAddress": string(roles=NOBODY),
        "startCount": integer(column=True),
        "systemContainer": enum("NetworkAgent", "LoadBalancerAgent", column=True, max_length=128),
        "version": string(column=True, default="0"),
        "engineHealth": embedded("engineHealth", ours=True, description="What the engine's own check says"),
        "exitCode": integer(ours=True),
        "healthSince": date(ours=True, description="Since when healthState is what it is"),
        "healthReason": text(ours=True, description="Which hosts find it failing, and why"),
        "serviceId": ref("service", ours=True, reverse=""),
        "environmentId": ref("environment", ours=True, reverse=""),
        "placement": any_json(ours=True, description="Why this host was chosen, and the others were not"),
    },
    processes=PROCESSES,
    hidden_actions=frozenset({"allocate", "deallocate"}),
    inputs={"stop": "instanceStop"},
    actions={
        "setlabels": Action("setLabelsInput", "container"),
        "logs": Action("containerLogs", "hostAccess", LOGGED, looks=True),
        "execute": Action("containerExec", "hostAccess", frozenset({"running"})),
        # Of virtual machines, of which there are none.
        "console": Action("instanceConsoleInput", "instanceConsole", frozenset()),
    },
    links={"hosts": Link("host", "id", "hostId")},
    live_key=external_key,
)

INSTANCE_LINK = ResourceType(
    name="instanceLink",
    plural="instanceLinks",
    prefix="1il",
    looked_up=("accountId",),
    access=access("ru", admin="r"),
    named="ru",
    fields={
        "accountId": ref("account", always=True),
        "instanceId": ref("instance", always=True),
        "linkName": string(column=True, always=True),
        "targetInstanceId": ref("instance", "ru", reverse="targetInstanceLinks"),
        "ports": array("json", roles=OPERATORS),
        "serviceConsumeMapId": ref("serviceConsumeMap", roles=NOBODY),
    },
    processes=generic(),
)

INSTANCE_HOST_MAP = ResourceType(
    name="instanceHostMap",
    plural="instanceHostMaps",
    prefix="1ihm",
    access=access("", superadmin="r"),
    fields={"hostId": ref("host"), "instanceId": ref("instance")},
    processes=generic(),
    view=instance_views.instance_host_map,
)

EMBEDDED = (
    wire_only(
        "restartPolicy",
        {
            "name": enum("no", "always", "on-failure", "unless-stopped", rights="cr", nullable=True),
            "maximumRetryCount": integer("cr"),
        },
        access=given("cr"),
    ),
    wire_only(
        "instanceStop",
        {
            "timeout": integer("cr", default=10, nullable=False),
            "remove": boolean("cr", default=False, nullable=False),
            "deallocateFromHost": boolean("cr", default=False, nullable=False),
        },
        access=given("cr"),
    ),
    wire_only("logConfig", {"config": mapping("string", "cr"), "driver": string("cr")}, access=given("cr")),
    wire_only("setLabelsInput", {"labels": any_json("cr", required=True)}, access=given("cr", user="cr")),
)

TYPES = (INSTANCE, CONTAINER, INSTANCE_LINK, INSTANCE_HOST_MAP, *EMBEDDED)
