# SPDX-License-Identifier: Apache-2.0
"""The server dies; what it accepted comes true, and hosts do not need it meanwhile."""

from __future__ import annotations

from collections import Counter

from lab import Lab
from waiting import until

COMPOSE = """
web:
  image: {probe}
  links: [memcached]
memcached:
  image: {memcached}
"""


def kill_server(lab: Lab) -> None:
    lab.server.run("systemctl", "kill", "-s", "KILL", "orca-server")


def test_killed_while_starting_20_containers(lab: Lab) -> None:
    asked = [lab.launch(f"crash-{number}") for number in range(20)]
    until(
        lambda: any(lab.api.reload(row)["state"] == "running" for row in asked), 30, "the first of 20 runs", every=0.02
    )
    assert not all(lab.api.reload(row)["state"] == "running" for row in asked), (
        "killed too late: the test proves nothing"
    )
    kill_server(lab)
    until(lambda: lab.api.list("hosts"), 30, "the server answers again")
    containers = [lab.started(row) for row in asked]

    addresses = Counter(container.address for container in containers)
    assert len(addresses) == 20, addresses
    on_hosts = Counter(
        uuid
        for host in lab.hosts
        for uuid in host.run("docker", "ps", "-a", "--format", '{{.Label "io.orca.instance.uuid"}}').split()
    )
    for container in containers:
        assert on_hosts[container.resource["uuid"]] == 1, container.name
    open_processes = [
        p for p in lab.admin.list("processInstances", endTime_null="true") if p["resourceType"] == "instance"
    ]
    until(
        lambda: not [p for p in open_processes if not lab.admin.reload(p)["endTime"]],
        20,
        f"no process hangs: {open_processes}",
    )


def test_hosts_work_on_while_the_server_is_away(lab: Lab) -> None:
    with lab.stack("away", COMPOSE) as stack:
        web, cache = stack.containers("web")[0], stack.containers("memcached")[0]
        until(lambda: web.resolves("memcached") == [cache.address], 2, "the linked name")
        with lab.server_stopped():
            assert web.resolves("memcached") == [cache.address]
            assert web.pings(cache.address)
        assert stack.containers("web")[0].resource["id"] == web.resource["id"]


def test_changes_by_hand_while_the_agent_is_stopped(lab: Lab) -> None:
    """On the agent's return the state store tells the truth about containers stopped, removed and started by hand."""
    host = lab.hosts[1]
    # Standalone containers: nobody restarts them behind the test's back.
    stopped, removed = lab.probe("hand-stopped", host=1), lab.probe("hand-removed", host=1)
    host.run("docker", "stop", "orca-agent")
    try:
        host.run("docker", "stop", "-t", "1", stopped.docker_name)
        host.run("docker", "rm", "-f", removed.docker_name)
        host.run("docker", "run", "-d", "--name", "hand-started", "--network", "orca", lab.images["probe"])
    finally:
        host.run("docker", "start", "orca-agent")
    try:
        until(lambda: lab.api.reload(stopped.resource)["state"] == "stopped", 20, "stopped by hand")
        until(lambda: lab.api.reload(removed.resource)["state"] in ("removed", "purged"), 20, "removed by hand")
        native = until(
            lambda: lab.api.list("containers", name="hand-started", removed_null="true"), 20, "started by hand"
        )[0]
        assert native["state"] == "running"
        assert native["nativeContainer"] is True
        assert native["primaryIpAddress"].startswith("10.42.")
    finally:
        host.run("docker", "rm", "-f", "hand-started")
    until(
        lambda: not lab.api.list("containers", name="hand-started", removed_null="true"),
        20,
        "removed by hand, agent running",
    )
