# SPDX-License-Identifier: Apache-2.0
"""Floor 2: durable processes: which server runs one, when, and again after a crash; see docs/architecture/engine.md."""

from orca.engine.agents import AgentConnection, AgentConnections, Progress
from orca.engine.assembly import Assembly
from orca.engine.behaviour import Behaviour, Later, Reading, lookup
from orca.engine.call import Call
from orca.engine.core import Core, Processes, Server
from orca.engine.endings import discard
from orca.engine.errors import AgentGone, CommandFailed, CommandTimeout, Failed, Superseded
from orca.engine.removal import request_removal
from orca.engine.run import Run

__all__ = [
    "AgentConnection",
    "AgentConnections",
    "AgentGone",
    "Assembly",
    "Behaviour",
    "Call",
    "CommandFailed",
    "CommandTimeout",
    "Core",
    "Failed",
    "Later",
    "Processes",
    "Progress",
    "Reading",
    "Run",
    "Server",
    "Superseded",
    "discard",
    "lookup",
    "request_removal",
]
