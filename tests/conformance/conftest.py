# SPDX-License-Identifier: Apache-2.0
"""Rancher's own Python client (`cattle` on PyPI) against a real server process.

`superadmin`, `admin`, `user` and `project` are clients of accounts of those kinds; `project` has the default project's
own key. One server serves all tests of the folder: a test removes what it made or leaves what others cannot notice.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from cattle import Client

sys.path.insert(0, str(Path(__file__).parent))

from server_process import Server


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
    """The built-in account with a key of its own (docs/v1.md, section 6.2)."""
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
