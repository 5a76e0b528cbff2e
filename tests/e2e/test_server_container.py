# SPDX-License-Identifier: Apache-2.0
"""The server as one container, started with one command, nothing configured."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from api import Api
from lab import Lab
from machine import sh
from waiting import until

NAME = "orca-e2e-one-command"


@pytest.fixture
def address(lab: Lab) -> Iterator[str]:
    """`HOST:PORT` of a server in a container, as the machines of the lab reach it; gone after the test.

    It stands on the machines' own network: that one is cut off from the world, so that no port of it can be published.
    """
    sh("docker", "rm", "-fv", NAME, check=False)
    options = ("--restart=always", "--network", lab.network, "-v", f"{NAME}:/var/lib/orca")
    sh("docker", "run", "-d", "--name", NAME, *options, lab.images["control/server"])
    try:
        (container,) = json.loads(sh("docker", "inspect", NAME).stdout)
        yield f"{container['NetworkSettings']['Networks'][lab.network]['IPAddress']}:8080"
    finally:
        sh("docker", "rm", "-fv", NAME)
        sh("docker", "volume", "rm", NAME)


def owner(address: str, folder: Path) -> Api:
    """The API of the container's server for its administrator, who reads the key with `docker exec`."""
    admin = json.loads(
        until(lambda: sh("docker", "exec", NAME, "cat", "/var/lib/orca/admin.json", check=False).stdout, 20, "a key")
    )
    ca = folder / "ca.pem"
    ca.write_text(sh("docker", "exec", NAME, "cat", "/var/lib/orca/tls/ca.crt").stdout)
    # Nobody has said how this server is reached: its certificate cannot know yet.
    return Api(f"https://{address}", admin["accessKey"], admin["secretKey"], ca, "v2", check_name=False)


def test_hosts_can_join_a_server_that_was_started_with_one_command(lab: Lab, address: str, tmp_path: Path) -> None:
    api = owner(address, tmp_path)
    project = until(lambda: api.list("projects"), 20, "a project")[0]
    token = api.settled(api.create(f"projects/{project['id']}/registrationtokens"))
    host = lab.hosts[0]
    pin = re.search(r"ORCA_CA_SHA256=(\w+)", token["command"])
    assert token["registrationUrl"].startswith(f"https://{address}/v1/scripts/")
    host.run("tee", "/tmp/one-command-ca.pem", stdin=(tmp_path / "ca.pem").read_text())
    fetch = ("curl", "-fsS", "-m", "5", "--cacert", "/tmp/one-command-ca.pem", token["registrationUrl"])
    until(lambda: host.succeeds(*fetch), 10, "the registration script, with the name checked")
    script = host.run(*fetch)
    assert pin is not None
    assert f"CATTLE_URL=https://{address}/v1" in script
    assert pin[1] in script

    sh("docker", "kill", NAME)
    sh("docker", "start", NAME)
    until(lambda: host.succeeds(*fetch), 20, "the same token after a kill")
