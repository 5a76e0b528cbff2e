# SPDX-License-Identifier: Apache-2.0
"""Labels by which the platform knows what it made in an engine, and why."""

from __future__ import annotations

#: Of the platform's own containers and network: which part (``agent``, ``net``, ``dns``, ``network``).
SYSTEM = "io.orca.system"
#: Of its own containers: from which body they were made (``specified``).
SPEC = "io.orca.spec"
#: Of its own network: the range of the environment.
CIDR = "io.orca.cidr"
#: Of users' containers: the uuid of the instance.
INSTANCE = "io.orca.instance.uuid"
