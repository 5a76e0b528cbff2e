# SPDX-License-Identifier: Apache-2.0
"""The server's end of a simulated agent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from orca import wire
from orca.engine import AgentGone, Progress
from orca.hoststate.plan.items import CHECK
from orca.resources import ids
from orca.simulator import faults
from orca.simulator.host import Agent, Driver, Host, Said
from orca.simulator.knobs import Knobs
from orca.simulator.pipe import Pipe
from orca.wire import names

_encode = msgspec.json.Encoder().encode


class Home(Protocol):
    """What a connection needs of the fleet that it belongs to.

    ``places``: the host ids of containers with faults, by uuid or external id. Other containers have no news.
    """

    places: dict[str, int]

    async def describe(self, resource_type: str | None, resource_id: int | None) -> tuple[int, str]:
        """The host of a command's container, and the container as JSON."""

    def first_time(self, uuid: str) -> bool:
        """True if the container has not silenced its agent before: it does so only once."""

    def talks(self, connection: SimConnection) -> None:
        """An agent has news for the next ping."""

    def cut(self, connection: SimConnection) -> None:
        """An agent fell silent."""

    def judges(self, connection: SimConnection) -> None:
        """An agent has something to say about health."""

    async def removed(self, connection: SimConnection) -> None:
        """An agent's hosts are gone for good."""


class SimConnection(Pipe):
    """One simulated agent, connected until it is closed."""

    def __init__(self, home: Home, agent_id: int, host: Host, knobs: Knobs) -> None:
        super().__init__(agent_id, Driver(Agent(host, delay=knobs.delay)))
        self._news: dict[str, tuple[int, wire.Container]] = {}
        self._edges: dict[str, wire.CheckEdge] = {}
        self._engine: dict[str, wire.EngineHealth] = {}
        self._telling = False
        self._home = home

    @property
    def checks(self) -> bool:
        """True if the agent's hosts check health."""
        return self.driver.agent.host.wellness is not None

    async def request(
        self,
        name: str,
        data: Mapping[str, Any],
        *,
        resource_type: str | None = None,
        resource_id: str | None = None,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """Send a command with the faults that its text asks for; see ``orca.engine.AgentConnection``."""
        if self.closed:
            raise AgentGone
        host_id, text = await self._home.describe(resource_type, ids.parse(resource_id or ""))
        found = faults.by_words(name, text + _encode(data).decode())
        instance = data.get("instance")
        if instance is not None and found != faults.NONE:
            self._home.places[instance["uuid"]] = host_id
            if found.another is not None:
                self._home.places[found.another] = host_id
            if found.silences and not self._home.first_time(instance["uuid"]):
                found = msgspec.structs.replace(found, silences=False)
        if "items" in data:
            data = {**data, "items": [_shortened(item) for item in data["items"]]}
        return await self.ask(wire.Event.request(name, dict(data)), progress, found)

    async def close(self, reason: str) -> None:
        """End the connection: its hosts are gone for good."""
        self.hang_up()
        await self._home.removed(self)

    def silenced(self) -> None:
        """The agent stays silent until its action ``reconnect``."""
        self._home.cut(self)

    def reported(self, said: Said) -> None:
        """Keep what happened without a command; a command's own effects are in its answer."""
        if said.event.name == names.HEALTH_CHANGE:
            self._keep_health(said.event.read(wire.HealthChange))
        elif not said.asked:
            report = said.event.read(wire.Container)
            self.tell(self._home.places[report.uuid or report.external_id], report)

    def tell(self, host_id: int, report: wire.Container) -> None:
        """Let the next ping report the container as it is now; earlier news of it is dropped."""
        self._news[report.external_id] = (host_id, report)
        self._home.talks(self)

    def _keep_health(self, change: wire.HealthChange) -> None:
        """Keep the last word about each check, and let it be told soon."""
        self._edges |= {edge.check: edge for edge in change.checks}
        self._engine |= {each.uuid: each for each in change.containers}
        if not self._telling:
            self._telling = True
            self._home.judges(self)

    def take_health(self) -> wire.HealthChange | None:
        """What the agent said about health since the last call; None: nothing, and the next word is told anew."""
        self._telling = bool(self._edges or self._engine) and not self.closed
        if not self._telling:
            return None
        change = wire.HealthChange(checks=list(self._edges.values()), containers=list(self._engine.values()))
        self._edges, self._engine = {}, {}
        return change

    def take_news(self) -> list[tuple[int, wire.Container]]:
        """What happened without a command since the last ping, by host id."""
        news, self._news = self._news, {}
        return list(news.values())


def _shortened(item: Mapping[str, Any]) -> dict[str, Any]:
    """A config item without its content, unless it is a check: nobody reads others, and a thousand hosts would hold a
    lot.
    """
    if CHECK.holds(item["name"]) or not item.get("description"):
        return dict(item)
    return {**item, "description": {}}
