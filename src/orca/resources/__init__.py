# SPDX-License-Identifier: Apache-2.0
"""Floor 1: what exists. One declaration per resource type, grouped by concept; see docs/architecture/resources.md."""

from orca.resources.catalog import TYPES, machine, root, schema
from orca.resources.machines import Machine, Process
from orca.resources.types import ResourceType

__all__ = ["TYPES", "Machine", "Process", "ResourceType", "machine", "root", "schema"]
