# SPDX-License-Identifier: Apache-2.0
"""Figures about every queue of the server. docs/operations.md names the bound of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from orca.api.events import Hub
from orca.api.streams import Backends
from orca.engine import Core
from orca.network import Delivery

Number: TypeAlias = tuple[str, str, float]
"""Name, meaning, value."""


def gauges(core: Core) -> Iterator[Number]:
    """The present lengths."""
    load, delivery = core.agents.load, core.part(Delivery)
    yield "orca_agent_reports_waiting_bytes", "Reports of agents that were read and not handled yet", load.waiting_bytes
    yield "orca_agent_frames_waiting_bytes", "Frames that agents have not taken yet", load.outgoing_bytes
    yield "orca_agent_commands_unanswered", "Commands to agents without an answer", load.unanswered
    yield "orca_agent_greetings", "Agents whose hello waits or is being handled", load.greetings
    yield "orca_config_updates_unanswered", "Updates of config items without an answer", delivery.unanswered
    yield "orca_config_items_waiting", "Config items that changed and were not sent yet", delivery.waiting
    yield "orca_event_frames_waiting", "Events that clients have not taken yet", core.part(Hub).waiting
    yield "orca_changes_waiting", "Changes that wait for the slowest part of the server", core.db.bus.waiting
    yield "orca_streams_open", "Streams of agents that are requested or open", len(core.part(Backends))
    yield "orca_background_work", "Pieces of work that run in the background", core.spawned


def counters(core: Core) -> Iterator[Number]:
    """Counts of handled and failed work."""
    load = core.agents.load
    yield "orca_agent_reports", "Reports of agents", load.reports
    yield "orca_agent_reports_refused", "Reports of agents that made no sense", load.refused
    yield "orca_agent_reports_failed", "Reports of agents that could not be handled", load.failed
    yield "orca_agent_connections_cut", "Connections ended because agents did not read, or opened too many", load.cut
    yield "orca_event_streams_expired", "Event streams ended because they lagged behind", core.part(Hub).expired
    yield (
        "orca_changes_lost",
        "Times a part of the server lagged behind and read everything again",
        (core.db.bus.overflows),
    )
