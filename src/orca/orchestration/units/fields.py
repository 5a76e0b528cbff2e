# SPDX-License-Identifier: Apache-2.0
"""The parts of a container that come from its service: fields of the launch config, and labels.

The labels are for people who use plain Docker on the host; those of the ``io.rancher`` family are v1's, which users'
tools read.
"""

from __future__ import annotations

from typing import Any

from orca.orchestration.placement.marks import BALANCER
from orca.orchestration.syntax import labels, rules
from orca.wire import names


def instance_fields(launch_config: dict[str, Any]) -> dict[str, Any]:
    """The fields that a container gets from its service's launch config: those that were given."""
    own = {"kind", "name", "version", "count", "startOnCreate", "networkLaunchConfig", "dataVolumesFromLaunchConfigs"}
    return {name: value for name, value in launch_config.items() if name not in own and value is not None}


def balancer_fields(launch_config: dict[str, Any]) -> dict[str, Any]:
    """The fields that make a container a balancer's: its mark, and the ports where it listens."""
    return {"systemContainer": BALANCER, "ports": rules.published(launch_config)}


def service_labels(stack: str, service: str, project: str, unit: str, part: str = "") -> dict[str, str]:
    """The labels that tie a container to its service; ``part`` names a sidekick."""
    full = f"{stack}/{service}/{part}" if part else f"{stack}/{service}"
    return {
        names.LABEL_STACK_NAME: stack,
        names.LABEL_SERVICE_NAME: full,
        labels.STACK: stack,
        labels.STACK_SERVICE: full,
        labels.PROJECT: project,
        labels.PROJECT_SERVICE: f"{project}/{full}",
        labels.LAUNCH_CONFIG: part or labels.PRIMARY_LAUNCH_CONFIG,
        labels.DEPLOYMENT_UNIT: unit,
    }
