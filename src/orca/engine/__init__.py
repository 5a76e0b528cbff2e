# SPDX-License-Identifier: Apache-2.0
"""Floor 2: durable processes. Who does it, when, and again after a crash; see docs/architecture/engine.md."""

from orca.engine.agents import AgentConnection, AgentConnections, Progress
from orca.engine.behaviour import Behaviour, Reading, lookup
from orca.engine.call import Call
from orca.engine.engine import Engine
from orca.engine.errors import AgentGone, CommandFailed, CommandTimeout, Failed, Superseded
from orca.engine.run import Run
from orca.engine.services import Server, Services

__all__ = [
    "AgentConnection",
    "AgentConnections",
    "AgentGone",
    "Behaviour",
    "Call",
    "CommandFailed",
    "CommandTimeout",
    "Engine",
    "Failed",
    "Progress",
    "Reading",
    "Run",
    "Server",
    "Services",
    "Superseded",
    "lookup",
]
