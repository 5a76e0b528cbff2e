# SPDX-License-Identifier: Apache-2.0
"""Several agents' statistics for one viewer.

The agents are independent: one that is cut off is left out until it is back, and new ones join.
"""

from __future__ import annotations

import asyncio
import contextlib

from starlette.websockets import WebSocket

from orca import wire
from orca.api.streams.backends import Backends
from orca.api.streams.grants import Plan
from orca.api.streams.relay import End, cut, listen, pass_frames
from orca.engine import Core
from orca.resources.errors import Refused
from orca.store import Overflow

SETTLE_SECONDS = 1.0
"""Seconds to wait after a change, because changes come in bursts."""
RETRY_SECONDS = 2.0


class Fan:
    """The streams of one viewer."""

    def __init__(self, core: Core, plan: Plan, viewer: WebSocket) -> None:
        self._core = core
        self._plan = plan
        self._viewer = viewer
        self._running: dict[int, tuple[wire.StreamSource, asyncio.Task[None]]] = {}

    async def serve(self) -> End:
        """Show statistics until the viewer leaves."""
        matching = asyncio.create_task(self._match_plan())
        leaving = asyncio.create_task(listen(self._viewer, None))
        try:
            await asyncio.wait({matching, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if matching.done():
                matching.result()
            return End()
        finally:
            tasks = [matching, leaving, *(task for _, task in self._running.values())]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _match_plan(self) -> None:
        """Keep exactly the planned streams open, as the plan changes."""
        with self._core.db.bus.subscribe({"host", "instance"}) as changes:
            while True:
                wanted = await self._core.db.read(self._plan)
                for agent_id in [id for id, (source, _) in self._running.items() if wanted.get(id) != source]:
                    self._running.pop(agent_id)[1].cancel()
                for agent_id in wanted.keys() - self._running.keys():
                    task = asyncio.create_task(self._keep(agent_id, wanted[agent_id]))
                    self._running[agent_id] = (wanted[agent_id], task)
                with contextlib.suppress(Overflow):  # lost changes do no harm: the plan is read again
                    await changes.batch()
                await asyncio.sleep(SETTLE_SECONDS)

    async def _keep(self, agent_id: int, source: wire.StreamSource) -> None:
        """Show one agent's statistics whenever it is connected."""
        backends = self._core.part(Backends)
        while True:
            await self._core.agents.wait(agent_id)
            with contextlib.suppress(Refused):
                backend = await backends.open(agent_id, source)
                parts = [asyncio.create_task(pass_frames(backend, self._viewer)), asyncio.create_task(cut(backend))]
                try:
                    await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for part in parts:
                        part.cancel()
                    await asyncio.gather(*parts, return_exceptions=True)
                    backend.done.set()
            await asyncio.sleep(RETRY_SECONDS)
