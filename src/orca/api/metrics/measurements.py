# SPDX-License-Identifier: Apache-2.0
"""What hosts and containers use, asked of the agents when somebody reads figures. Otherwise nobody measures."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping

from orca import wire
from orca.api.metrics.inventory import Inventory
from orca.engine import AgentGone, CommandFailed, Core
from orca.wire import names

SECONDS = 5.0
"""An agent that takes longer is left out. Prometheus waits ten seconds by default."""
FRESH_SECONDS = 1.0
"""Readers who come within this time get the same figures."""

_log = logging.getLogger(__name__)


class Measurements:
    """Asks each agent at most once at a time, however many readers there are."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._asked: dict[int, asyncio.Task[wire.Measured | None]] = {}
        """By host id: the question that runs, or whose answer is fresh."""

    async def take(self, inventory: Inventory) -> dict[int, wire.Measured]:
        """The figures of hosts by id; hosts whose agents are away, slow or too old for the question are left out."""
        wanted: defaultdict[int, list[str]] = defaultdict(list)
        for container in inventory.containers.values():
            if container.external_id is not None and container.state == "running":
                wanted[container.host_id].append(container.external_id)
        agents = {id: host.agent_id for id, host in inventory.hosts.items()}
        asked = {id: self._ask(id, agent, wanted[id]) for id, agent in agents.items() if agent is not None}
        # One reader who leaves must not end the question for the others.
        answers = await asyncio.gather(*(asyncio.shield(task) for task in asked.values()))
        return {id: answer for id, answer in zip(asked, answers, strict=True) if answer is not None}

    def _ask(self, host_id: int, agent_id: int, containers: list[str]) -> asyncio.Task[wire.Measured | None]:
        task = self._asked.get(host_id)
        if task is None:
            task = self._asked[host_id] = asyncio.create_task(self._measure(agent_id, containers), name="measure")
            loop = asyncio.get_running_loop()
            task.add_done_callback(lambda _: loop.call_later(FRESH_SECONDS, self._asked.pop, host_id, None))
        return task

    async def _measure(self, agent_id: int, containers: list[str]) -> wire.Measured | None:
        connection = self._core.agents.get(agent_id)
        if connection is None:
            return None
        try:
            async with asyncio.timeout(SECONDS):
                answer = await connection.request(names.MEASURE, wire.to_data(wire.Measure(containers)))
            measured = wire.read_answer(names.MEASURE, answer, wire.Measured)
        except (AgentGone, CommandFailed, TimeoutError, wire.WireError) as error:
            _log.info("no figures of the host of agent %d: %s", agent_id, str(error) or f"no answer in {SECONDS:.0f} s")
            return None
        return wire.Measured(
            measured.host, {id: measured.containers[id] for id in containers if id in measured.containers}
        )


def of_containers(
    inventory: Inventory, measured: Mapping[int, wire.Measured]
) -> list[tuple[tuple[str, ...], wire.Usage]]:
    """The labels of each measured container, and what it uses."""
    return [
        (container.labels, usage)
        for container in inventory.containers.values()
        if (answer := measured.get(container.host_id)) is not None
        and (usage := answer.containers.get(container.external_id or "")) is not None
    ]
