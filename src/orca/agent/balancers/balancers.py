# SPDX-License-Identifier: Apache-2.0
"""The one face of the balancers for the rest of the agent."""

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

from orca.agent.config import Config
from orca.agent.containers import Containers
from orca.agent.errors import CommandFailed
from orca.agent.haproxy import HaproxyGone, ask
from orca.hoststate.apply.balancer_directory import Directory
from orca.hoststate.apply.balancers import KIND
from orca.hoststate.apply.host import Host
from orca.hoststate.apply.kind import Description
from orca.hoststate.apply.result import Result
from orca.hoststate.haproxy_api import ALIVE
from orca.hoststate.plan import balancer
from orca.hoststate.plan.items import BALANCER
from orca.wire import BalancerFigures, Drain, Drained, Event, Instance, LookAtBalancer

from . import lines, order
from .connections import Connections, drain
from .follower import Follower
from .loader import Loader
from .reports import Reports

START_SECONDS = 10.0
RETRY_SECONDS = 0.05
ANSWER_SECONDS = 3.0


class Balancers:
    """All balancers of the host."""

    def __init__(self, config: Config, root: Path, containers: Containers, send: Callable[[Event], None]) -> None:
        """Args: the items in effect, the platform's directory, the engine's containers, and where reports go."""
        self._config, self._root = config, root
        self._reports = Reports(send)
        self._follower = Follower(config, root, self._reports.put_target)
        self._loader = Loader(config, root, containers, self._reports.put_refusal, self._follower.renew)
        self._connections = Connections(config, root)

    def everything(self) -> None:
        """Report everything now, after a hello; a host without balancers has nothing to say."""
        if self._config.family(BALANCER):
            self._reports.everything(self._follower.down, self._loader.refusals)

    async def run(self) -> None:
        """Follow the balancers until cancelled."""
        async with asyncio.TaskGroup() as group:
            for part in (self._reports, self._follower, self._loader, self._connections):
                group.create_task(part.run())

    # -- the container -------------------------------------------------------------------------------------------

    async def prepare(self, ordered: Instance) -> Instance:
        """Return the order for a balancer's container as the engine shall have it; the directory is there.

        Raises:
            CommandFailed: the host has no network for balancers.
        """
        network = self._config.network
        image = network and network["images"].get("haproxy")
        if not image:
            raise CommandFailed("This host's network names no image for balancers")
        await self._config.with_host(KIND, partial(_make, uuid=ordered.uuid))
        return order.container(ordered, image, self._directory(ordered.uuid).path)

    async def started(self, uuid: str) -> None:
        """Have a HAProxy that just started do what its items say.

        Raises:
            CommandFailed: it does not answer.
        """
        socket = Path(self._directory(uuid).commands)
        try:
            async with asyncio.timeout(START_SECONDS):
                while True:
                    with contextlib.suppress(HaproxyGone):
                        await ask(socket, ALIVE, seconds=ANSWER_SECONDS)
                        break
                    await asyncio.sleep(RETRY_SECONDS)
        except TimeoutError as error:
            raise CommandFailed(f"The balancer does not answer {START_SECONDS:.0f} s after its start") from error
        await self._config.reapply([KIND])
        await self._loader.load(uuid)

    # -- commands ------------------------------------------------------------------------------------------------

    async def drain(self, wanted: Drain) -> Drained:
        """Wait until a target has no connection, and close what is left after the time that the order gives.

        Raises:
            CommandFailed: there can be no such balancer.
        """
        directory = self._directory(wanted.instance)
        return Drained(left=await drain(directory, wanted.target, wanted.timeout / 1000))

    async def figures(self, wanted: LookAtBalancer) -> BalancerFigures:
        """What each target of a balancer does.

        Raises:
            CommandFailed: the balancer does not run here.
        """
        socket = Path(self._directory(wanted.instance).commands)
        try:
            answer = await ask(socket, lines.STATISTICS, seconds=ANSWER_SECONDS)
        except HaproxyGone as error:
            raise CommandFailed(str(error)) from error
        found = BalancerFigures()
        for server, row in lines.rows(answer):
            target = balancer.target_of(server)
            assert target is not None, "`rows` has only ours"
            found.backends.setdefault(server.backend, {})[target] = lines.figures(row)
        return found

    def _directory(self, uuid: str) -> Directory:
        try:
            return Directory(str(self._root), uuid)
        except ValueError as error:
            raise CommandFailed(str(error)) from error


def _make(host: Host, _description: Description, *, uuid: str) -> None:
    Directory(host.root, uuid).make(Result(), False)
