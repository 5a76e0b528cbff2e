# SPDX-License-Identifier: Apache-2.0
"""Names that server and agent share: events, labels and containers of the agent protocol.

Source: docs/architecture/wire.md and host.md.
"""

import re
from typing import Final

from orca.hoststate.plan import labels

# Server to agent; each carries ``replyTo``.
PING: Final = "ping"
CONFIG_UPDATE: Final = "config.update"
ACTIVATE: Final = "compute.instance.activate"
DEACTIVATE: Final = "compute.instance.deactivate"
REMOVE: Final = "compute.instance.remove"
INSPECT: Final = "compute.instance.inspect"
PULL: Final = "compute.instance.pull"
VOLUME_REMOVE: Final = "storage.volume.remove"
PROBE: Final = "host.probe"
EPOCH: Final = "host.epoch"
CANCEL: Final = "command.cancel"
OPEN_STREAM: Final = "stream.open"
MEASURE: Final = "host.measure"
DRAIN: Final = "balancer.drain"
BALANCER_STATS: Final = "balancer.stats"
METADATA_UPDATE: Final = "metadata.update"

# Agent to server; none carries ``replyTo``.
HELLO: Final = "agent.hello"
CONTAINER_CHANGE: Final = "container.change"
HOST_CHANGE: Final = "host.change"
HEALTH_CHANGE: Final = "health.change"
BALANCER_REPORT: Final = "balancer.report"
METADATA_ASKED: Final = "metadata.asked"
MESH_EDGE: Final = "mesh.edge"
MESH_SUMMARY: Final = "mesh.summary"
PEER_SILENT: Final = "peer.silent"

# Container labels. All that begin with LABEL_FAMILY are the platform's own marks, and users' containers
# never choose them, save LABEL_FENCE.
LABEL_FAMILY: Final = "io.orca."
LABEL_SYSTEM: Final = labels.SYSTEM
LABEL_INSTANCE_UUID: Final = labels.INSTANCE
LABEL_VOLUME_UUID: Final = labels.VOLUME
LABEL_STACK_NAME: Final = "io.orca.stack.name"
LABEL_SERVICE_NAME: Final = "io.orca.stack_service.name"
LABEL_FENCE: Final = "io.orca.fence"

# The message of an ``error`` reply to a command that ``command.cancel`` ended.
CANCELLED: Final = "cancelled"


def container_name(name: str, uuid: str) -> str:
    """Return the name of an instance's container: readable, and unique by the first 8 digits of the uuid.

    Engines accept fewer characters in container names than our names may have; the rest becomes hyphens.
    """
    readable = re.sub(r"[^A-Za-z0-9_.-]", "-", name).lstrip("_.-")
    return f"{readable or 'r'}-{uuid[:8]}"
