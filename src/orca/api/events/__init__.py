# SPDX-License-Identifier: Apache-2.0
"""Event streams: what changed, for those who listen. Source: docs/v1.md, section 8.

*audience* is who sees the same; *hub* shows a change once per audience and hands it to every subscriber; *replay* is
what somebody missed who was away; *subscriber* is one client, whatever carries its frames.
"""

from orca.api.events.hub import Hub
from orca.api.events.socket import RAW, EventSocket, EventStream, Opening
from orca.engine import Services
from orca.engine.exchange import Exchange

__all__ = ["RAW", "EventSocket", "EventStream", "Hub", "Opening", "install"]


def install(services: Services) -> None:
    """Watch the changes for as long as the server runs."""
    hub = Hub(services)
    services.provide(hub)
    services.part(Exchange).listeners.append(hub.hear)
    services.background("events", hub.run)
