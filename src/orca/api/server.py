# SPDX-License-Identifier: Apache-2.0
"""The server process: opens the data directory, puts the parts together, listens, and stops in good order.

This is the composition root: the one place that knows all packages.
"""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.exc import DatabaseError

import orca
from orca import network, orchestration, provision, simulator, storage
from orca.api import events, streams
from orca.api.app import Application
from orca.api.callers import sessions
from orca.api.callers.signer import Signer
from orca.api.connections import tls
from orca.api.connections.certificate import ServerCertificate
from orca.api.connections.listeners import make_listeners
from orca.api.connections.proxies import Proxies
from orca.api.connections.visitors import Visitors, raise_limit
from orca.api.datadir import bootstrap, master_key
from orca.api.datadir import layout as directory
from orca.api.datadir.layout import StartError, locked
from orca.api.stopping import end_in_time
from orca.engine import Assembly, Server
from orca.provision.settings import values as given
from orca.resources import schema
from orca.resources.errors import Refused
from orca.store import WORK, CannotOpen, Database, Hold, NoSpace, Vault, Work
from orca.store.sqlite import is_damage
from orca.wire.loopback import is_loopback

log = logging.getLogger(__name__)

TASK_PAUSE = 5.0
"""Seconds before a failed background task is started again."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to run a server.

    ``database``: the URL of its database, None for SQLite in the data directory. ``listen``: ``HOST:PORT`` each; a
    loopback address speaks HTTP, any other HTTPS. ``advertise_url``: where agents and people reach the server.
    ``access_control``: False admits everybody on this computer; it is chosen when the data directory is made.
    ``tls_cert``/``tls_key``: the operator's own certificate. ``tls``: False behind a proxy that ends TLS, which must be
    named in ``trusted_proxies`` (networks; localhost is always trusted). ``sim``: every project may have simulated
    agents.
    """

    data_dir: Path
    database: str | None = field(default=None, repr=False)  # it may hold a password
    listen: tuple[str, ...] = ("127.0.0.1:8080",)
    advertise_url: str | None = None
    access_control: bool = True
    tls: bool = True
    tls_cert: Path | None = None
    tls_key: Path | None = None
    trusted_proxies: frozenset[str] = frozenset()
    sim: bool = False


@dataclass(frozen=True)
class Address:
    """One listening address."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read ``HOST:PORT``, ``[V6]:PORT`` or ``:PORT``. Raises ``StartError``."""
        host, colon, port = text.rpartition(":")
        if not colon or not port.isdecimal() or int(port) > 65535:
            raise StartError(f"--listen {text}: HOST:PORT is expected")
        return cls(host.strip("[]") or "0.0.0.0", int(port))  # noqa: S104 - ":8080" means every address

    @property
    def loopback(self) -> bool:
        """True if it is a loopback address."""
        return is_loopback(self.host)

    @property
    def everywhere(self) -> bool:
        """True if it stands for all addresses of this computer."""
        return self.host in ("0.0.0.0", "::")  # noqa: S104 - a comparison


def serve(settings: Settings) -> int:
    """Run the server until SIGTERM or SIGINT; returns the exit status. Raises ``StartError``."""
    os.umask(0o077)
    try:
        with locked(settings.data_dir):
            return loop_of_choice()(run(settings))
    except NoSpace as error:
        raise StartError(str(error)) from error
    except DatabaseError as error:
        if not is_damage(error):
            raise
        raise StartError(f"the database is damaged ({error.orig}): restore a backup") from error
    except OSError as error:
        if error.filename is None:
            raise
        raise StartError(f"{error.filename}: {error.strerror}") from error


def loop_of_choice() -> Callable[[Coroutine[Any, Any, int]], int]:
    """What runs the server: uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run
    return uvloop.run


async def run(settings: Settings) -> int:
    """The life of a server."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    addresses = [Address.parse(text) for text in settings.listen]
    if not settings.access_control and not all(address.loopback for address in addresses):
        raise StartError("--access-control=off: listen on loopback addresses only")
    check_names(settings)
    new = directory.check(settings.data_dir, own_database=settings.database is None)
    visitors = Visitors(proxies(settings), raise_limit())
    sockets = [listen(address) for address in addresses]
    url = settings.advertise_url or own_url(settings, addresses[0], sockets[0])
    own = f"sqlite:///{(settings.data_dir / directory.DATABASE).resolve()}"
    try:
        hold = Hold(settings.database or own)
        if not await hold.take():
            raise StartError(
                "--database: another server works on it. Only one can: stop that one, or give this one its own database"
            )
        db = await Database.open(settings.database or own, schema())
    except CannotOpen as error:
        raise StartError(f"--database: {error}") from error
    certificate = ServerCertificate(db, settings.data_dir / "tls", certificate_names(settings, url))
    identity = await certificate.ensure()
    if settings.tls_cert is not None and settings.tls_key is not None:
        identity = tls.given(settings.tls_cert, settings.tls_key)
    assembly = assemble(settings, db, url, identity)
    app = Application(assembly, visitors)
    try:
        admin = await bootstrap.first_start(assembly, new=new)
    except bootstrap.WrongMode as error:
        raise StartError(f"--access-control: {error}") from error
    except bootstrap.EmptyDatabase:
        raise StartError(
            f"the database is empty, and {settings.data_dir} was in use: look at --database, restore a backup, or"
            " take a new --data-dir for a new server"
        ) from None
    await master_key.verify(db, assembly.vault)
    directory.complete(settings.data_dir)
    for start in assembly.starts:
        await start()
    await assembly.engine.start()
    background = [
        asyncio.create_task(keep(name, start), name=name)
        for name, start in (
            ("engine", assembly.engine.watch),
            *assembly.loops,
            *([("certificate", certificate.keep_current)] if settings.tls_cert is None else []),
        )
    ]
    secure = [bound for address, bound in zip(addresses, sockets, strict=True) if settings.tls and not address.loopback]
    clear = [bound for bound in sockets if bound not in secure]
    listeners = make_listeners(app, app.visitors, identity, clear, secure)
    certificate.contexts += [context for listener, _ in listeners if (context := listener.config.ssl)]
    serving = [asyncio.create_task(listener.serve(sockets=own)) for listener, own in listeners]
    # The present objects stay until the end; the collector need not check them again.
    gc.freeze()
    gc.enable()
    announce(settings, url, admin)
    stopped = asyncio.create_task(stop.wait())
    held = asyncio.create_task(hold.keep())
    await asyncio.wait([stopped, held, *serving], return_when=asyncio.FIRST_COMPLETED)
    end_in_time(0 if stop.is_set() else 1)
    app.stopping.set()
    for listener, _ in listeners:
        listener.should_exit = True
    for task in (held, *background):
        task.cancel()
    await assembly.engine.stop()
    await asyncio.gather(*serving, *background, return_exceptions=True)
    await assembly.db.close()
    await hold.release()
    return 0 if stop.is_set() else 1


def check_names(settings: Settings) -> None:
    """Raise ``StartError`` for an unusable address or setting of the environment."""
    try:
        if settings.advertise_url is not None:
            given.check(given.API_HOST, settings.advertise_url)
        given.check_environment()
    except Refused as refused:
        raise StartError(f"--advertise-url and ORCA_SETTING_*: {refused.message}") from None


def assemble(settings: Settings, db: Database, url: str, identity: tls.Identity) -> Assembly:
    """Install every package."""
    server = Server(
        id=bootstrap.identity(settings.data_dir),
        data_dir=settings.data_dir,
        url=url,
        found=settings.advertise_url is not None or not Address.parse(settings.listen[0]).everywhere,
        ca_sha256=identity.ca_sha256,
        ca_pem=identity.ca_pem,
        version=orca.__version__,
        open=not settings.access_control,
        simulates=settings.sim,
    )
    assembly = Assembly(db=db, vault=Vault.open_file(settings.data_dir / directory.MASTER_KEY), server=server)
    assembly.add(sessions.behaviour)
    assembly.provide(Signer(settings.data_dir / directory.TOKEN_KEY))
    streams.install(assembly)
    network.install(assembly)
    provision.install(assembly)
    storage.install(assembly)
    orchestration.install(assembly)
    simulator.install(assembly)
    events.install(assembly)
    return assembly


def proxies(settings: Settings) -> Proxies:
    """The networks of the proxies. Raises ``StartError``."""
    try:
        return tuple(ipaddress.ip_network(text) for text in sorted(settings.trusted_proxies))
    except ValueError as error:
        raise StartError(f"--trusted-proxies: {error}") from error


def listen(address: Address) -> socket.socket:
    """Open a listening socket. Raises ``StartError`` if the address is taken or not local."""
    try:
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        return socket.create_server((address.host, address.port), family=family, backlog=2048)
    except OSError as error:
        raise StartError(f"cannot listen on {address.host}:{address.port}: {error.strerror}") from error


def own_url(settings: Settings, address: Address, bound: socket.socket) -> str:
    """The URL of the first listener, for a server without ``--advertise-url``."""
    scheme = "http" if address.loopback or not settings.tls else "https"
    host = address.host
    if address.everywhere:
        host = socket.getfqdn()
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{bound.getsockname()[1]}"


def certificate_names(settings: Settings, url: str) -> set[str]:
    """The names in the server's certificate: where it is advertised, where it listens, and localhost."""
    names = {"localhost", "127.0.0.1", urlsplit(url).hostname or "localhost"}
    for text in settings.listen:
        address = Address.parse(text)
        if not address.everywhere:
            names.add(address.host)
    return names


async def keep(name: str, start: object) -> None:
    """Run a background task. A failure is logged and the task started again; a task that ends has done its work."""
    assert callable(start)
    WORK.set(Work(owner=name, name=name))
    while True:
        try:
            await start()
            return
        except Exception:
            log.exception("%s failed; it is started again", name)
            await asyncio.sleep(TASK_PAUSE)


def announce(settings: Settings, url: str, admin: bootstrap.Admin | None) -> None:
    """Print where the server is, and where a new administrator's key is kept.

    The key itself is only printed to a terminal, because journals and container logs are kept.
    """
    print(f"orca {orca.__version__} is at {url}", file=sys.stderr)
    if admin is not None:
        if sys.stderr.isatty():
            print(f"administrator: access key {admin.access_key}, secret key {admin.secret_key}", file=sys.stderr)
        print(f"the administrator's key is in {settings.data_dir / bootstrap.ADMIN_FILE}", file=sys.stderr)
    sys.stderr.flush()
