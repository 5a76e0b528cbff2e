# SPDX-License-Identifier: Apache-2.0
"""What a container takes over from its service: the fields of the launch config, and labels that say where it belongs.

The labels are for whoever looks at the host with plain Docker; those of the ``io.rancher`` family are the ones of v1,
which users' tools read.
"""

from __future__ import annotations

from typing import Any

from orca.wire import names

HOSTNAME_LABEL = "io.rancher.container.hostname_override"
"""With the value ``container_name``: the host name is the container's, whatever was given."""


def instance_fields(launch_config: dict[str, Any]) -> dict[str, Any]:
    """The fields a container takes over from its service's launch config: those that were given."""
    own = {"kind", "name", "version", "count", "startOnCreate", "networkLaunchConfig", "dataVolumesFromLaunchConfigs"}
    return {name: value for name, value in launch_config.items() if name not in own and value is not None}


def service_labels(stack: str, service: str, project: str, unit: str, part: str = "") -> dict[str, str]:
    """The labels that tie a container to its service; ``part`` names a sidekick."""
    full = f"{stack}/{service}/{part}" if part else f"{stack}/{service}"
    return {
        names.LABEL_STACK_NAME: stack,
        names.LABEL_SERVICE_NAME: full,
        "io.rancher.stack.name": stack,
        "io.rancher.stack_service.name": full,
        "io.rancher.project.name": project,
        "io.rancher.project_service.name": f"{project}/{full}",
        "io.rancher.service.launch.config": part or "io.rancher.service.primary.launch.config",
        "io.rancher.service.deployment.unit": unit,
    }
