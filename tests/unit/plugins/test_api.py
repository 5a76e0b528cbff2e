# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules' API client: where it goes, what it refuses to do, how it reports."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.orca.platform.plugins.module_utils._api import ApiClient, ApiError, NoServer, Target, resolve
from fakeserver import KEYS, FakeServer, Refused, running


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with running(FakeServer()) as fake:
        yield fake


@pytest.fixture
def client(server: FakeServer) -> ApiClient:
    return ApiClient(Target(server.url, *KEYS))


def test_lists_follow_pages(client: ApiClient, server: FakeServer) -> None:
    server.page_size = 2
    for number in range(5):
        server.add("hosts", f"1h{number}", name=f"h{number}")
    assert len(client.list(client.in_project("hosts"))) == 5
    assert client.find("hosts", name="h3")["id"] == "1h3"
    assert client.find("hosts", name="nowhere") is None


def test_a_project_is_chosen_by_its_id_or_a_name_that_one_has(server: FakeServer) -> None:
    server.add("projects", "1a6", name="1a5", type="project")
    assert ApiClient(Target(server.url, *KEYS, project="1a5")).in_project("hosts") == "v2/projects/1a5/hosts"
    server.add("projects", "1a7", name="Default", type="project")
    with pytest.raises(ApiError, match="2 projects are called Default: name one by its id") as caught:
        ApiClient(Target(server.url, *KEYS)).in_project("hosts")
    assert "1a5, 1a7" in str(caught.value)


def test_errors_say_what_was_asked_and_why_it_failed(client: ApiClient, server: FakeServer) -> None:
    server.refuse = Refused(422, "NotUnique", fieldName="name", message="there is a stack named shop")
    with pytest.raises(ApiError) as caught:
        client.create("environments", name="shop")
    result = caught.value.as_result()
    assert result["msg"].startswith("POST /v2/projects/1a5/environments at http://127.0.0.1:")
    assert result["msg"].endswith("422 NotUnique (field name): there is a stack named shop")
    assert (result["status"], result["code"], result["field"]) == (422, "NotUnique", "name")
    assert KEYS[1] not in result["msg"]
    with pytest.raises(ApiError, match="401"):
        ApiClient(Target(server.url, "access", "wrong")).in_project("hosts")
    with pytest.raises(ApiError, match="refused"):
        ApiClient(Target("http://127.0.0.1:1")).in_project("hosts")


def test_the_key_goes_nowhere_but_to_the_server(client: ApiClient, server: FakeServer) -> None:
    server.add("hosts", "1h1", name="h1", links={"self": "http://elsewhere.example/v2/hosts/1h1"})
    with pytest.raises(ApiError, match="which is elsewhere"):
        client.reload(client.find("hosts"))


def test_an_action_that_is_not_offered_names_the_state(client: ApiClient) -> None:
    with pytest.raises(ApiError, match="activate is not possible while host h1 is removing"):
        client.act({"type": "host", "name": "h1", "state": "removing", "actions": {}}, "activate")


def test_resolve_prefers_options_then_environment_then_what_the_role_left(tmp_path: Path) -> None:
    env = {"ORCA_HOME": str(tmp_path)}
    with pytest.raises(NoServer):
        resolve({}, env)
    (tmp_path / "server").mkdir()
    admin = {"url": "https://a:8080/", "accessKey": "ak", "secretKey": "sk"}
    (tmp_path / "server" / "admin.json").write_text(json.dumps(admin))
    (tmp_path / "server" / "ca.pem").write_text("")
    left = resolve({}, env)
    assert (left.url, left.access_key, left.ca_path) == ("https://a:8080", "ak", str(tmp_path / "server" / "ca.pem"))
    assert resolve({"api_url": "https://a:8080/v1"}, env).secret_key == "sk"
    other = resolve({}, env | {"ORCA_URL": "https://b:8080"})
    assert (other.url, other.secret_key, other.ca_path) == ("https://b:8080", None, None)
    assert resolve({"api_project": "Team"}, env | {"ORCA_PROJECT": "Other"}).project == "Team"
    (tmp_path / "server" / "admin.json").write_text("[")
    with pytest.raises(ApiError, match="cannot use"):
        resolve({}, env)


def test_options_that_cannot_be_right_are_named(tmp_path: Path) -> None:
    home = {"api_home": str(tmp_path)}
    with pytest.raises(ApiError, match=r"api_url: orca\.example\.com:8080 must begin with https://"):
        resolve({"api_url": "orca.example.com:8080", **home}, {})
    with pytest.raises(ApiError, match=r"api_ca_path: there is no file /nowhere\.pem"):
        resolve({"api_url": "https://a", "api_ca_path": "/nowhere.pem", **home}, {})


@pytest.mark.parametrize("said", [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"])
def test_whatever_else_answers_is_no_orca_server(said: bytes) -> None:
    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(said)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(ApiError, match="is this an orca server"):
            ApiClient(Target(f"http://127.0.0.1:{listener.getsockname()[1]}")).list("v2/projects")
