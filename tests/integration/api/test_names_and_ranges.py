# SPDX-License-Identifier: Apache-2.0
"""Names and ranges that nothing could be made of are refused at once; all others work."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest


def put(admin: httpx.Client, name: str, value: str | None) -> httpx.Response:
    return admin.put(f"/v2/settings/{name}", json={"value": value})


def start(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a server that does not start."""
    command = [sys.executable, "-c", "from orca.cli import main; main()", "server", "--data-dir", str(directory)]
    return subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("name", ["p" * 52, "p" * 255, "\u00fc" * 100])
def test_a_project_may_have_any_name(admin: httpx.Client, name: str, wait: Callable[..., Any]) -> None:
    made = admin.post("/v2/projects", json={"name": name})
    assert made.status_code == 201, made.text
    found = wait(admin, f"/v2/projects/{made.json()['id']}", lambda shown: shown["state"] == "active")
    assert found["name"] == name


@pytest.mark.parametrize("value", ["15", "27", "28", "24.5", "-24", "x", ""])
def test_ranges_of_hosts_that_cannot_be(admin: httpx.Client, value: str) -> None:
    answer = put(admin, "network.host.prefix", value)
    assert (answer.status_code, answer.json()["fieldName"]) == (422, "value")
    assert "from 16 to 26" in answer.json()["message"]


def test_ranges_of_hosts_and_the_network_fit_together(admin: httpx.Client) -> None:
    try:
        for value in ("16", "15"):
            assert put(admin, "network.host.prefix", value).status_code == 422  # the network is a /16 itself
        assert put(admin, "network.host.prefix", "26").status_code == 200
        assert put(admin, "docker.network.subnet.cidr", "10.9.0.0/24").status_code == 200
        answer = put(admin, "network.host.prefix", "24")
        assert answer.status_code == 422
        assert "above 24" in answer.json()["message"]
        assert put(admin, "network.host.prefix", None).status_code == 422  # the default is 24, too
        assert put(admin, "docker.network.subnet.cidr", "10.9.0.0/26").status_code == 422
    finally:
        put(admin, "docker.network.subnet.cidr", None)
        put(admin, "network.host.prefix", None)


@pytest.mark.parametrize(
    "host", ["ex\u00e4mple.org", "a" * 64 + ".org", ".".join(["a" * 60] * 5), "-a.org", "a..b", "a b"]
)
def test_the_server_s_name_must_go_into_a_certificate(admin: httpx.Client, tmp_path: Path, host: str) -> None:
    url = f"https://{host}:8443"
    assert put(admin, "api.host", url).status_code == 422
    command = [
        sys.executable,
        "-c",
        "from orca.cli import main; main()",
        "server",
        "--data-dir",
        str(tmp_path / "data"),
    ]
    ended = subprocess.run([*command, "--advertise-url", url], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1), ended.stderr
    assert "api.host" in ended.stderr


def test_what_the_environment_sets_is_checked_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCA_SETTING_NETWORK_HOST_PREFIX", "28")
    command = [
        sys.executable,
        "-c",
        "from orca.cli import main; main()",
        "server",
        "--data-dir",
        str(tmp_path / "data"),
    ]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1), ended.stderr
    assert "network.host.prefix" in ended.stderr
    assert "from 16 to 26" in ended.stderr


@pytest.mark.parametrize("key", ["h\u00f6st", "a b", "\t", "k" * 65])
def test_a_host_s_key_must_go_into_a_certificate(
    tenant: httpx.Client, server: Any, wait: Callable[..., Any], key: str
) -> None:
    made = tenant.post("/v2/registrationtokens", json={}).json()
    token = wait(tenant, f"/v2/registrationtokens/{made['id']}", lambda shown: shown["state"] == "active")
    auth = httpx.BasicAuth("registrationToken", token["token"])
    answer = httpx.post(f"{server.url}/v1/register", json={"key": key}, auth=auth)
    assert (answer.status_code, answer.json().get("fieldName")) == (422, "key"), answer.text
