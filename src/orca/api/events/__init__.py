# SPDX-License-Identifier: Apache-2.0
"""Event streams: what changed, for those who listen. Source: docs/v1.md, section 8.

*audience* is who sees the same; *hub* shows a change once per audience and hands it to every subscriber; *replay* is
what somebody missed who was away; *subscriber* is one client, whatever carries its frames.
"""

from orca.api.events.hub import Hub
from orca.api.events.socket import RAW, EventSocket, EventStream, Opening
from orca.engine import Assembly
from orca.engine.exchange import Exchange

__all__ = ["RAW", "EventSocket", "EventStream", "Hub", "Opening", "install"]


def install(assembly: Assembly) -> None:
    """Watch the changes for as long as the server runs."""
    hub = Hub(assembly)
    assembly.provide(hub)
    assembly.part(Exchange).listeners.append(hub.hear)
    assembly.background("events", hub.run)
