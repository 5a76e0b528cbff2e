# SPDX-License-Identifier: Apache-2.0
"""A real server with access control, an administrator, and people with accounts, logins and keys."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from orca.store import backends

START_LIMIT = 60.0
PAUSE = 0.01
"""Seconds between two questions: the server needs the processor more than who asks."""
COMMAND = [sys.executable, "-c", "from orca.cli import main; main()", "server"]
PASSWORD = "a long enough password"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A server process on a free port of the loopback, and what is done with it."""

    def __init__(
        self, directory: Path, database: str, *options: str, environment: dict[str, str] | None = None
    ) -> None:
        self.directory = directory
        self.database = database
        self.engine = backends.create_engine(database)
        self.url = f"http://127.0.0.1:{free_port()}"
        address = self.url.removeprefix("http://")
        self.log = directory.parent / f"{directory.name}.log"
        self._names = itertools.count(1)
        self._clients: list[httpx.Client] = []
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "--data-dir", str(directory), "--listen", address, "--database", database, *options],
                stdout=log,
                stderr=log,
                env=os.environ | (environment or {}),
            )
        deadline = time.monotonic() + START_LIMIT
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/ping").text == "pong":
                    return
            time.sleep(PAUSE)
        raise AssertionError(self.log.read_text())

    def number(self) -> int:
        """Another one each time, for names."""
        return next(self._names)

    def stop(self) -> None:
        for client in self._clients:
            client.close()
        self.process.kill()
        self.process.wait(20)
        self.engine.dispose()

    def client(self, **options: Any) -> httpx.Client:
        """A client, closed when the server stops."""
        self._clients.append(httpx.Client(base_url=self.url, timeout=20, **options))
        return self._clients[-1]

    def admin(self) -> httpx.Client:
        keys = json.loads((self.directory / "admin.json").read_text())
        return self.client(auth=(keys["accessKey"], keys["secretKey"]))

    def sign_in(self, login: str, password: str = PASSWORD) -> httpx.Response:
        """``POST token`` by somebody without credentials."""
        return httpx.post(f"{self.url}/v1/token", json={"code": f"{login}:{password}"}, timeout=20)

    def bearer(self, login: str) -> httpx.Client:
        """A client that signed in."""
        answer = self.sign_in(login)
        assert answer.status_code == 201, answer.text
        return self.client(headers={"Authorization": f"Bearer {answer.json()['jwt']}"})


class Person:
    """An account of kind ``user`` with a login, and (when asked for) a key."""

    def __init__(self, server: Server, admin: httpx.Client) -> None:
        self.server = server
        self.admin = admin
        self.login = f"person{server.number()}"
        self.id: str = made(admin.post("/v1/accounts", json={"name": self.login, "kind": "user"}))["id"]
        until(admin, f"/v1/accounts/{self.id}", lambda shown: shown["state"] == "active")
        body = {"accountId": self.id, "publicValue": self.login, "secretValue": PASSWORD}
        self.password: str = made(admin.post("/v1/passwords", json=body))["id"]
        until(admin, f"/v1/passwords/{self.password}", lambda shown: shown["state"] == "active")

    def key(self) -> httpx.Client:
        """A client with a new API key of the account."""
        key = made(self.admin.post("/v1/apikeys", json={"accountId": self.id}))
        until(self.admin, f"/v1/apikeys/{key['id']}", lambda shown: shown["state"] == "active")
        return self.server.client(auth=(key["publicValue"], key["secretValue"]))

    def bearer(self) -> httpx.Client:
        return self.server.bearer(self.login)

    def act(self, action: str) -> None:
        """Run an action on the account."""
        answer = self.admin.post(f"/v1/accounts/{self.id}?action={action}", json={})
        assert answer.status_code == 202, answer.text


def made(answer: httpx.Response) -> dict[str, Any]:
    """The body of a creation."""
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def until(client: httpx.Client, path: str, condition: Callable[[Any], Any], seconds: float = 20.0) -> Any:
    """Ask until the answer is as wanted; the last answer."""
    deadline = time.monotonic() + seconds
    while True:
        answer = client.get(path).json()
        if condition(answer):
            return answer
        assert time.monotonic() < deadline, answer
        time.sleep(PAUSE)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, empty_database: Any) -> Iterator[Server]:
    """One for all tests that change nothing of importance."""
    folder = tmp_path_factory.mktemp("identity")
    with empty_database(folder) as url:
        running = Server(folder / "data", url)
        yield running
        running.stop()


@pytest.fixture(scope="session")
def admin(server: Server) -> Iterator[httpx.Client]:
    with server.admin() as client:
        yield client


@pytest.fixture
def person(server: Server, admin: httpx.Client) -> Callable[[], Person]:
    return lambda: Person(server, admin)


@pytest.fixture
def start(tmp_path: Path, database: str) -> Iterator[Callable[..., Server]]:
    """Starts servers of the test's own."""
    running: list[Server] = []

    def run(*options: str, **more: Any) -> Server:
        running.append(Server(tmp_path / "data", database, *options, **more))
        return running[-1]

    yield run
    for each in running:
        each.stop()


@pytest.fixture
def project_of() -> Callable[..., str]:
    """Makes an active project; its id."""

    def make(client: httpx.Client, **fields: Any) -> str:
        project: str = made(client.post("/v1/projects", json={"name": "a project", **fields}))["id"]
        until(client, f"/v1/projects/{project}", lambda shown: shown["state"] == "active")
        return project

    return make


@pytest.fixture
def wait() -> Callable[..., Any]:
    return until
