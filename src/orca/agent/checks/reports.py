# SPDX-License-Identifier: Apache-2.0
"""Edges on their way to the server: those of one moment in one message, and of each check only the last one."""

import asyncio
from collections.abc import Callable, Iterable
from typing import TypeVar

from orca.wire import CheckEdge, EngineHealth, Event, HealthChange, names

T = TypeVar("T")

TOGETHER_SECONDS = 0.05  # containers that fail together do so within moments; the server should know within 250 ms
PART = 500  # edges in one message


class Reports:
    """Collects edges and sends them. What waits is bounded by the number of checks and containers."""

    def __init__(self, send: Callable[[Event], None]) -> None:
        """Args: where reports go; without a connection nowhere, as the next hello is followed by all of them."""
        self._send = send
        self._checks: dict[str, CheckEdge] = {}
        self._containers: dict[str, EngineHealth] = {}
        self._wake = asyncio.Event()

    def put(self, checks: Iterable[CheckEdge] = (), containers: Iterable[EngineHealth] = ()) -> None:
        """Report edges soon."""
        self._checks |= {edge.check: edge for edge in checks}
        self._containers |= {health.uuid: health for health in containers}
        if self._checks or self._containers:
            self._wake.set()

    def everything(self, checks: Iterable[CheckEdge], containers: Iterable[EngineHealth]) -> None:
        """Report all verdicts now, after a hello; edges that wait are among them."""
        self._checks.clear()
        self._containers.clear()
        complete = HealthChange(checks=list(checks), containers=list(containers), complete=True)
        self._send(Event.report(names.HEALTH_CHANGE, complete))

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(TOGETHER_SECONDS)
            self._wake.clear()
            while self._checks or self._containers:
                checks, containers = _some(self._checks), _some(self._containers)
                self._send(Event.report(names.HEALTH_CHANGE, HealthChange(checks=checks, containers=containers)))


def _some(waiting: dict[str, T]) -> list[T]:
    return [waiting.pop(key) for key in list(waiting)[:PART]]
