# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL and MariaDB from the distribution's packages, each in a temporary folder, as long as somebody wants it.

They run as an unprivileged user, listen on a socket in that folder only, and end with the process that started them.
Nothing of them is durable: what is tested is the server's use of them.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from orca.store import backends

START_SECONDS = 60
COLLATE = "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"


class Server:
    """A running database server; ``database`` makes an empty database and gives its URL."""

    def __init__(self, url: str, create: str) -> None:
        self._url = sa.make_url(url)
        self._create = create
        self.engine = backends.create_engine(url)

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """An empty database for as long as the block lasts."""
        name = f"orca_{uuid.uuid4().hex[:12]}"
        self.run(self._create.format(name=name))
        try:
            yield self._url.set(database=name).render_as_string(hide_password=False)
        finally:
            self.run(f"DROP DATABASE {name}" + (" WITH (FORCE)" if "TEMPLATE" in self._create else ""))

    def run(self, statement: str) -> None:
        """Run a statement as the server's administrator."""
        with self.engine.connect() as connection:
            connection.exec_driver_sql(statement)

    def answers(self, home: Path) -> bool:
        """Whether it is ready: it has a socket, and takes us in."""
        if not any(path.is_socket() for path in home.iterdir()):
            return False
        try:
            self.run("SELECT 1")
        except sa.exc.OperationalError:
            return False
        return True


@contextlib.contextmanager
def postgresql(*, durable: bool = False) -> Iterator[Server]:
    """A PostgreSQL server; ``durable``: what it acknowledges is on the disk, as its own defaults say."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        pytest.fail("no PostgreSQL here: apt-get install postgresql (script/test does)")
    with folder("postgresql", "postgres") as (home, user):
        data = home / "data"
        initdb = [str(programs[-1] / "initdb"), "-D", str(data), "-U", "orca", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run([*as_user(user), *initdb, "--locale=C.UTF-8"], check=True, stdout=subprocess.DEVNULL)
        settings = {"listen_addresses": "", "unix_socket_directories": str(home)}
        if not durable:
            settings |= {
                "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "200",
                "shared_buffers": "64MB",
            }  # fmt: skip
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        server = Server(
            f"postgresql://orca@/postgres?host={home}", f"CREATE DATABASE {{name}} TEMPLATE template0 {COLLATE}"
        )
        with running([*as_user(user), str(programs[-1] / "postgres"), "-D", str(data), *options], home, server):
            yield server


@contextlib.contextmanager
def mariadb() -> Iterator[Server]:
    """A MariaDB server."""
    program, install = shutil.which("mariadbd", path="/usr/sbin:/usr/bin"), shutil.which("mariadb-install-db")
    if program is None or install is None:
        pytest.fail("no MariaDB here: apt-get install mariadb-server-core (script/test does)")
    with folder("mariadb", "nobody") as (home, user):
        data = home / "data"
        common = ["--no-defaults", f"--datadir={data}", f"--tmpdir={home}"]
        subprocess.run(
            [*as_user(user), install, *common, "--auth-root-authentication-method=normal", "--skip-test-db"],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        options = [
            f"--socket={home}/socket", f"--pid-file={home}/pid", "--skip-networking",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-buffer-pool-size=64M", "--sync-binlog=0", "--innodb-flush-method=nosync",
        ]  # fmt: skip
        server = Server(f"mariadb://root@/mysql?unix_socket={home}/socket", "CREATE DATABASE {name}")
        with running([*as_user(user), program, *common, *options], home, server):
            yield server


SERVERS: dict[str, Callable[[], contextlib.AbstractContextManager[Server]]] = {
    "postgresql": postgresql,
    "mariadb": mariadb,
}


def as_user(user: str | None) -> list[str]:
    """What a command line begins with so that it runs as that user and ends with us."""
    identity = [f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups"] if user else []
    return ["setpriv", *identity, "--pdeathsig=TERM", "--"]


@contextlib.contextmanager
def folder(kind: str, user: str) -> Iterator[tuple[Path, str | None]]:
    """A folder of the user who is to run the server: nobody else than root can become another."""
    prefix = f"orca-{kind}-"
    for old in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        # Of a test that was killed; its server ended with it.
        if not Path(f"/proc/{old.name.removeprefix(prefix).partition('-')[0]}").exists():
            shutil.rmtree(old, ignore_errors=True)
    home = Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-"))
    root = os.getuid() == 0
    if root:
        shutil.chown(home, user)
    try:
        yield home, user if root else None
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def running(command: list[str], home: Path, server: Server) -> Iterator[None]:
    """The server's process."""
    log = home / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=home, stdout=output, stderr=output)
    try:
        end = time.monotonic() + START_SECONDS
        while not server.answers(home):
            if time.monotonic() > end or process.poll() is not None:
                pytest.fail(f"the database does not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.05)
        yield
    finally:
        server.engine.dispose()
        # PostgreSQL ends without waiting for its clients.
        process.send_signal(signal.SIGINT if "postgres" in home.name else signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
