# SPDX-License-Identifier: Apache-2.0
"""A container's place in its service: the number of its deployment unit, its part in it, and what it is there for."""

from __future__ import annotations

from orca.orchestration.syntax.names import PRIMARY
from orca.resources import rows

BALANCER = "LoadBalancerAgent"
"""``systemContainer`` of the containers of balancing services, as in 2015."""


def number(container: rows.Instance) -> int:
    """The number of the container's unit; 0 if it belongs to no service."""
    return container.number or 0


def part(container: rows.Instance) -> str:
    """The container's part in its unit: the name of a sidekick, or the primary part."""
    return container.part or PRIMARY


def is_balancer(instance: rows.Instance) -> bool:
    """True if it is a container of a balancing service, which runs the platform's own image."""
    return instance.systemContainer == BALANCER
