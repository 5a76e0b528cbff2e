# SPDX-License-Identifier: Apache-2.0
"""A pretended agent in an event loop: time passes, and what it says goes somewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from orca import wire
from orca.simulator.faults import NONE, Faults
from orca.simulator.host.agent import Agent, Said


class Driver:
    """Who holds the other end sets ``transmit``, which takes what the agent says, and ``silenced``."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.transmit: Callable[[Said], None] = lambda said: None
        self.silenced: Callable[[], None] = lambda: None
        self._timer: asyncio.TimerHandle | None = None

    def receive(self, event: wire.Event, faults: Faults = NONE) -> None:
        """Take one event of the server."""
        self.agent.receive(event, wire.now_ms(), faults)
        self.flush()

    def flush(self) -> None:
        """Transmit what the agent has to say, and wait for what happens next."""
        for said in self.agent.take():
            self.transmit(said)
        if self.agent.silent:
            self.silenced()
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self.agent.host.clock.due
        if due is not None:
            pause = max(0, due - wire.now_ms()) / 1000
            self._timer = asyncio.get_running_loop().call_later(pause, self._pass_time)

    def stop(self) -> None:
        """The agent's program ends."""
        self.agent.stop()
        if self._timer is not None:
            self._timer.cancel()

    def _pass_time(self) -> None:
        self.agent.pass_time(wire.now_ms())
        self.flush()
