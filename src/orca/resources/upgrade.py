# SPDX-License-Identifier: Apache-2.0
"""Types for upgrades of services and stacks."""

from orca.resources.fields import NOBODY, array, boolean, embedded, enum, integer, mapping, ref, text
from orca.resources.limits import MOST_SIDEKICKS
from orca.resources.types import given, wire_only

SERVICE_UPGRADE = wire_only(
    "serviceUpgrade",
    {
        "inServiceStrategy": embedded("inServiceUpgradeStrategy", "cr"),
        "toServiceStrategy": embedded("toServiceUpgradeStrategy", "cr"),
        "toServiceId": ref("service", "cr", column=False),
        "finalScale": integer("cr", default=1, min=1),
        "updateLinks": boolean("cr"),
        "batchSize": integer("cr", default=1, min=1),
        "intervalMillis": integer("cr", default=2000, min=100),
    },
    access=given("cr"),
)

IN_SERVICE_UPGRADE_STRATEGY = wire_only(
    "inServiceUpgradeStrategy",
    {
        "batchSize": integer("cr", default=1, min=1),
        "fullUpgrade": boolean(roles=NOBODY),
        "intervalMillis": integer("cr", default=2000, min=100),
        "launchConfig": embedded("launchConfig", "cr"),
        "previousLaunchConfig": embedded("launchConfig"),
        "previousSecondaryLaunchConfigs": array("secondaryLaunchConfig"),
        "secondaryLaunchConfigs": array("secondaryLaunchConfig", "cr", most=MOST_SIDEKICKS),
        "startFirst": boolean("cr", default=False, nullable=False),
        "finish": enum(
            "manual",
            "healthy",
            rights="cr",
            ours=True,
            description="healthy: the server finishes it once the new containers run and none is unhealthy",
        ),
    },
    access=given("cr"),
)

TO_SERVICE_UPGRADE_STRATEGY = wire_only(
    "toServiceUpgradeStrategy",
    {
        "batchSize": integer("cr", default=1, min=1),
        "finalScale": integer("cr", default=1, min=1),
        "intervalMillis": integer("cr", default=2000, min=100),
        "toServiceId": ref("service", "cr", column=False),
        "updateLinks": boolean("cr"),
    },
    access=given("cr"),
)

SERVICE_RESTART = wire_only(
    "serviceRestart",
    {"rollingRestartStrategy": embedded("rollingRestartStrategy", "cr", required=True, nullable=False)},
    access=given("cr"),
)

ROLLING_RESTART_STRATEGY = wire_only(
    "rollingRestartStrategy",
    {
        "batchSize": integer("cr", default=1, min=1),
        "instanceToStartCount": mapping("int", roles=NOBODY),
        "intervalMillis": integer("cr", default=2000, min=100),
    },
    access=given("cr"),
)

SCALE_POLICY = wire_only(
    "scalePolicy",
    {
        "increment": integer("cr", default=1, min=1),
        "max": integer("cr", default=1, min=1),
        "min": integer("cr", default=1, min=1),
    },
)

ENVIRONMENT_UPGRADE = wire_only(
    "environmentUpgrade",
    {
        "dockerCompose": text("cr"),
        "environment": mapping("string", "cr"),
        "externalId": text("cr"),
        "rancherCompose": text("cr"),
    },
    access=given("cr"),
)

ADD_OUTPUTS_INPUT = wire_only("addOutputsInput", {"outputs": mapping("string", "cr", required=True, nullable=False)})

TYPES = (
    SERVICE_UPGRADE,
    IN_SERVICE_UPGRADE_STRATEGY,
    TO_SERVICE_UPGRADE_STRATEGY,
    SERVICE_RESTART,
    ROLLING_RESTART_STRATEGY,
    SCALE_POLICY,
    ENVIRONMENT_UPGRADE,
    ADD_OUTPUTS_INPUT,
)
