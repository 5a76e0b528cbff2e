# SPDX-License-Identifier: Apache-2.0
"""Run a simulated agent in an event loop, where time passes and its events are sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from orca import wire
from orca.simulator.faults import NONE, Faults
from orca.simulator.host.agent import Agent, Said


class Driver:
    """Runs one agent. The other end of its connection sets two functions.

    ``transmit`` takes the agent's events; ``silenced`` is called when the agent has fallen silent.
    """

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.transmit: Callable[[Said], None] = lambda said: None
        self.silenced: Callable[[], None] = lambda: None
        self._timer: asyncio.TimerHandle | None = None
        # What happens on another host may be noticed here.
        agent.host.clock.earlier = self._set_timer

    def receive(self, event: wire.Event, faults: Faults = NONE) -> None:
        """Take one event from the server."""
        self.agent.receive(event, wire.now_ms(), faults)
        self.flush()

    def flush(self) -> None:
        """Transmit the agent's events, and set a timer for what is due next."""
        for said in self.agent.take():
            self.transmit(said)
        if self.agent.silent:
            self.silenced()
            return
        self._set_timer()

    def stop(self) -> None:
        """End the agent's program."""
        self.agent.stop()
        if self._timer is not None:
            self._timer.cancel()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self.agent.host.clock.due
        if due is not None:
            pause = max(0, due - wire.now_ms()) / 1000
            self._timer = asyncio.get_running_loop().call_later(pause, self._pass_time)

    def _pass_time(self) -> None:
        self.agent.pass_time(wire.now_ms())
        self.flush()
