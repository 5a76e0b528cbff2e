# SPDX-License-Identifier: Apache-2.0
"""A container's place in its service: the number of its deployment unit, and its part in it."""

from __future__ import annotations

from orca.orchestration.syntax.names import PRIMARY
from orca.resources import rows


def number(container: rows.Instance) -> int:
    """The number of the container's unit; 0 if it belongs to no service."""
    return container.number or 0


def part(container: rows.Instance) -> str:
    """The container's part in its unit: the name of a sidekick, or the primary part."""
    return container.part or PRIMARY
