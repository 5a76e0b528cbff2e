# SPDX-License-Identifier: Apache-2.0
"""A real server process on free ports, shared by the tests of this folder."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

START_LIMIT = 60.0
PAUSE = 0.01
"""Seconds between two questions: the server needs the processor more than who asks."""
PROGRAM = "from orca.cli import main; main()"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """One life after another of a server on one data directory. ``before``: what its interpreter does first."""

    def __init__(self, directory: Path, *arguments: str, before: str = "pass") -> None:
        self.command = [sys.executable, "-c", f"{before}; {PROGRAM}", "server"]
        self.directory = directory
        self.http_port = free_port()
        self.https_port = free_port()
        self.url = f"http://127.0.0.1:{self.http_port}"
        self.arguments = arguments
        self.log = directory.parent / f"{directory.name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, loopback_only: bool = False, everywhere_first: bool = False) -> None:
        listen = ["--listen", f"127.0.0.1:{self.http_port}"]
        if not loopback_only:
            everywhere = ["--listen", f"0.0.0.0:{self.https_port}"]
            listen = everywhere + listen if everywhere_first else listen + everywhere
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.command, "--data-dir", str(self.directory), *listen, *self.arguments], stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_LIMIT
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/ping").text == "pong":
                    return
            time.sleep(PAUSE)
        raise AssertionError(self.log.read_text())

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=20)

    def admin(self) -> tuple[str, str]:
        keys = json.loads((self.directory / "admin.json").read_text())
        return keys["accessKey"], keys["secretKey"]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    process = Process(tmp_path_factory.mktemp("server") / "data")
    process.start()
    yield process
    process.stop()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Process]:
    """A server that the test may stop and kill."""
    process = Process(tmp_path / "data")
    process.start()
    yield process
    if process.process is not None and process.process.poll() is None:
        process.stop(signal.SIGKILL)


@contextlib.contextmanager
def several() -> Iterator[Callable[..., Process]]:
    """Makes servers that are gone after the block."""
    made: list[Process] = []

    def make(directory: Path, *arguments: str, before: str = "pass") -> Process:
        made.append(Process(directory, *arguments, before=before))
        return made[-1]

    yield make
    for each in made:
        if each.process is not None and each.process.poll() is None:
            each.stop(signal.SIGKILL)


@pytest.fixture
def process() -> Iterator[Callable[..., Process]]:
    """Makes servers that are gone after the test."""
    with several() as make:
        yield make


@pytest.fixture(scope="module")
def processes() -> Iterator[Callable[..., Process]]:
    """Makes servers that are gone after the tests of a file."""
    with several() as make:
        yield make


@pytest.fixture
def admin(server: Process) -> Iterator[httpx.Client]:
    """The administrator, below no project."""
    with httpx.Client(base_url=server.url, auth=server.admin(), timeout=20) as client:
        yield client


@pytest.fixture
def project(admin: httpx.Client) -> str:
    """The id of the first project."""
    found: str = admin.get("/v2/projects", params={"name": "Default"}).json()["data"][0]["id"]
    return found


@pytest.fixture
def tenant(server: Process, admin: httpx.Client, project: str) -> Iterator[httpx.Client]:
    """A client with a key of the project itself."""
    key = admin.post(f"/v1/projects/{project}/apikeys", json={}).json()
    with httpx.Client(base_url=server.url, auth=(key["publicValue"], key["secretValue"]), timeout=20) as client:
        until(client, f"/v1/apikeys/{key['id']}", lambda shown: shown.get("state") == "active")
        yield client


def until(client: httpx.Client, path: str, condition, seconds: float = 20.0):  # type: ignore[no-untyped-def]
    """Ask until the answer is as wanted; the last answer."""
    deadline = time.monotonic() + seconds
    while True:
        answer = client.get(path).json()
        if condition(answer):
            return answer
        assert time.monotonic() < deadline, answer
        time.sleep(PAUSE)


@pytest.fixture
def wait():  # type: ignore[no-untyped-def]
    return until
