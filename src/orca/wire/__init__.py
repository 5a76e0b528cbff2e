# SPDX-License-Identifier: Apache-2.0
"""The messages between server and agent: v1 events and the structs of their data.

``names`` holds the event names and container labels; ``encode``/``decode`` turn events into text frames and back;
``Event.request(names.ACTIVATE, Activate(...))`` makes an event,
``event.read(Activate)`` gives its data as a struct again.
"""

from . import names
from .commands import (
    Activate,
    Activated,
    Cancel,
    ConfigApplied,
    ConfigItem,
    ConfigUpdate,
    Deactivate,
    Deactivated,
    Inspect,
    Inspected,
    Instance,
    Message,
    PublishedPort,
    RegistryAuth,
    Remove,
    RestartPolicy,
)
from .event import Event, Transitioning, WireError, decode, encode, new_id, now_ms, to_data
from .reports import (
    Container,
    ContainerState,
    ContainerStatus,
    EdgeState,
    Hello,
    HostFacts,
    MeshEdge,
    MeshSummary,
    PeerState,
)

__all__ = [
    "Activate",
    "Activated",
    "Cancel",
    "ConfigApplied",
    "ConfigItem",
    "ConfigUpdate",
    "Container",
    "ContainerState",
    "ContainerStatus",
    "Deactivate",
    "Deactivated",
    "EdgeState",
    "Event",
    "Hello",
    "HostFacts",
    "Inspect",
    "Inspected",
    "Instance",
    "MeshEdge",
    "MeshSummary",
    "Message",
    "PeerState",
    "PublishedPort",
    "RegistryAuth",
    "Remove",
    "RestartPolicy",
    "Transitioning",
    "WireError",
    "decode",
    "encode",
    "names",
    "new_id",
    "now_ms",
    "to_data",
]
