# SPDX-License-Identifier: Apache-2.0
"""Containers start again by their policy, and never against the platform's word."""

from __future__ import annotations

import json

from api import Json
from lab import Container, Lab
from machine import Machine
from waiting import until

ALWAYS = {"name": "always"}


def running(container: Container) -> bool:
    return container.docker_name in container.machine.containers("status=running")


def pid(container: Container) -> int:
    return int(container.machine.run("docker", "inspect", "-f", "{{.State.Pid}}", container.docker_name))


def engine_policy(container: Container) -> str:
    path = "{{.HostConfig.RestartPolicy.Name}}"
    return container.machine.run("docker", "inspect", "-f", path, container.docker_name).strip()


def state(lab: Lab, container: Container) -> str:
    return str(lab.api.reload(container.resource)["state"])


def note(container: Container) -> str:
    """The file in which the agent keeps what the platform wants of the container."""
    return f"/var/lib/orca/agent/wanted/{container.resource['uuid']}.json"


def restart_engine(machine: Machine) -> None:
    machine.run("systemctl", "restart", "docker", timeout=60)


def test_what_the_platform_stopped_stays_down_and_the_rest_comes_back(lab: Lab) -> None:
    """Through a restart of the engine that ends all containers, while the server is away."""
    host = lab.hosts[1]
    stopped = lab.probe("policy-stopped", 1, restartPolicy=ALWAYS)
    kept = lab.probe("policy-kept", 1, restartPolicy=ALWAYS)
    assert engine_policy(stopped) in ("", "no")
    lab.api.settled(lab.api.action(stopped.resource, "stop", timeout=0))
    with lab.live_restore(host, False), lab.server_stopped():
        restart_engine(host)
        until(lambda: running(kept), 30, "the container that should run")
        assert not running(stopped)
    until(lambda: state(lab, kept) == "running", 10, "its state")
    assert (state(lab, stopped), running(stopped)) == ("stopped", False)


def test_a_crash_without_a_server_and_by_hand(lab: Lab) -> None:
    web = lab.probe("policy-crash", 1, restartPolicy=ALWAYS)
    with lab.server_stopped():
        for _ in range(2):
            before = pid(web)
            web.machine.kill(web.docker_name)
            until(lambda before=before: running(web) and pid(web) not in (0, before), 10, "it runs again")
    assert state(lab, web) == "running"
    lab.api.settled(lab.api.action(lab.api.reload(web.resource), "stop", timeout=0))
    web.machine.run("docker", "start", web.docker_name)
    until(lambda: not running(web), 20, "what was started by hand goes back")
    assert state(lab, web) == "stopped"


def test_on_failure_gives_up(lab: Lab) -> None:
    script = "echo run >> /tmp/runs; test $(wc -l < /tmp/runs) -lt 2 || sleep 1; exit 7"
    policy = {"name": "on-failure", "maximumRetryCount": 2}
    made = lab.launch("policy-count", 1, command=["sh", "-c", script], restartPolicy=policy)
    until(lambda: lab.api.reload(made)["state"] == "stopped", 30, "it gives up")
    row = lab.admin.get(f"containers/{made['id']}")
    assert row["exitCode"] == 7
    name = f"{row['name']}-{row['uuid'][:8]}"
    lab.hosts[1].run("docker", "cp", f"{name}:/tmp/runs", "/tmp/runs")
    assert lab.hosts[1].run("cat", "/tmp/runs").split() == ["run"] * 3


def test_policies_of_the_first_release_become_the_agents(lab: Lab) -> None:
    """The agent of 0.1.0 left no notes and the policy to the engine."""
    old = lab.probe("policy-old", 1, restartPolicy=ALWAYS)
    old.machine.run("rm", note(old))
    old.machine.run("docker", "update", "--restart", "always", old.docker_name)
    old.machine.run("docker", "restart", "orca-agent")
    until(lambda: engine_policy(old) == "no", 30, "the engine's policy is gone")
    assert json.loads(old.machine.run("cat", note(old)))["policy"] == {"name": "always"}
    old.machine.kill(old.docker_name)
    until(lambda: running(old), 20, "it runs again")


def test_a_sidekick_shares_network_and_volumes_of_its_service_through_every_change(lab: Lab) -> None:
    """The engine ties a sharer to one run of one container of the owner: it follows a restart and a replacement."""
    api, image = lab.api, f"docker:{lab.images['probe']}"
    stack = api.settled(api.create("environments", name="joined"))
    sidekick = {"name": "side", "networkLaunchConfig": "web", "dataVolumesFromLaunchConfigs": ["web"]}
    service = api.create(
        "services",
        name="web",
        environmentId=stack["id"],
        startOnCreate=True,
        launchConfig={"imageUuid": image, "dataVolumes": ["/shared"]},
        secondaryLaunchConfigs=[{**sidekick, "imageUuid": image}],
    )

    def unit() -> tuple[Container, Container] | None:
        """The web container and its sidekick, if they run in one network."""
        found = [row for row in api.call("GET", service["links"]["instances"])["data"] if row["state"] == "running"]
        if len(found) != 2:
            return None
        web, side = (lab.started(row) for row in sorted(found, key=lambda row: row["networkContainerId"] or ""))
        return (web, side) if len({each.run("readlink", "/proc/1/ns/net") for each in (web, side)}) == 1 else None

    try:
        api.settled(service)
        web, side = until(unit, 60, "the unit")
        assert (web.machine, web.address) == (side.machine, side.address)
        web.run("sh", "-c", "echo seen > /shared/file")
        assert side.run("cat", "/shared/file").strip() == "seen"
        assert side.run("cat", "/etc/resolv.conf") == web.run("cat", "/etc/resolv.conf")
        assert side.resolves("web") == [web.address]
        before = pid(web)
        api.settled(api.action(api.reload(web.resource), "restart", timeout=0))
        until(lambda: pid(web) != before and unit(), 60, "both in the network of the new start")
        web.machine.run("docker", "rm", "-f", web.docker_name)
        again, _ = until(lambda: (now := unit()) and now[0].resource["id"] != web.resource["id"] and now, 60, "others")
        assert again.resource["externalId"] != web.resource["externalId"]
    finally:
        api.remove(stack, within=90)


def test_users_stop_and_remove_what_was_made_with_docker(lab: Lab) -> None:
    host, image = lab.hosts[1], lab.images["probe"]
    for name, network in (("by-hand-a", "bridge"), ("by-hand-b", "container:by-hand-a")):
        host.run("docker", "run", "-d", "--name", name, "--network", network, image, "sleep", "600")

    def shown() -> list[Json] | None:
        rows = sorted(lab.api.list("containers", name_prefix="by-hand-", state="running"), key=lambda row: row["name"])
        return rows if len(rows) == 2 else None

    owner, sharer = until(shown, 20, "their rows")
    assert (owner["networkMode"], sharer["networkMode"]) == ("bridge", "container")
    assert sharer["networkContainerId"] == owner["id"]
    assert lab.api.settled(lab.api.action(sharer, "stop", timeout=0))["state"] == "stopped"
    assert "by-hand-b" not in host.containers("status=running")
    lab.api.remove(lab.api.reload(sharer))
    assert not host.succeeds("docker", "inspect", "by-hand-b")
    host.run("docker", "rm", "-f", "by-hand-a")
    until(lambda: lab.api.reload(owner)["state"] == "removed", 20, "it is removed")
