# SPDX-License-Identifier: Apache-2.0
"""Managed containers on this host: ensure one runs, stop it, remove it.

A container is found by its label ``io.orca.instance.uuid``, never by a name or id kept here, so that a repeated command
and an agent that was restarted see the same world. Calls of the Docker SDK block and run in a few threads.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import docker
import docker.errors
import requests

from orca.wire import Activated, Instance, RegistryAuth, names, now_ms

from . import specification
from .engine import SOCKET, EngineGone
from .errors import CommandFailed
from .listeners import listeners
from .pull import Progress, pull
from .resolver import Resolver

T = TypeVar("T")

THREADS = 8  # containers started at the same time; the engine itself gains nothing from more
TIMEOUT = 120  # seconds until a call to the engine counts as failed

_log = logging.getLogger(__name__)


class Containers:
    """The containers of one Docker engine."""

    def __init__(self, resolver: Resolver, socket: str = SOCKET) -> None:
        """Args: the writer of ``resolv.conf`` files, and the engine's unix socket."""
        self._socket = socket
        self._resolver = resolver
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="docker")
        self._api = docker.APIClient(base_url=f"unix://{socket}", version="1.41", timeout=TIMEOUT, num_pools=THREADS)

    def close(self) -> None:
        """Let running calls end and give the threads back."""
        self._pool.shutdown()
        self._api.close()

    # -- commands ------------------------------------------------------------------------------------------------

    async def activate(
        self, instance: Instance, progress: Progress, ready: Callable[[], Awaitable[None]], *, again: bool = False
    ) -> Activated:
        """Make the container of ``instance`` exist and run.

        A container that this call made is removed again when it cannot be started, or when the call is cancelled.

        Args:
            instance: what is wanted.
            progress: told about the image pull.
            ready: called when the container exists, before it is started.
            again: this command succeeded before; a container that ended since is not started a second time.

        Raises:
            CommandFailed: with the reason.
        """
        found = await self._find(instance.uuid)
        if found is not None:
            state = str(found["State"])
            if again and state not in ("running", "created"):
                return await self._activated(instance.uuid)
        unfinished = found is None or found["State"] == "created"
        if found is None and not await self._has_image(instance.image):
            await pull(self._socket, instance.image, instance.registry_auth, progress)
        if found is None or found["State"] != "running":
            await self._check_ports(instance)
        try:
            if found is None:
                if instance.network_mode == specification.MANAGED:
                    await self._call(self._resolver.write, instance.uuid, instance.dns_search)
                await self._call(self._create, instance)
            await ready()
            await self._call(self._start, instance.uuid)
            return await self._activated(instance.uuid)
        except BaseException:
            if unfinished:
                await asyncio.shield(self.remove(instance.uuid))
            raise

    async def deactivate(self, uuid: str, grace: int) -> str:
        """Stop the container, killing it after ``grace`` seconds; return its state, ``removed`` if there is none."""
        found = await self._find(uuid)
        if found is None:
            return "removed"
        await self._call(self._stop, found["Id"], grace)
        return "stopped"

    async def start(self, external_id: str) -> None:
        """Start a container; one that runs is left alone.

        Raises:
            CommandFailed: with the reason.
        """
        await self._call(self._api.start, external_id)

    async def stop(self, external_id: str, grace: int) -> None:
        """Stop a container, killing it after ``grace`` seconds; none is fine."""
        await self._call(self._stop, external_id, grace)

    async def restart_never(self, external_id: str) -> None:
        """Take the engine's restart policy off a container.

        Raises:
            CommandFailed: with the reason.
        """
        never: Any = {"Name": "no"}
        await self._call(lambda: self._api.update_container(external_id, restart_policy=never))

    async def remove(self, uuid: str) -> None:
        """Kill and remove the container with its anonymous volumes; none is fine."""
        found = await self._find(uuid)
        if found is not None:
            await self._call(self._remove, found["Id"])
        await self._call(self._resolver.remove, uuid)

    async def remove_volume(self, name: str) -> None:
        """Remove a named volume; none is fine.

        Raises:
            CommandFailed: a container of this host holds it.
        """
        await self._call(self._remove_volume, name)

    async def inspect(self, uuid: str) -> dict[str, Any]:
        """Return Docker's document about the container.

        Raises:
            CommandFailed: there is none.
        """
        found = await self._find(uuid)
        if found is None:
            raise CommandFailed(f"There is no container of instance {uuid} on this host")
        return await self._call(self._api.inspect_container, found["Id"])

    async def pull_image(self, image: str, auth: RegistryAuth | None, progress: Progress, *, cached: bool) -> bool:
        """Get the image as its registry has it now; ``cached``: only if one of that name is here.

        Returns whether it was pulled.

        Raises:
            CommandFailed: with the reason.
        """
        if cached and not await self._has_image(image):
            return False
        await pull(self._socket, image, auth, progress)
        return True

    # -- commands in containers ----------------------------------------------------------------------------------

    async def prepare_command(self, container: str, command: list[str], *, tty: bool, stdin: bool) -> str:
        """Describe a command to the engine; return the id under which it can be started, once.

        Raises:
            CommandFailed: there is no such container, or it does not run.
        """

        def create() -> str:
            environment = ["TERM=xterm-256color"] if tty else None
            made = self._api.exec_create(container, command, stdin=stdin, tty=tty, environment=environment)
            return str(made["Id"])

        return await self._call(create)

    async def resize(self, command: str, width: int, height: int) -> None:
        """Tell a running command the size of its terminal, in characters.

        Raises:
            CommandFailed: it does not run.
        """
        await self._call(self._api.exec_resize, command, height, width)

    async def exit_code(self, command: str) -> int:
        """Return how a command ended: 0 to 255.

        Raises:
            CommandFailed: the engine forgot it, with its container.
        """
        document = await self._call(self._api.exec_inspect, command)
        return int(document["ExitCode"] or 0)

    # -- observation ---------------------------------------------------------------------------------------------

    async def everything(self) -> list[dict[str, Any]]:
        """Return Docker's documents about all containers of the host, stopped ones too."""
        return await self._call(self._inspect_all)

    async def look(self, external_id: str) -> dict[str, Any] | None:
        """Return Docker's document about one container, None when it is gone."""
        return await self._call(self._inspect, external_id)

    async def info(self) -> dict[str, Any]:
        """Return the engine's ``/info``."""
        return await self._call(self._api.info)

    # -- steps ---------------------------------------------------------------------------------------------------

    async def _find(self, uuid: str) -> dict[str, Any] | None:
        label = f"{names.LABEL_INSTANCE_UUID}={uuid}"
        rows = await self._call(lambda: self._api.containers(all=True, filters={"label": label}))
        return rows[0] if rows else None

    async def _activated(self, uuid: str) -> Activated:
        document = await self.inspect(uuid)
        state = document["State"]
        return Activated(
            external_id=document["Id"],
            state="running" if state["Running"] else "stopped",
            address=specification.address_of(document),
            started=specification.milliseconds(state["StartedAt"]) or now_ms(),
        )

    async def _has_image(self, image: str) -> bool:
        try:
            await self._call(self._api.inspect_image, image)
        except CommandFailed as error:
            if not isinstance(error.__cause__, docker.errors.NotFound):
                raise
            return False
        return True

    async def _check_ports(self, instance: Instance) -> None:
        for port in instance.ports:
            await self.check_port(port.public_port, port.protocol, port.bind_address)

    async def check_port(self, port: int, protocol: str, bind_address: str = "") -> None:
        """See that nothing on the host uses a port that is to be published.

        Raises:
            CommandFailed: it is taken; the message names the holder as far as it can be seen from here.
        """
        query = {"publish": f"{port}/{protocol}", "status": ["running", "paused", "restarting"]}
        for row in await self._call(lambda: self._api.containers(filters=query)):
            if any(p.get("PublicPort") == port and p["Type"] == protocol for p in row["Ports"]):
                name = row["Names"][0].lstrip("/")
                raise CommandFailed(f"Port {port}/{protocol} is taken on this host by the container {name}")
        for listener in listeners():
            if listener.blocks(port, protocol, bind_address):
                raise CommandFailed(
                    f"Port {port}/{protocol} is taken on this host: a process of user id {listener.uid} listens on "
                    f"{listener.address} port {port}"
                )

    def _create(self, instance: Instance) -> None:
        config, name = specification.container(instance, self._resolver.path(instance.uuid))
        self._api.create_container_from_config(config, name)  # type: ignore[no-untyped-call]

    def _start(self, uuid: str) -> None:
        rows = self._api.containers(all=True, filters={"label": f"{names.LABEL_INSTANCE_UUID}={uuid}"})
        if not rows:
            raise CommandFailed("The container was removed while it was being started")
        self._api.start(rows[0]["Id"])

    def _stop(self, external_id: str, grace: int) -> None:
        with contextlib.suppress(docker.errors.NotFound):
            self._api.stop(external_id, timeout=grace)

    def _remove(self, external_id: str) -> None:
        try:
            self._api.remove_container(external_id, v=True, force=True)
        except docker.errors.NotFound:
            return
        except docker.errors.APIError as error:
            if error.status_code != 409:  # "removal is already in progress": somebody else does it
                raise
            with contextlib.suppress(docker.errors.NotFound):
                self._api.wait(external_id, condition="removed", timeout=TIMEOUT)

    def _remove_volume(self, name: str) -> None:
        try:
            self._api.remove_volume(name)
        except docker.errors.NotFound:
            return
        except docker.errors.APIError as error:
            raise CommandFailed(f"Volume {name} cannot be removed: {error.explanation}") from error

    def _inspect(self, external_id: str) -> dict[str, Any] | None:
        try:
            document: dict[str, Any] = self._api.inspect_container(external_id)
        except docker.errors.NotFound:
            return None
        return document

    def _inspect_all(self) -> list[dict[str, Any]]:
        documents = (self._inspect(row["Id"]) for row in self._api.containers(all=True))
        return [document for document in documents if document is not None]

    async def _call(self, work: Callable[..., T], *args: Any) -> T:
        """Run ``work`` in a thread and turn the SDK's errors into ours.

        When the caller is cancelled, the call is awaited first: what it does to the engine must be over before anybody
        cleans up after it.
        """
        future = asyncio.get_running_loop().run_in_executor(self._pool, work, *args)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait([future])
            if not future.cancelled() and (error := future.exception()) is not None:
                _log.info("a call that was cancelled failed as well: %s", error)
            raise
        except docker.errors.APIError as error:
            raise CommandFailed(f"Docker: {error.explanation or error}") from error
        except requests.RequestException as error:
            raise EngineGone(f"Docker does not answer on {self._socket}: {error}") from error
