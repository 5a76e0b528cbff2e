# SPDX-License-Identifier: Apache-2.0
"""The server's events: which part carries out each, in which order, and the answer.

Order: config updates are applied one after another as they arrive; an ``activate`` waits for those that arrived before
it. Commands about one instance follow each other; a ``deactivate`` or ``remove`` ends an ``activate`` that still runs
(a pull may hang). Commands of different instances run at the same time.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from weakref import WeakValueDictionary

from orca.wire import (
    Activate,
    Cancel,
    ConfigUpdate,
    Deactivate,
    Deactivated,
    Drain,
    Epoch,
    Event,
    Inspect,
    Inspected,
    LookAtBalancer,
    Measure,
    Message,
    MetadataUpdate,
    OpenStream,
    Probe,
    Probed,
    Pull,
    Pulled,
    Remove,
    RemoveVolume,
    VolumeRemoved,
    WireError,
    names,
)

from .balancers import Balancers
from .config import Config
from .containers import Containers
from .errors import AgentError, CommandFailed
from .lease import Lease
from .mesh import MeshMonitor
from .metadata import Metadata
from .pull import Progress
from .restarts import Restarts
from .specification import MANAGED
from .streams import Streams

REMEMBERED = 1024  # keys of finished commands; a server repeats only what it had in flight when it stopped

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Command:
    """A running command; ``events`` are the requests that wait for its end, several if the server repeated it."""

    task: asyncio.Task[Message | None]
    events: list[Event]
    uuid: str | None = None
    yields: bool = False


@dataclass(slots=True)
class Commands:
    """Receives the server's events and answers through ``send``."""

    config: Config
    containers: Containers
    restarts: Restarts
    send: Callable[[Event], None]
    joined_network: Callable[[], Awaitable[None]]
    streams: Streams
    metadata: Metadata
    balancers: Balancers
    mesh: MeshMonitor
    lease: Lease
    _running: dict[str, _Command] = field(default_factory=dict)
    _finished: OrderedDict[str, None] = field(default_factory=OrderedDict)
    _locks: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    _last_update: asyncio.Task[Message | None] | None = None

    def receive(self, event: Event) -> None:
        """Take one event from the server; must be called in the order of arrival."""
        self.lease.heard()
        try:
            match event.name:
                case names.PING:
                    self.send(event.reply())
                case names.CONFIG_UPDATE:
                    self._update(event, event.read(ConfigUpdate))
                case names.ACTIVATE:
                    self._activate(event, event.read(Activate))
                case names.DEACTIVATE:
                    self._deactivate(event, event.read(Deactivate))
                case names.REMOVE:
                    self._remove(event, event.read(Remove))
                case names.VOLUME_REMOVE:
                    self._remove_volume(event, event.read(RemoveVolume))
                case names.INSPECT:
                    self._inspect(event, event.read(Inspect))
                case names.PULL:
                    self._pull(event, event.read(Pull))
                case names.DRAIN:
                    self._drain(event, event.read(Drain))
                case names.BALANCER_STATS:
                    self._look_at_balancer(event, event.read(LookAtBalancer))
                case names.OPEN_STREAM:
                    self._open_stream(event, event.read(OpenStream))
                case names.MEASURE:
                    self._measure(event, event.read(Measure))
                case names.METADATA_UPDATE:
                    self._update_metadata(event, event.read(MetadataUpdate))
                case names.PROBE:
                    self._probe(event, event.read(Probe))
                case names.EPOCH:
                    self._epoch(event, event.read(Epoch))
                case names.CANCEL:
                    self._cancel(event.read(Cancel))
                case _:
                    raise WireError(f"this agent does not know the event {event.name!r}")
        except WireError as error:
            _log.warning("%s", error)
            if event.reply_to:
                self.send(event.reply_error(str(error)))

    async def close(self) -> None:
        """Cancel what runs and wait until it has cleaned up after itself."""
        tasks = [command.task for command in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- the commands --------------------------------------------------------------------------------------------

    def _update(self, event: Event, update: ConfigUpdate) -> None:
        previous = self._last_update

        async def work() -> Message:
            await _ended(previous)
            return await self.config.update(update)

        self._last_update = self._run(event, f"config/{event.id}", work)

    def _activate(self, event: Event, request: Activate) -> None:
        instance, earlier = request.instance, self._last_update
        again = request.key in self._finished

        async def work() -> Message:
            await _ended(earlier)
            async with self._lock(instance.uuid):
                expect = partial(
                    self.restarts.expect_running,
                    instance.uuid,
                    instance.restart_policy,
                    fenced=instance.fenced,
                )
                progress = self._progress(request.key)
                try:
                    wanted = await self.balancers.prepare(instance) if instance.balancer else instance
                    reply = await self.containers.activate(wanted, progress, expect, again=again)
                except CommandFailed:
                    await self.restarts.expect_stopped(instance.uuid)  # as the server shows it from now on
                    raise
                if instance.network_mode == MANAGED:
                    await self.joined_network()
                if instance.balancer and reply.state == "running":
                    await self.balancers.started(instance.uuid)
                return reply

        self._run(event, request.key, work, uuid=instance.uuid, yields=True)

    def _deactivate(self, event: Event, request: Deactivate) -> None:
        async def work() -> Message:
            async with self._lock(request.uuid):
                await self.restarts.expect_stopped(request.uuid)
                return Deactivated(
                    state=await self.containers.deactivate(request.uuid, request.timeout, request.external_id)
                )

        self._overtake(request.uuid)
        self._run(event, request.key, work, uuid=request.uuid)

    def _remove(self, event: Event, request: Remove) -> None:
        async def work() -> None:
            async with self._lock(request.uuid):
                await self.restarts.expect_stopped(request.uuid)
                await self.containers.remove(request.uuid, request.external_id)
                await self.restarts.forget(request.uuid)

        self._overtake(request.uuid)
        self._run(event, request.key, work, uuid=request.uuid)

    def _remove_volume(self, event: Event, request: RemoveVolume) -> None:
        async def work() -> Message:
            return VolumeRemoved(kept=not await self.containers.remove_volume(request.name))

        self._run(event, request.key, work)

    def _inspect(self, event: Event, request: Inspect) -> None:
        async def work() -> Message:
            return Inspected(inspect=await self.containers.inspect(request.uuid))

        self._run(event, f"inspect/{event.id}", work)

    def _pull(self, event: Event, request: Pull) -> None:
        async def work() -> Message:
            progress = self._progress(request.key)
            pulled = await self.containers.pull_image(
                request.image, request.registry_auth, progress, cached=request.cached
            )
            return Pulled(pulled=pulled)

        self._run(event, request.key, work)

    def _drain(self, event: Event, order: Drain) -> None:
        async def work() -> Message:
            return await self.balancers.drain(order)

        self._run(event, f"drain/{order.instance}/{order.target}", work)

    def _look_at_balancer(self, event: Event, question: LookAtBalancer) -> None:
        async def work() -> Message:
            return await self.balancers.figures(question)

        self._run(event, f"balancer/{event.id}", work)

    def _open_stream(self, event: Event, request: OpenStream) -> None:
        async def work() -> None:
            await self.streams.open(request)

        self._run(event, f"stream/{event.id}", work)

    def _measure(self, event: Event, request: Measure) -> None:
        async def work() -> Message:
            return await self.streams.measure(request)

        self._run(event, f"measure/{event.id}", work)

    def _update_metadata(self, event: Event, request: MetadataUpdate) -> None:
        async def work() -> None:
            await self.metadata.update(request)

        self._run(event, f"metadata/{event.id}", work)

    def _probe(self, event: Event, request: Probe) -> None:
        async def work() -> Message:
            return Probed(answered=await self.mesh.answers(request.peer))

        self._run(event, f"probe/{request.peer}", work)

    def _epoch(self, event: Event, epoch: Epoch) -> None:
        async def work() -> None:
            for uuid in epoch.moved:
                await self.restarts.expect_stopped(uuid)
            self.lease.told()

        if epoch.moved:
            _log.warning("epoch %d of this host: %d containers run elsewhere by now", epoch.epoch, len(epoch.moved))
        self._run(event, f"epoch/{event.id}", work)

    def _cancel(self, request: Cancel) -> None:
        wanted = set(request.previous_ids)
        for command in self._running.values():
            if any(event.id in wanted for event in command.events):
                command.task.cancel()

    # -- running them --------------------------------------------------------------------------------------------

    def _run(
        self,
        event: Event,
        key: str,
        work: Callable[[], Awaitable[Message | None]],
        *,
        uuid: str | None = None,
        yields: bool = False,
    ) -> asyncio.Task[Message | None]:
        """Start ``work`` and answer ``event`` at its end, or join the command that runs under ``key`` already."""
        running = self._running.get(key)
        if running is not None:
            running.events.append(event)
            return running.task
        task = asyncio.create_task(_awaited(work()), name=f"{event.name} {key}")
        self._running[key] = _Command(task, [event], uuid, yields)
        # Not an ``except`` around the work: a task that is cancelled before its first step never reaches it.
        task.add_done_callback(lambda done: self._answer(key, done))
        return task

    def _progress(self, key: str) -> Progress:
        """Return a function that reports progress to all requests that wait for the command ``key``."""

        def tell(message: str, percent: int | None) -> None:
            for waiting in self._running[key].events:
                self.send(waiting.reply_progress(message, percent))

        return tell

    def _answer(self, key: str, task: asyncio.Task[Message | None]) -> None:
        """Send the one final reply of the command ``key``."""
        events = self._running.pop(key).events
        error = None if task.cancelled() else task.exception()
        if task.cancelled():
            replies = [event.reply_error(names.CANCELLED) for event in events]
        elif error is None:
            self._remember(key)
            replies = [event.reply(task.result()) for event in events]
        elif isinstance(error, AgentError):
            _log.warning("%s: %s", events[0].name, error)
            replies = [event.reply_error(str(error)) for event in events]
        else:
            _log.error("%s failed unexpectedly", events[0].name, exc_info=error)
            replies = [event.reply_error(f"The agent failed: {error!r}") for event in events]
        for reply in replies:
            self.send(reply)

    def _remember(self, key: str) -> None:
        self._finished[key] = None
        if len(self._finished) > REMEMBERED:
            self._finished.popitem(last=False)

    def _overtake(self, uuid: str) -> None:
        for command in self._running.values():
            if command.uuid == uuid and command.yields:
                command.task.cancel()

    def _lock(self, uuid: str) -> asyncio.Lock:
        """Return the lock of one instance; it exists while a command holds or awaits it."""
        lock = self._locks.get(uuid)
        if lock is None:
            lock = self._locks[uuid] = asyncio.Lock()
        return lock


async def _awaited(work: Awaitable[Message | None]) -> Message | None:
    return await work


async def _ended(update: asyncio.Task[Message | None] | None) -> None:
    """Wait for the end of a config update, also of one that failed."""
    if update is not None:
        await asyncio.wait([update])
