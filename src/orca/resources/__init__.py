# SPDX-License-Identifier: Apache-2.0
"""Floor 1: the resource types. One declaration per resource type, grouped by concept; see
docs/architecture/resources.md.
"""

from orca.resources.catalog import TYPES, processes_of, root, schema
from orca.resources.processes import Process, ProcessTable
from orca.resources.types import ResourceType

__all__ = ["TYPES", "Process", "ProcessTable", "ResourceType", "processes_of", "root", "schema"]
