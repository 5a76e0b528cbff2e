# SPDX-License-Identifier: Apache-2.0
"""Labels that mean something to the platform, by name. The label of volumes is in ``orca.storage.volumes``.

The family ``io.rancher`` is v1's: users write these labels, and their tools read them. Labels of the family ``io.orca``
are the platform's own marks on a host (``orca.wire.names``); users do not give them to their containers. A container
with ``io.orca.system`` would pass for a part of the platform, whose reports nobody follows. The other marks say whose a
container is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orca.resources.errors import Refused
from orca.wire.names import LABEL_FAMILY

FAMILIES = ("io.rancher.", LABEL_FAMILY)

# What users write at services.
SIDEKICKS = ("io.rancher.sidekicks", "io.orca.sidekicks")
SELECTOR_LINK = "io.rancher.service.selector.link"
SELECTOR_CONTAINER = "io.rancher.service.selector.container"
GLOBAL = "io.rancher.scheduler.global"
AFFINITY = "io.rancher.scheduler.affinity:"
"""Begins the labels that say where a container wants to run; subject and strength follow."""
BALANCER_TARGET = "io.rancher.loadbalancer.target."
"""Begins the label that says which requests a target of a balancer gets; the target's name follows."""
BALANCER_TLS_PORTS = "io.rancher.loadbalancer.ssl.ports"
"""Names public ports whose listeners end TLS."""

# What users write at containers.
START_ONCE = "io.rancher.container.start_once"
REQUESTED_IP = "io.rancher.container.requested_ip"
HOSTNAME = "io.rancher.container.hostname_override"
"""With the value ``container_name``: the host name is the container's, whatever was given."""
NETWORK = "io.rancher.container.network"
DNS = "io.rancher.container.dns"

SYSTEM = "io.rancher.container.system"
"""Marks the containers of the platform of 2015 itself."""

# What the platform writes at containers, as v1 did.
CONTAINER_UUID = "io.rancher.container.uuid"
CONTAINER_NAME = "io.rancher.container.name"
CONTAINER_IP = "io.rancher.container.ip"
STACK = "io.rancher.stack.name"
STACK_SERVICE = "io.rancher.stack_service.name"
PROJECT = "io.rancher.project.name"
PROJECT_SERVICE = "io.rancher.project_service.name"
LAUNCH_CONFIG = "io.rancher.service.launch.config"
PRIMARY_LAUNCH_CONFIG = "io.rancher.service.primary.launch.config"
DEPLOYMENT_UNIT = "io.rancher.service.deployment.unit"
REQUESTED_HOST = "io.rancher.service.requested.host.id"


def check(labels: Mapping[str, Any] | None, present: Mapping[str, Any] | None = None) -> None:
    """Refuse labels of the platform's family, unless they are ``present`` already with that value.

    Raises:
        Refused: 422, naming the label.
    """
    present = present or {}
    for name, value in (labels or {}).items():
        if name.startswith(LABEL_FAMILY) and not (name in present and str(present[name]) == str(value)):
            message = f"labels: {name!r} is the platform's own mark; leave out labels that begin with {LABEL_FAMILY}"
            raise Refused("InvalidOption", message, field="labels")
