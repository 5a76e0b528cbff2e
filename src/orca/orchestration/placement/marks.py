# SPDX-License-Identifier: Apache-2.0
"""Which unit of its service a container belongs to, and as what."""

from __future__ import annotations

from orca.orchestration.syntax.names import PRIMARY
from orca.resources import rows


def number(container: rows.Instance) -> int:
    """The number of its unit; 0 for a container of no service."""
    return container.number or 0


def part(container: rows.Instance) -> str:
    """The part that it is of its unit: the name of a sidekick, or the primary one."""
    return container.part or PRIMARY
