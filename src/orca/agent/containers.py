# SPDX-License-Identifier: Apache-2.0
"""Managed containers on this host: ensure one runs, stop it, remove it.

The agent finds a container by its label ``io.orca.instance.uuid``, never by a name or id that it keeps. So a repeated
command finds what the first one made, also after the agent's restart.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from orca.hoststate.engine_api import calls, split
from orca.wire import Activated, Instance, RegistryAuth, names, now_ms

from . import specification, volumes
from .engine import TIMEOUT, Engine, EngineRefused
from .errors import AgentError, CommandFailed
from .listeners import listeners
from .pull import Progress, pull
from .resolver import Resolver

T = TypeVar("T")

START_INTERVAL_SINCE = (1, 44)  # version of the engine's API; older ones ignore it
AT_ONCE = 8  # containers made and started at the same time; more would not make the engine faster

_log = logging.getLogger(__name__)


class Containers:
    """The containers of one Docker engine."""

    def __init__(self, resolver: Resolver, engine: Engine) -> None:
        """Args: the writer of ``resolv.conf`` files, and the engine."""
        self._resolver = resolver
        self._engine = engine
        self._slots = asyncio.Semaphore(AT_ONCE)

    # -- commands ------------------------------------------------------------------------------------------------

    async def activate(
        self, instance: Instance, progress: Progress, ready: Callable[[], Awaitable[None]], *, again: bool = False
    ) -> Activated:
        """Make the container of ``instance`` exist and run.

        A container that this call made is removed again when it cannot be started, or when the call is cancelled.

        Args:
            instance: what is wanted.
            progress: gets the progress of the image pull.
            ready: called when the container exists, before it is started.
            again: this command succeeded before; a container that has ended since is not started again.

        Raises:
            CommandFailed: with the reason.
        """
        found = await self._find(instance.uuid)
        if found is not None:
            state = str(found["State"])
            if again and state not in ("running", "created"):
                return await self._activated(instance.uuid)
        if found is not None and specification.is_left_behind(instance, found):
            await _whole(self._remove(found["Id"]))
            found = None
        unfinished = found is None or found["State"] == "created"
        if found is None and not await self._has_image(instance.image):
            await pull(self._engine, instance.image, instance.registry_auth, progress)
        if found is None or found["State"] != "running":
            await self._check_ports(instance)
        try:
            if found is None:
                if instance.network_mode == specification.MANAGED:
                    await _whole(
                        asyncio.to_thread(self._resolver.write, instance.uuid, instance.dns_search, instance.dns)
                    )
                await _whole(self._create(instance))
            await ready()
            await _whole(self._start(instance.uuid))
            return await self._activated(instance.uuid)
        except BaseException:
            if unfinished:
                await asyncio.shield(self.remove(instance.uuid))
            raise

    async def deactivate(self, uuid: str, grace: int, external_id: str | None = None) -> str:
        """Stop the container, killing it after ``grace`` seconds; return its state, ``removed`` if there is none.

        ``external_id`` names one that the platform did not make.

        Raises:
            CommandFailed: that one is a part of the platform itself.
        """
        found = await self._find(uuid) if external_id is None else await self._native(external_id)
        if found is None:
            return "removed"
        await self.stop(found["Id"], grace)
        return "stopped"

    async def start(self, external_id: str) -> None:
        """Start a container; one that runs is left alone.

        Raises:
            CommandFailed: with the reason.
        """
        await _whole(self._engine.request(calls.start(external_id)))

    async def stop(self, external_id: str, grace: int) -> None:
        """Stop a container, killing it after ``grace`` seconds; a missing one is no error."""
        await _whole(_missing_is_fine(self._engine.request(calls.stop(external_id, grace), seconds=grace + TIMEOUT)))

    async def restart_never(self, external_id: str) -> None:
        """Take the engine's restart policy off a container.

        Raises:
            CommandFailed: with the reason.
        """
        await self._engine.request(calls.update_container(external_id, {"RestartPolicy": {"Name": "no"}}))

    async def remove(self, uuid: str, external_id: str | None = None) -> None:
        """Kill and remove the container with its anonymous volumes; a missing one is no error.

        ``external_id`` names one that the platform did not make.

        Raises:
            CommandFailed: that one is a part of the platform itself.
        """
        found = await self._find(uuid) if external_id is None else await self._native(external_id)
        if found is not None:
            await _whole(self._remove(found["Id"]))
        await _whole(asyncio.to_thread(self._resolver.remove, uuid))

    async def remove_volume(self, name: str) -> bool:
        """Remove a named volume that the platform made; return False if another one stays. Raises ``CommandFailed``."""
        return await _whole(volumes.remove(self._engine, name))

    async def inspect(self, uuid: str) -> dict[str, Any]:
        """Return Docker's document about the container.

        Raises:
            CommandFailed: there is none.
        """
        found = await self._find(uuid)
        if found is None:
            raise CommandFailed(f"There is no container of instance {uuid} on this host")
        document: dict[str, Any] = await self._engine.request(calls.container(found["Id"]))
        return document

    async def pull_image(self, image: str, auth: RegistryAuth | None, progress: Progress, *, cached: bool) -> bool:
        """Pull the image as its registry has it now; ``cached``: only if the host has one of that name.

        Returns whether it was pulled.

        Raises:
            CommandFailed: with the reason.
        """
        if cached and not await self._has_image(image):
            return False
        await pull(self._engine, image, auth, progress)
        return True

    # -- commands in containers ----------------------------------------------------------------------------------

    async def prepare_command(self, container: str, command: list[str], *, tty: bool, stdin: bool) -> str:
        """Describe a command to the engine; return the id under which it can be started, once.

        Raises:
            CommandFailed: there is no such container, or it does not run.
        """
        environment = ["TERM=xterm-256color"] if tty else []
        call = calls.create_exec(container, command, tty=tty, stdin=stdin, environment=environment)
        return str((await self._engine.request(call))["Id"])

    async def execute(self, uuid: str, command: list[str]) -> tuple[int, str] | None:
        """Run a command in the container of an instance; return its exit code and what it wrote. None: it does not run.

        Raises:
            EngineGone, EngineRefused: the engine does not answer, or cannot run it.
        """
        found = await self._find(uuid)
        if found is None or found["State"] != "running":
            return None
        id = await self.prepare_command(found["Id"], command, tty=False, stdin=False)
        async with self._engine.stream(calls.start_exec(id)) as (reader, _):
            stdout, stderr = split(await reader.read())
        return await self.exit_code(id), stdout + stderr

    async def resize(self, command: str, width: int, height: int) -> None:
        """Tell a running command the size of its terminal, in characters.

        Raises:
            CommandFailed: it does not run.
        """
        await self._engine.request(calls.resize_exec(command, width, height))

    async def exit_code(self, command: str) -> int:
        """Return how a command ended: 0 to 255.

        Raises:
            CommandFailed: the engine has removed it with its container.
        """
        document = await self._engine.request(calls.inspect_exec(command))
        return int(document["ExitCode"] or 0)

    # -- observation ---------------------------------------------------------------------------------------------

    async def everything(self) -> AsyncIterator[dict[str, Any]]:
        """Yield Docker's documents about all containers of the host, also stopped ones; only one is in memory at
        a time.
        """
        for id in [row["Id"] for row in await self._engine.request(calls.containers({}))]:
            document = await self.look(id)
            if document is not None:
                yield document

    async def look(self, external_id: str) -> dict[str, Any] | None:
        """Return Docker's document about one container, None when it is gone."""
        document: dict[str, Any] | None = await self._engine.find(calls.container(external_id))
        return document

    async def info(self) -> dict[str, Any]:
        """Return the engine's ``/info``."""
        document: dict[str, Any] = await self._engine.request(calls.info())
        return document

    # -- steps ---------------------------------------------------------------------------------------------------

    async def _find(self, uuid: str) -> dict[str, Any] | None:
        rows = await self._engine.request(calls.containers({"label": [f"{names.LABEL_INSTANCE_UUID}={uuid}"]}))
        return rows[0] if rows else None

    async def _native(self, external_id: str) -> dict[str, Any] | None:
        document = await self.look(external_id)
        if document is not None and specification.part_of_platform(document):
            raise CommandFailed(f"{document['Name'].lstrip('/')} is a part of the platform on this host")
        return document

    async def _activated(self, uuid: str) -> Activated:
        document = await self.inspect(uuid)
        state = document["State"]
        return Activated(
            external_id=document["Id"],
            state="running" if state["Running"] else "stopped",
            address=specification.address_of(document),
            started=specification.milliseconds(state["StartedAt"]) or now_ms(),
            checked=specification.is_checked(document),
        )

    async def _has_image(self, image: str) -> bool:
        return await self._engine.find(calls.image(image)) is not None

    async def _check_ports(self, instance: Instance) -> None:
        for port in instance.ports:
            await self.check_port(port.public_port, port.protocol, port.bind_address)

    async def check_port(self, port: int, protocol: str, bind_address: str = "") -> None:
        """Check that nothing on the host uses a port that is to be published.

        Raises:
            CommandFailed: it is taken; the message names the holder as far as the agent can see it.
        """
        holders = calls.containers({"publish": [f"{port}/{protocol}"]}, everything=False)
        for row in await self._engine.request(holders):
            if any(p.get("PublicPort") == port and p["Type"] == protocol for p in row["Ports"]):
                name = row["Names"][0].lstrip("/")
                raise CommandFailed(f"Port {port}/{protocol} is taken on this host by the container {name}")
        for listener in listeners():
            if listener.blocks(port, protocol, bind_address):
                raise CommandFailed(
                    f"Port {port}/{protocol} is taken on this host: a process of user id {listener.uid} listens on "
                    f"{listener.address} port {port}"
                )

    async def _create(self, instance: Instance) -> None:
        config, name = specification.container(instance, await self._resolv_conf(instance))
        check = instance.engine_check
        if check is not None and check.start_interval and not await self._engine.speaks(START_INTERVAL_SINCE):
            _log.warning("container %s: this engine is older than Docker 25 and has no start_interval", name)
        for volume in instance.named_volumes:
            await volumes.ensure(self._engine, volume)
        async with self._slots:
            await self._engine.request(calls.create_container(name, config))

    async def _resolv_conf(self, instance: Instance) -> Path | None:
        """Return the file that becomes the container's ``/etc/resolv.conf``; None if Docker chooses it."""
        if instance.network_mode == specification.MANAGED:
            return self._resolver.path(instance.uuid)
        if not instance.volumes_from:
            return None
        # With their volumes it would take the file of another container, whose network it is not in.
        owner = instance.network_mode.partition(":")[2]
        document = await self.look(owner) if owner else None
        return Path(document["ResolvConfPath"] if document is not None else "/etc/resolv.conf")

    async def _start(self, uuid: str) -> None:
        found = await self._find(uuid)
        if found is None:
            raise CommandFailed("The container was removed while it was being started")
        async with self._slots:
            await self._engine.request(calls.start(found["Id"]))

    async def _remove(self, external_id: str) -> None:
        try:
            await _missing_is_fine(self._engine.request(calls.remove_container(external_id)))
        except EngineRefused as error:
            if error.status != 409:  # "removal is already in progress": another client removes it
                raise
            await _missing_is_fine(self._engine.request(calls.wait_removed(external_id)))


async def _missing_is_fine(request: Awaitable[Any]) -> None:
    try:
        await request
    except EngineRefused as error:
        if error.status != 404:
            raise


async def _whole(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` to its end, even if the caller is cancelled.

    Its calls of the engine must be over before anybody cleans up after it.
    """
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        if not task.cancelled() and isinstance(error := task.exception(), AgentError):
            _log.info("a call that was cancelled failed as well: %s", error)
        raise
