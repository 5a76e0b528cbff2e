# SPDX-License-Identifier: Apache-2.0
"""Types for health: checks, checkers, and their reports."""

from orca.resources.fields import NOBODY, OwnKey, array, date, embedded, enum, integer, ref, string, text
from orca.resources.processes import reported, simple
from orca.resources.types import ResourceType, access, given, wire_only

INSTANCE_HEALTH_CHECK = wire_only(
    "instanceHealthCheck",
    {
        "healthyThreshold": integer("cr", min=1),
        "initializingTimeout": integer("cr", min=1),
        "interval": integer("cr", min=1),
        "name": text("cr"),
        "port": integer("cr", required=True, min=1, max=65535),
        "recreateOnQuorumStrategyConfig": embedded("recreateOnQuorumStrategyConfig", "cr"),
        "reinitializingTimeout": integer("cr", min=1),
        "requestLine": text("cr"),
        "responseTimeout": integer("cr", min=1),
        "strategy": enum("none", "recreate", "recreateOnQuorum", rights="cr"),
        "unhealthyThreshold": integer("cr", min=1),
    },
    access=given("cr", user="cr"),
)

RECREATE_ON_QUORUM_STRATEGY_CONFIG = wire_only(
    "recreateOnQuorumStrategyConfig", {"quorum": integer("cr", required=True)}, access=given("cr")
)

ENGINE_HEALTH_CHECK = wire_only(
    "engineHealthCheck",
    {
        "interval": integer("cr", description="Milliseconds between two runs"),
        "retries": integer("cr", description="Failures in a row that make it unhealthy"),
        "startInterval": integer("cr", description="Milliseconds between two runs in the start period"),
        "startPeriod": integer("cr", description="Milliseconds after the start in which failures do not count"),
        "strategy": enum("none", "recreate", rights="cr", description="What becomes of an unhealthy container"),
        "test": array("string", "cr", description="NONE, or CMD or CMD-SHELL and a command; the image's if absent"),
        "timeout": integer("cr", description="Milliseconds that a run may take"),
    },
    access=given("cr", user="cr"),
    ours=True,
)

ENGINE_HEALTH = wire_only(
    "engineHealth",
    {
        "output": text(description="What the command wrote when it failed last"),
        "since": date(description="Since when it says so"),
        "startedAt": date(description="The start of the container that was checked"),
        "state": enum("starting", "healthy", "unhealthy"),
    },
    ours=True,
)

HEALTHCHECK_INSTANCE = ResourceType(
    name="healthcheckInstance",
    plural="healthcheckInstances",
    prefix="1hi",
    access=access(""),
    fields={
        "instanceId": ref("instance", always=True),
    },
    processes=simple(),
)

HEALTHCHECK_INSTANCE_HOST_MAP = ResourceType(
    name="healthcheckInstanceHostMap",
    plural="healthcheckInstanceHostMaps",
    prefix="1hihm",
    access=access("r"),
    named="r",
    fields={
        "externalTimestamp": integer(roles=NOBODY, column=True, big=True),
        "healthState": string(column=True, max_length=128),
        "healthcheckInstanceId": ref("healthcheckInstance", roles=NOBODY, always=True),
        "hostId": ref("host", always=True),
        "instanceId": ref("instance", always=True),
        "reason": text(ours=True, description="Why its last check failed, or why it does not judge"),
        "since": date(ours=True, description="Since when it says so"),
        "verdict": enum(
            "up",
            "down",
            "unknown",
            "silent",
            "path fault",
            ours=True,
            description="What it says; unknown, silent and path fault count for nothing",
        ),
    },
    own={
        "said": OwnKey("string"),
        "pathFault": OwnKey("boolean"),
    },
    processes=simple(),
)

SERVICE_EVENT = ResourceType(
    name="serviceEvent",
    plural="serviceEvents",
    prefix="1se",
    access=access("r", agent="cr"),
    named="r",
    fields={
        "externalTimestamp": integer("cr", column=True, big=True, required=True),
        "healthcheckInstanceId": ref("healthcheckInstance", roles=NOBODY),
        "healthcheckUuid": string("cr", column=True),
        "hostId": ref("host", by_role={"agent": ""}),
        "instanceId": ref("instance", by_role={"agent": ""}),
        "reportedHealth": string("cr", column=True),
    },
    processes=reported(),
    inactive_roles=frozenset({"agent"}),
)

TYPES = (
    INSTANCE_HEALTH_CHECK,
    ENGINE_HEALTH_CHECK,
    ENGINE_HEALTH,
    RECREATE_ON_QUORUM_STRATEGY_CONFIG,
    HEALTHCHECK_INSTANCE,
    HEALTHCHECK_INSTANCE_HOST_MAP,
    SERVICE_EVENT,
)
