# SPDX-License-Identifier: Apache-2.0
"""Managed containers are started again by the agent, never by the engine.

The engine's own policy is ``no``. So a container that the platform stopped does not start with the daemon, and at a
boot nothing starts before the agent has checked. The wanted states are on the host's disk, so that the agent knows them
without a server.
"""

from .policy import Pause
from .restarts import Restarts
from .wanted import Wanted, WantedStates

__all__ = ["Pause", "Restarts", "Wanted", "WantedStates"]
