# SPDX-License-Identifier: Apache-2.0
"""Event streams: changes for subscribers. Source: docs/v1.md, section 8.

An *audience* is a group of subscribers who see the same. The *hub* shows a change once per audience and hands it to
every subscriber. *replay* gives a client the events that it missed. A *subscriber* is one client, over WebSocket or
HTTP.
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
