# SPDX-License-Identifier: Apache-2.0
"""Labels by which the platform recognises what it made in an engine."""

from __future__ import annotations

#: On the platform's own containers and network: the part (``agent``, ``net``, ``dns``, ``check``, ``network``).
SYSTEM = "io.orca.system"
#: On its own containers: the body that they were made from (``specified``).
SPEC = "io.orca.spec"
#: On its own network: the range of the project.
CIDR = "io.orca.cidr"
#: On users' containers: the uuid of the instance.
INSTANCE = "io.orca.instance.uuid"
#: On named volumes that the platform made: the uuid of the volume. Others are never removed.
VOLUME = "io.orca.volume.uuid"
