# SPDX-License-Identifier: Apache-2.0
"""Rancher's own Python client (`cattle` on PyPI) against a real server process.

`superadmin`, `admin`, `user` and `project` are clients of accounts of those kinds; `project` has the default project's
own key. One server serves all tests of the folder: a test removes what it made or leaves what others cannot notice.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from cattle import Client

sys.path.insert(0, str(Path(__file__).parent))

COMMAND = [sys.executable, "-c", "from orca.cli import main; main()", "server"]
START_LIMIT = 60.0


class Server:
    """A server on a free port of the loopback, without access control, as the clients of 2015 expected to find it."""

    def __init__(self, directory: Path, access_control: str = "off") -> None:
        self.directory = directory
        self.log = directory.parent / "server.log"
        with self.log.open("ab") as log:
            options = ["--data-dir", str(directory), "--listen", "127.0.0.1:0", f"--access-control={access_control}"]
            self.process = subprocess.Popen([*COMMAND, *options], stdout=log, stderr=log)
        self.url = self._wait()

    def _wait(self) -> str:
        """The address, once it answers."""
        deadline = time.monotonic() + START_LIMIT
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            for line in self.log.read_text().splitlines():
                if " is at http://" in line:
                    url = line.rpartition(" ")[2]
                    with contextlib.suppress(requests.ConnectionError):
                        if requests.get(f"{url}/ping", timeout=5).text == "pong":
                            return url
            os.sched_yield()
        raise AssertionError(self.log.read_text())

    def client(self, access_key: str | None = None, secret_key: str | None = None, scope: str = "") -> Client:
        """A client that reads the schemas its key may see; without a key it is the administrator."""
        return Client(url=f"{self.url}/v1{scope}/schemas", access_key=access_key, secret_key=secret_key)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("conformance") / "data")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server as it is when nobody says otherwise: with access control."""
    running = Server(tmp_path_factory.mktemp("closed") / "data", access_control="on")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def admin(server: Server) -> Client:
    """The administrator: on a server without access control, whoever brings no key."""
    return server.client()


@pytest.fixture(scope="session")
def superadmin(server: Server, admin: Client) -> Client:
    """Made as section 6.2 of the description says: with a key put on the built-in account."""
    (account,) = admin.list_account(name="superadmin", all=True).data
    if account.state == "inactive":
        admin.wait_success(account.activate())
    headers = {"Content-Type": "application/json"}
    body = {"accountId": account.id, "publicValue": "superadmin", "secretValue": "superadminpass"}
    made = requests.post(
        f"{server.url}/v1/apikeys?_role=superadmin", data=json.dumps(body), headers=headers, timeout=20
    )
    assert made.status_code == 201, made.text
    admin.wait_success(admin.by_id_api_key(made.json()["id"]))
    return server.client("superadmin", "superadminpass")


@pytest.fixture(scope="session")
def account_client(server: Server, superadmin: Client) -> Callable[..., Client]:
    """Makes an account of a kind, with a key, and gives its client."""

    def make(kind: str, **fields: Any) -> Client:
        account = superadmin.wait_success(superadmin.create_account(kind=kind, **fields))
        key = superadmin.create_api_key(accountId=account.id)
        superadmin.wait_success(key)
        return server.client(key.publicValue, key.secretValue)

    return make


@pytest.fixture(scope="session")
def user(account_client: Callable[..., Client]) -> Client:
    return account_client("user", name="somebody")


@pytest.fixture(scope="session")
def project(server: Server, superadmin: Client) -> Client:
    """The default project, by a key of its own."""
    (default,) = superadmin.list_project(name="Default", all=True).data
    key = superadmin.create_api_key(accountId=default.id)
    superadmin.wait_success(key)
    return server.client(key.publicValue, key.secretValue)


@pytest.fixture(scope="session")
def simulated_host(superadmin: Client, project: Client) -> Any:
    """A host of the default project that runs inside the server, as the project sees it."""
    (default,) = superadmin.list_project(name="Default", all=True).data
    knobs = {"agentResourcesAccountId": int(default.id[2:])}
    data = {"io.cattle.platform.agent.connection.simulator.AgentConnectionSimulator": knobs}
    agent = superadmin.wait_success(superadmin.create_agent(uri="sim://conformance", data=data))
    (host,) = agent.hosts()
    host = superadmin.wait_success(host)
    return project.by_id_host(host.id)
