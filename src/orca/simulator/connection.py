# SPDX-License-Identifier: Apache-2.0
"""The server's end of a simulated agent: the ``AgentConnection`` that answers by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from orca import wire
from orca.engine import AgentGone, CommandFailed, Progress
from orca.resources import ids
from orca.simulator import triggers
from orca.simulator.disk import Disk
from orca.simulator.knobs import Knobs
from orca.wire import names

if TYPE_CHECKING:
    from orca.simulator.fleet import Fleet

_encode = msgspec.json.Encoder().encode


class SimConnection:
    """One simulated agent, connected until it is told otherwise."""

    def __init__(self, fleet: Fleet, agent_id: int, uri: str, knobs: Knobs, disk: Disk) -> None:
        self.agent_id = agent_id
        self.address = uri
        self.closed = False
        self.news: list[tuple[int, wire.Container]] = []
        """What happened by itself, by host id; told at the next ping."""
        self._fleet = fleet
        self._disk = disk
        self._delay = knobs.delay / 1000
        self._gone: asyncio.Event | None = None

    async def request(
        self,
        name: str,
        data: Mapping[str, Any],
        *,
        resource_type: str | None = None,
        resource_id: str | None = None,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """Answer a command after the delay; see ``orca.engine.AgentConnection``."""
        if self.closed:
            raise AgentGone
        host_id, text = await self._fleet.describe(resource_type, ids.parse(resource_id or ""))
        text += _encode(data).decode()
        await self._pause()
        if triggers.fails(name, text):
            raise CommandFailed(f"Failing [{name}]")
        answer = ANSWERS.get(name)
        result = {} if answer is None else wire.to_data(answer(self, data))
        if name == names.ACTIVATE:
            self._obey(data["instance"]["uuid"], host_id, text)
        return result

    def post(self, name: str, data: Mapping[str, Any]) -> None:
        """Nothing that has no reply concerns a simulated agent; a cancelled command ends by itself."""

    async def close(self, reason: str) -> None:
        """End the connection: its machine is gone for good."""
        self.hang_up()
        self._disk.wipe(self.agent_id)
        await self._fleet.lost(self)

    def hang_up(self) -> None:
        """Whoever waits for an answer learns that there will be none."""
        self.closed = True
        if self._gone is not None:
            self._gone.set()

    async def _pause(self) -> None:
        if self._delay:
            self._gone = self._gone or asyncio.Event()
            try:
                async with asyncio.timeout(self._delay):
                    await self._gone.wait()
            except TimeoutError:
                return
            raise AgentGone

    # -- commands ----------------------------------------------------------------------------------------------------

    def _activate(self, data: Mapping[str, Any]) -> wire.Activated:
        container = self._disk.ensure(self.agent_id, msgspec.convert(data["instance"], wire.Instance))
        return wire.Activated(
            external_id=container.external_id, state="running", started=container.started, address=container.address
        )

    def _deactivate(self, data: Mapping[str, Any]) -> wire.Deactivated:
        self._disk.stop(data["uuid"])
        return wire.Deactivated(state="stopped")

    def _remove(self, data: Mapping[str, Any]) -> None:
        self._disk.remove(data["uuid"])

    def _inspect(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {"inspect": {}, "instanceInspect": None}

    def _pull(self, data: Mapping[str, Any]) -> wire.Pulled:
        return wire.Pulled(pulled=not data["cached"] or self._disk.has_image(self.agent_id, data["image"]))

    def _configure(self, data: Mapping[str, Any]) -> wire.ConfigApplied:
        return wire.ConfigApplied(applied={item["name"]: item["version"] for item in data["items"]})

    # -- what happens by itself --------------------------------------------------------------------------------------

    def _obey(self, uuid: str, host_id: int, text: str) -> None:
        """Do what a container that was just started asks for."""
        wanted = triggers.read(text)
        if wanted.another is not None:
            self._tell(host_id, self._disk.run_by_hand(self.agent_id, wanted.another).report())
        if wanted.forget:
            self._vanish(uuid, host_id)
        elif wanted.shutdown_after is not None:
            asyncio.get_running_loop().call_later(wanted.shutdown_after, self._die, uuid, host_id)
        if wanted.disconnect and self._fleet.first_time(uuid):
            self._fleet.cut(self)
            raise AgentGone

    def _vanish(self, uuid: str, host_id: int) -> None:
        container = self._disk.get(uuid)
        if container is not None:
            self._disk.remove(uuid)
            report = container.report()
            report.state = "removed"
            self._tell(host_id, report)

    def _die(self, uuid: str, host_id: int) -> None:
        container = self._disk.end(uuid)
        if container is not None:
            self._tell(host_id, container.report())

    def _tell(self, host_id: int, report: wire.Container) -> None:
        self.news.append((host_id, report))
        self._fleet.talkative.add(self)


ANSWERS: Mapping[str, Callable[[SimConnection, Mapping[str, Any]], Any]] = {
    names.ACTIVATE: SimConnection._activate,
    names.DEACTIVATE: SimConnection._deactivate,
    names.REMOVE: SimConnection._remove,
    names.INSPECT: SimConnection._inspect,
    names.PULL: SimConnection._pull,
    names.CONFIG_UPDATE: SimConnection._configure,
}
"""What has an answer; anything else is an empty success."""
