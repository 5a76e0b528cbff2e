# SPDX-License-Identifier: Apache-2.0
"""The agent's composition: its parts, and the order in which they start."""

import asyncio
import logging
from urllib.parse import urlsplit

import msgspec

from orca.hoststate.apply import Host, kinds
from orca.wire import Event, Hello, HostFacts, digest, names

from . import facts
from .balancers import Balancers
from .checks import Checker, EngineChecks, Reports
from .commands import Commands
from .config import Config
from .connection import Connection
from .containers import Containers
from .engine import Engine
from .errors import AgentError
from .host import HostKeeper
from .identity import host_uuid, read_credentials, write_private
from .lease import Lease
from .link import Link
from .mesh import MeshMonitor
from .metadata import Metadata
from .netlink import AddressWatch
from .paths import Paths
from .resolver import Resolver
from .restarts import Restarts, WantedStates
from .settings import Settings
from .status import Status
from .streams import Streams
from .watch import ContainerWatch

RESTORE_SECONDS = 30.0  # the network comes first, but a registry that hangs must not keep the agent from the server
SETTLE_SECONDS = 0.5  # addresses change in bursts

_log = logging.getLogger(__name__)


class Agent:
    """One host's agent."""

    def __init__(self, settings: Settings) -> None:
        """Build the parts. Nothing on the host changes yet, except that the first start makes the identity.

        Raises:
            AgentError: the identity is damaged.
        """
        self._settings = settings
        self._paths = Paths(settings.root)
        self._status = Status(self._paths)
        self._status.show("starting")
        self._uuid = host_uuid(self._paths)
        if settings.registration_url:
            write_private(self._paths.registration, settings.registration_url + "\n")
        self._link = Link()
        engine = Engine(settings.docker_socket)
        self._containers = Containers(Resolver(self._paths.resolv), engine)
        host = Host(root=str(settings.root), docker_socket=settings.docker_socket)
        self._config = Config(host, self._containers.check_port)
        self._keeper = HostKeeper(host, self._config)
        self._balancers = Balancers(self._config, settings.root, self._containers, self._link.send)
        self._streams = Streams(self._paths, self._containers, engine)
        self._wanted = WantedStates(self._paths.wanted)
        self._facts_changed = asyncio.Event()
        self._mesh = MeshMonitor(self._config, self._paths, self._link.send, self._facts_changed.set)
        self._lease = Lease(self._mesh.sees_most, lambda: self._connection.redial())
        self._restarts = Restarts(
            self._wanted,
            self._containers,
            self._keeper.container_started,
            lambda id: self._watch.look(id),
            self._lease,
        )
        self._metadata = Metadata(self._paths.metadata_feed, self._link.send)
        self._commands = Commands(
            self._config,
            self._containers,
            self._restarts,
            self._link.send,
            self._keeper.container_started,
            self._streams,
            self._metadata,
            self._balancers,
            self._mesh,
            self._lease,
        )
        self._health = Reports(self._link.send)
        self._engine_checks = EngineChecks(lambda found: self._health.put(containers=found))
        self._watch = ContainerWatch(
            self._containers,
            self._restarts,
            self._link.send,
            self._config.reapply,
            self._keeper.hurry,
            engine,
            self._engine_checks,
        )
        self._facts = HostFacts()
        self._checker = Checker(self._config, self._paths, self._uuid, self._health.put, self._mesh.reaches)
        self._connection = Connection(
            self._paths,
            self._uuid,
            settings.ca_sha256,
            self._link,
            self._status,
            hello=self._hello,
            receive=self._commands.receive,
            greeted=self._greeted,
            ended=self._ended,
        )

    async def run(self) -> None:
        """Work until cancelled."""
        addresses = AddressWatch(self._facts_changed.set)
        try:
            await asyncio.to_thread(self._wanted.load)
            restoring = asyncio.create_task(self._config.restore())
            await asyncio.wait([restoring], timeout=RESTORE_SECONDS)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._watch.run(), name="containers")
                group.create_task(self._keeper.run(), name="host")
                group.create_task(self._mesh.run(), name="mesh")
                group.create_task(self._lease.guard(self._restarts.fenced, self._restarts.suspend), name="lease")
                group.create_task(self._checker.run(), name="checker")
                group.create_task(self._balancers.run(), name="balancers")
                group.create_task(self._health.run(), name="health")
                group.create_task(self._metadata.run(), name="metadata")
                group.create_task(self._report_facts(), name="facts")
                group.create_task(self._connection.run(), name="connection")
        finally:
            addresses.close()
            await self._commands.close()
            await self._restarts.close()
            await self._streams.close()
            self._config.close()

    async def _hello(self, server: str) -> Hello:
        """Make the first frame of a connection.

        Raises:
            AgentError: Docker does not answer, and a hello must list the containers.
        """
        self._facts = await self._look(server)
        applied = self._config.applied
        return Hello(
            uuid=self._uuid,
            mesh_csr=await self._keeper.certificate_request(self._uuid),
            families=list(kinds.families()),
            applied=applied,
            digest=digest.text(digest.total(applied)),
            containers=await self._watch.everything(),
            **msgspec.structs.asdict(self._facts),
        )

    async def _greeted(self) -> None:
        """After a gap the server needs everything at once."""
        self._health.everything(self._checker.everything, self._engine_checks.everything)
        self._metadata.connected()
        self._balancers.everything()
        await self._mesh.summary()

    async def _ended(self) -> None:
        self._lease.cut()
        await self._streams.close()

    async def _look(self, server: str) -> HostFacts:
        info = await self._containers.info()
        return facts.gather(info, facts.outer_addresses(server, self._settings.address), self._mesh.encryption)

    async def _report_facts(self) -> None:
        """Report changed facts after the host's addresses or its way of encrypting changed."""
        while True:
            await self._facts_changed.wait()
            await asyncio.sleep(SETTLE_SECONDS)
            self._facts_changed.clear()
            credentials = read_credentials(self._paths)
            if credentials is None:
                continue  # the next hello reports them
            try:
                now = await self._look(urlsplit(credentials.url).hostname or "")
            except AgentError as error:
                _log.warning("%s", error)
                continue
            if (difference := facts.changed(self._facts, now)) is not None:
                self._connection.leave_from(set(self._facts.addresses or ()) - set(now.addresses or ()))
                self._facts = now
                self._link.send(Event.report(names.HOST_CHANGE, difference))
                if difference.addresses is not None:
                    await self._keeper.address_changed()
