# SPDX-License-Identifier: Apache-2.0
"""Labels that mean something to the platform, by name. The label of volumes is in ``orca.storage.volumes``.

The family ``io.rancher`` is v1's: users write these labels, and their tools read them. Labels of the family ``io.orca``
are the platform's own marks on a host (``orca.wire.names``); users do not give them to their containers, except the few
that ``OPTIONS`` lists. A container with ``io.orca.system`` would pass for a part of the platform, whose reports nobody
follows. The other marks say whose a container is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from orca.resources.errors import Refused
from orca.wire.names import LABEL_FAMILY, LABEL_FENCE

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
BALANCER_PROXY_PORTS = "io.rancher.loadbalancer.proxy-protocol.ports"
"""Names listeners whose clients begin with the PROXY protocol."""
BALANCER_SEND_PROXY_PORTS = "io.orca.balancer.send-proxy.ports"
"""Names listeners whose targets are told the client's address by the PROXY protocol."""
BALANCER_SNI_PORTS = "io.orca.balancer.sni.ports"
"""Names TCP listeners that pass TLS through, to targets by the name that the client asks for."""
BALANCER_H2_PORTS = "io.orca.balancer.h2.ports"
"""Names listeners whose targets speak HTTP/2 without TLS, as gRPC servers do."""
BALANCER_ALGORITHM = "io.orca.balancer.algorithm"
BALANCER_WEIGHT = "io.orca.balancer.weight"
"""The share of a target's container among those of its service, and of others behind the same rule."""
DRAIN_SECONDS = "io.orca.drain.seconds"
"""How long a target's container that is to stop waits for its connections to end."""
HEALTHCHECK_STRATEGY = "io.orca.healthcheck.strategy"
"""Says in compose files what becomes of a container that the engine's own check finds unhealthy; the API has a field
for that.
"""
HEALTHCHECK_STRATEGIES = ("recreate", "none")

# What users write at containers.
START_ONCE = "io.rancher.container.start_once"
REQUESTED_IP = "io.rancher.container.requested_ip"
HOSTNAME = "io.rancher.container.hostname_override"
"""With the value ``container_name``: the host name is the container's, whatever was given."""
NETWORK = "io.rancher.container.network"
DNS = "io.rancher.container.dns"
FENCE = LABEL_FENCE
"""With the value ``stop``: the container never runs twice, not even while its host is cut off."""
STOP = "stop"

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


ALGORITHMS = ("roundrobin", "leastconn", "source")
DEFAULT_WEIGHT, MOST_WEIGHT = 100, 256
DEFAULT_DRAIN_SECONDS, MOST_DRAIN_SECONDS = 10, 3600


def numbers(text: Any) -> frozenset[int]:
    """The ports that a label lists, with commas between them; what is no port is passed over."""
    return frozenset(int(part) for part in str(text or "").split(",") if _is_number(part.strip(), 1, 65535))


def number(labels: Mapping[str, Any] | None, name: str, default: int, most: int) -> int:
    """The number that a label says, from 0 to ``most``; ``default`` if it says none."""
    text = str((labels or {}).get(name, "")).strip()
    return int(text) if _is_number(text, 0, most) else default


def _is_number(text: str, least: int, most: int) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= len(str(most)) and least <= int(text) <= most


def _is_ports(text: str) -> bool:
    return all(_is_number(part.strip(), 1, 65535) for part in text.split(","))


_PORTS: tuple[Callable[[str], bool], str] = _is_ports, "ports, with commas between them"
OPTIONS: Mapping[str, tuple[Callable[[str], bool], str]] = {
    BALANCER_SEND_PROXY_PORTS: _PORTS,
    BALANCER_SNI_PORTS: _PORTS,
    BALANCER_H2_PORTS: _PORTS,
    BALANCER_ALGORITHM: (ALGORITHMS.__contains__, f"one of {', '.join(ALGORITHMS)}"),
    BALANCER_WEIGHT: (lambda text: _is_number(text, 0, MOST_WEIGHT), f"a number from 0 to {MOST_WEIGHT}"),
    DRAIN_SECONDS: (
        lambda text: _is_number(text, 0, MOST_DRAIN_SECONDS),
        f"a number of seconds from 0 to {MOST_DRAIN_SECONDS}",
    ),
    FENCE: (lambda text: text == STOP, repr(STOP)),
}
"""The labels of the platform's family that users give: which values are right, and the words for these."""


def check(labels: Mapping[str, Any] | None, present: Mapping[str, Any] | None = None) -> None:
    """Refuse labels of the platform's family, unless they are ``present`` already with that value.

    Raises:
        Refused: 422, naming the label; also an option with a wrong value.
    """
    present = present or {}
    for name, value in (labels or {}).items():
        if name in OPTIONS:
            right, words = OPTIONS[name]
            if not right(str(value).strip()):
                raise Refused("InvalidOption", f"labels: {name}: {value!r} is not {words}", field="labels")
        elif name.startswith(LABEL_FAMILY) and not (name in present and str(present[name]) == str(value)):
            message = f"labels: {name!r} is the platform's own mark; leave out labels that begin with {LABEL_FAMILY}"
            raise Refused("InvalidOption", message, field="labels")
