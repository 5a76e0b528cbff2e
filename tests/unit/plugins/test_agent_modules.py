# SPDX-License-Identifier: Apache-2.0
"""The agent seen from outside: its files, and whether the server takes its credentials."""

from __future__ import annotations

import http.server
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.orca.platform.plugins.module_utils._agent import AgentFiles
from harness import host
from harness.running import run


@contextmanager
def server(status: int) -> Iterator[tuple[str, list[str]]]:
    """An API that answers everything with one status; yields its URL and the Authorization headers seen."""
    seen: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(f"{self.path} {self.headers['Authorization']}")
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.server_address[1]}/v1", seen
        finally:
            running.shutdown()
            thread.join()


def files(root: Path, **documents: object) -> AgentFiles:
    (root / "agent").mkdir()
    for name, document in documents.items():
        (root / "agent" / f"{name}.json").write_text(document if isinstance(document, str) else json.dumps(document))
    return AgentFiles(str(root))


def credentials(url: str) -> dict[str, str]:
    return {"url": url, "accessKey": "a", "secretKey": "b", "caSha256": ""}


@pytest.mark.parametrize(("status", "accepted"), [(200, True), (401, False), (403, False), (503, None)])
def test_the_server_says_whether_it_takes_the_credentials(tmp_path: Path, status: int, accepted: bool | None) -> None:
    with server(status) as (url, seen):
        assert files(tmp_path, credentials=credentials(url)).accepted() is accepted
    assert seen == ["/v1/agents Basic YTpi"]


def test_a_server_that_is_away_does_not_refuse(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    assert files(tmp_path, credentials=credentials(f"http://127.0.0.1:{port}/v1")).accepted() is None


def test_without_credentials_nothing_is_asked(tmp_path: Path) -> None:
    assert AgentFiles(str(tmp_path)).accepted() is False


def test_what_the_files_say(tmp_path: Path) -> None:
    agent = files(
        tmp_path,
        identity={"uuid": "u"},
        credentials=credentials("https://s/v1"),
        status={"state": "failed", "message": "why", "since": 7},
    )
    assert (agent.uuid, agent.url, agent.status()) == ("u", "https://s/v1", ("failed", "why", 7))


def test_damaged_or_missing_files_say_nothing(tmp_path: Path) -> None:
    agent = files(tmp_path, identity="{", status="[]")
    assert (agent.uuid, agent.url, agent.status()) == (None, None, ("", "", 0))


def test_check_mode_on_a_machine_that_gets_docker_later_predicts_the_container(root: Path) -> None:
    host.make(root)
    arguments = {"image": "agent:1", "docker_socket": "{root}/nowhere.sock"}
    outcome = run("agent_container", arguments, [], root, check=True)
    assert outcome.result["changed"]
    assert outcome.result["actions"] == ["create container orca-agent"]
    assert outcome.warnings == ["Docker does not run on this host yet; everything would be made"]
