# SPDX-License-Identifier: Apache-2.0
"""Follow the Docker engine: its containers' events, its ends and its starts.

After every gap (the agent's start, Docker's restart) the list of containers is compared with what was last reported,
so that no change is missed.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from orca.hoststate.engine_api import calls
from orca.wire import Container, ContainerStatus, Event, names

from .checks import EngineChecks
from .containers import Containers
from .engine import Engine
from .errors import AgentError
from .restarts import Restarts
from .specification import report

STALE_SECONDS = 3.0  # a restart under a service manager, which holds the socket, never refuses for so long
RETRY_SECONDS = 0.2  # a connect to a unix socket costs almost nothing, and Docker's start must be noticed at once

_STATUSES: dict[str, ContainerStatus] = {"create": "create", "start": "start", "die": "die", "destroy": "destroy"}
_HEALTH = "health_status"  # the action goes on with ": " and the state
_FILTERS = {"type": ["container"], "event": [*_STATUSES, _HEALTH]}

_log = logging.getLogger(__name__)


class ContainerWatch:
    """Reports every change of a container, and knows what was reported last."""

    def __init__(
        self,
        containers: Containers,
        restarts: Restarts,
        send: Callable[[Event], None],
        docker_started: Callable[[], Awaitable[None]],
        system_ended: Callable[[], None],
        engine: Engine,
        health: EngineChecks,
    ) -> None:
        """Prepare.

        Args:
            containers: the engine's containers.
            restarts: gets the documents of managed containers.
            send: where reports go.
            docker_started: called when Docker came back.
            system_ended: called when a container of the platform itself ended: Docker starts it again unless somebody
                stopped, killed or removed it through Docker.
            engine: the engine.
            health: gets Docker's documents, which have the results of its own checks.
        """
        self._containers = containers
        self._restarts = restarts
        self._send = send
        self._docker_started = docker_started
        self._system_ended = system_ended
        self._engine = engine
        self._health = health
        self._known: dict[str, Container] = {}
        #: Per list under way: the reports of events since it began (None: the container is gone).
        self._newer: dict[object, dict[str, Container | None]] = {}

    async def everything(self) -> list[Container]:
        """Return all containers for a hello; from then on they count as reported."""
        listing = object()
        self._newer[listing] = {}
        said, found = self._restarts.said(), []
        try:
            async for document in self._containers.everything():
                self._health.look(document)
                found.append(report(document, restarting=await self._restarts.review(document, at_once=True)))
        finally:
            newer = self._newer.pop(listing)
        await self._restarts.only({container.uuid for container in found}, said)
        known = {container.external_id: container for container in found} | newer
        self._known = {external_id: container for external_id, container in known.items() if container is not None}
        return found

    async def run(self) -> None:
        """Follow the engine until cancelled.

        Raises:
            EngineGone: the socket is dead. Without a service manager a new dockerd makes a new socket, which a bind
            mount does not show; Docker restarts the agent with the new one.
        """
        gone, refused_since = False, None
        while True:
            try:
                async with self._engine.documents(calls.events(_FILTERS)) as events:
                    # The stream is open before the list is read, so that no event is lost in between.
                    if gone:
                        _log.info("Docker is back")
                        await self._docker_started()
                    gone, refused_since = False, None
                    await self._compare()
                    async for event in events:
                        await self._take(event)
                _log.warning("Docker ended its events; waiting for it")
            except AgentError as error:
                if not gone:
                    _log.warning("%s; waiting for Docker", error)
                if isinstance(error.__cause__, ConnectionRefusedError):
                    refused_since = refused_since or time.monotonic()
                    if time.monotonic() - refused_since > STALE_SECONDS:
                        raise
            gone = True
            await asyncio.sleep(RETRY_SECONDS)

    async def _compare(self) -> None:
        """Report what differs from what was reported last."""
        before = self._known
        for container in await self.everything():
            if before.get(container.external_id) != container:
                self._send(Event.report(names.CONTAINER_CHANGE, container))
        for external_id in before.keys() - self._known.keys():
            self._report_removed(before[external_id])

    async def _take(self, event: dict[str, Any]) -> None:
        """Report one event of the engine."""
        action, external_id = event.get("Action", ""), event.get("Actor", {}).get("ID", "")
        if action.startswith(_HEALTH):
            if (document := await self._containers.look(external_id)) is not None:
                self._health.look(document)
        elif external_id and (status := _STATUSES.get(action)) is not None:
            await self._show(external_id, status)

    async def look(self, external_id: str) -> None:
        """Report a container that counted as running and has ended."""
        await self._show(external_id, "die")

    async def _show(self, external_id: str, status: ContainerStatus) -> None:
        document = None if status == "destroy" else await self._containers.look(external_id)
        if document is not None:
            self._health.look(document)
            restarting = await self._restarts.review(document, at_once=False)
            container = report(document, status, restarting=restarting)
            if container.system and status == "die":
                self._system_ended()
            self._note(external_id, msgspec.structs.replace(container, status=None))
            self._send(Event.report(names.CONTAINER_CHANGE, container))
        elif external_id in self._known:  # destroyed, perhaps before this older event was handled
            last = self._known[external_id]
            self._report_removed(last)
            self._note(external_id, None)
            if last.uuid is not None:
                self._health.forget(last.uuid)
                await self._restarts.forget(last.uuid)

    def _note(self, external_id: str, container: Container | None) -> None:
        """Remember an event's report, also for lists that are under way."""
        for newer in self._newer.values():
            newer[external_id] = container
        if container is None:
            self._known.pop(external_id, None)
        else:
            self._known[external_id] = container

    def _report_removed(self, last: Container) -> None:
        if last.system:
            self._system_ended()
        container = msgspec.structs.replace(last, state="removed", status="destroy", address=None)
        self._send(Event.report(names.CONTAINER_CHANGE, container))
