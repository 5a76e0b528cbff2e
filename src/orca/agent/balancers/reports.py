# SPDX-License-Identifier: Apache-2.0
"""Edges of balancers on their way to the server: those of one moment in one message, and of each only the last one."""

import asyncio
from collections.abc import Callable, Iterable

from orca.wire import BalancerReport, Event, Refusal, TargetEdge, names

TOGETHER_SECONDS = 0.05
PART = 500  # edges in one message


class Reports:
    """Collects edges and sends them. What waits is bounded by the number of targets and balancers."""

    def __init__(self, send: Callable[[Event], None]) -> None:
        """Args: where reports go; without a connection nowhere, as the next hello is followed by everything."""
        self._send = send
        self._targets: dict[tuple[str, str, str], TargetEdge] = {}
        self._refusals: dict[str, Refusal] = {}
        self._wake = asyncio.Event()

    def put_target(self, edge: TargetEdge) -> None:
        """Report what a balancer's check says, soon."""
        self._targets[edge.instance, edge.backend, edge.target] = edge
        self._wake.set()

    def put_refusal(self, refusal: Refusal) -> None:
        """Report a refusal, or its end, soon."""
        self._refusals[refusal.instance] = refusal
        self._wake.set()

    def everything(self, down: Iterable[TargetEdge], refusals: Iterable[Refusal]) -> None:
        """Report everything now; edges that wait are among it."""
        self._targets.clear()
        self._refusals.clear()
        self._tell(BalancerReport(targets=list(down), refusals=list(refusals), complete=True))

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(TOGETHER_SECONDS)
            self._wake.clear()
            while self._targets or self._refusals:
                targets = [self._targets.pop(key) for key in list(self._targets)[:PART]]
                refusals = [self._refusals.pop(key) for key in list(self._refusals)[:PART]]
                self._tell(BalancerReport(targets=targets, refusals=refusals))

    def _tell(self, report: BalancerReport) -> None:
        self._send(Event.report(names.BALANCER_REPORT, report))
