# SPDX-License-Identifier: GPL-3.0-or-later
"""The server as role `server` leaves it: answering over TLS, closed, confined, and the same after a crash."""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

DATA = "/var/lib/orca-server"
FETCHED = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "machines" / "orca" / "server"
DEADLINE = 15  # seconds


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, f"not within {DEADLINE} s: {what}"
        time.sleep(0.1)


@pytest.fixture
def admin() -> dict[str, str]:
    return json.loads((FETCHED / "admin.json").read_text())


@pytest.fixture
def curl(host, admin):
    """Ask the server as a client with the fetched authority and key would; gives status and body."""

    def ask(path: str, *more: str) -> tuple[int, str]:
        command = ["curl", "-s", "--max-time", "5", "--cacert", f"{DATA}/tls/ca.crt", "-w", "\n%{http_code}", *more]
        body, _, status = host.run(
            " ".join(["%s"] * (len(command) + 1)), *command, admin["url"] + path
        ).stdout.rpartition("\n")
        return int(status), body

    return ask


def test_it_answers_over_tls_with_its_own_authority(host, curl, admin) -> None:
    assert admin["url"].startswith("https://")
    assert curl("/ping") == (200, "pong")
    untrusted = host.run("curl -s --max-time 5 %s/ping", admin["url"])
    assert untrusted.rc == 60, "without its authority a client must refuse"


def test_it_is_closed_and_the_fetched_key_opens_it(curl, admin) -> None:
    assert curl("/v2/projects")[0] == 401
    status, body = curl("/v2/projects", "-u", f"{admin['accessKey']}:{admin['secretKey']}")
    assert status == 200
    assert [project["name"] for project in json.loads(body)["data"]] == ["Default"]


def test_secrets_are_readable_by_their_owner_alone(host) -> None:
    for name in ("admin.json", "master.key", "tls/server.key"):
        file = host.file(f"{DATA}/{name}")
        assert (file.user, file.mode) == ("orca", 0o600), name
    assert host.file(DATA).mode == 0o700
    for name in ("admin.json", "ca.pem"):
        assert stat.S_IMODE((FETCHED / name).stat().st_mode) == 0o600, name


def test_the_service_is_confined(host) -> None:
    service = host.service("orca-server")
    assert service.is_running
    assert service.is_enabled
    shown = host.run(
        "systemctl show orca-server -p User,NoNewPrivileges,ProtectSystem,CapabilityBoundingSet,MainPID"
    ).stdout
    properties = dict(line.split("=", 1) for line in shown.splitlines())
    assert properties["User"] == "orca"
    assert properties["NoNewPrivileges"] == "yes"
    assert properties["ProtectSystem"] == "strict"
    assert properties["CapabilityBoundingSet"] == ""
    status = host.file(f"/proc/{properties['MainPID']}/status").content_string
    assert "CapEff:\t0000000000000000" in status


def test_a_crash_loses_nothing(host, curl, admin) -> None:
    key = ("-u", f"{admin['accessKey']}:{admin['secretKey']}")
    content = ("-H", "Content-Type: application/json", "-d", '{"name": "kept"}')
    status, body = curl("/v2/projects", *key, *content)
    assert status == 201, body
    host.run_test("systemctl kill --signal=SIGKILL orca-server")

    def kept() -> bool:
        status, body = curl("/v2/projects", *key)
        return status == 200 and "kept" in {project["name"] for project in json.loads(body)["data"]}

    wait_until(kept, "the project is there after the restart")
