# SPDX-License-Identifier: Apache-2.0
"""Containers start again by their policy, and never against the platform's word."""

from __future__ import annotations

import json

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
