# SPDX-License-Identifier: Apache-2.0
"""Managed containers are started again by the agent, never by the engine.

The engine's own policy is ``no``: what the platform stopped does not start with the daemon, and at a boot nothing
starts before the agent looked. What should run stands on the host's disk, so that an agent without a server knows.
"""

from .policy import Pause
from .restarts import Restarts
from .wanted import Wanted, WantedStates

__all__ = ["Pause", "Restarts", "Wanted", "WantedStates"]
