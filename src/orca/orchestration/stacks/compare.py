# SPDX-License-Identifier: Apache-2.0
"""Compare a stack's text with its rows: services and volumes."""

from __future__ import annotations

from dataclasses import replace

from orca.orchestration.compose.files import Compose
from orca.orchestration.stacks import plan as stack_plan
from orca.orchestration.stacks import volumes as stack_volumes
from orca.orchestration.stacks import world as stack_world
from orca.orchestration.stacks.plan import Plan
from orca.resources import rows
from orca.store import ReadTx


def compare(tx: ReadTx, project_id: int, name: str, stack: rows.Environment | None, wanted: Compose) -> Plan:
    """The plan that makes the stack ``name`` match its text; ``wanted`` has whole names of volumes."""
    world = stack_world.world(tx, project_id, name, stack, wanted.services)
    found = stack_plan.plan(wanted.services, world)
    volumes, refusals = stack_volumes.missing(tx, project_id, wanted)
    return replace(found, volumes=volumes, refusals=(*found.refusals, *refusals))
