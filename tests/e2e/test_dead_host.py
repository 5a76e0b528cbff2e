# SPDX-License-Identifier: Apache-2.0
"""A host that dies or is cut off: what it ran answers elsewhere, once, and what is bound to it waits for it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from lab import Container, Lab, Stack
from machine import Machine, sh
from waiting import settles, until

COMPOSE = """
web:
  image: {web}
db:
  image: {memcached}
  volumes: [dead-data:/data]
"""
SCALE = "web: {scale: 3}"
PATIENCE = 30  # until what moved answers; it takes less than ten seconds on a machine that has nothing else to do


@contextlib.contextmanager
def cut(machine: Machine) -> Iterator[None]:
    """The machine neither gets nor sends a packet, and nobody is told."""
    rules = (("raw", "PREROUTING", "-i"), ("mangle", "POSTROUTING", "-o"))
    for table, chain, way in rules:
        machine.run("iptables", "-t", table, "-I", chain, way, "eth0", "-j", "DROP")
    try:
        yield
    finally:
        for table, chain, way in rules:
            machine.run("iptables", "-t", table, "-D", chain, way, "eth0", "-j", "DROP")


@contextlib.contextmanager
def killed(machine: Machine) -> Iterator[None]:
    """The machine has no power."""
    sh("docker", "kill", machine.name)
    try:
        yield
    finally:
        sh("docker", "start", machine.name)


def liveness(lab: Lab, machine: Machine) -> str | None:
    rows = lab.admin.list("hosts", removed_null="true")
    return next(row["liveness"] for row in rows if row["hostname"] == machine.name)


def successor(lab: Lab, stack: Stack, probe: Container, known: set[str]) -> Container | None:
    """A web container that was not there before, if it answers."""
    fresh = [row for row in stack.instances("web") if row["state"] == "running" and row["id"] not in known]
    if not fresh:
        return None
    container = lab.started(fresh[0])
    return container if probe.fetches(f"http://{container.address}/health") else None


def running(lab: Lab, stack: Stack) -> list[str]:
    """The containers of the stack that run, on all hosts."""
    label = f"label=io.orca.stack.name={stack.resource['name']}"
    return [name for host in lab.hosts for name in host.containers(label, "status=running")]


def test_what_a_dead_host_ran_answers_elsewhere_and_nothing_runs_twice(lab: Lab) -> None:
    with lab.stack("dead", COMPOSE, SCALE) as stack:
        (db,) = stack.containers("db")
        victim = db.machine
        others = [number for number, host in enumerate(lab.hosts) if host.name != victim.name]
        probe = lab.probe("dead-probe", others[0])
        for trouble in (cut, killed):
            known = {row["id"] for row in stack.instances("web")}
            (lost,) = [each for each in stack.containers("web") if each.machine.name == victim.name]
            began = time.monotonic()
            with trouble(victim):
                moved = until(lambda known=known: successor(lab, stack, probe, known), PATIENCE, "its successor")
                print(f"{trouble.__name__}: answers elsewhere after {time.monotonic() - began:.1f} s")
                assert moved.machine.name != victim.name
                assert liveness(lab, victim) == "dead"
                assert lost.address not in probe.resolves("web.dead")
                words = f"waits for host {victim.name}, which is dead: its volume dead-data lies on {victim.name}"
                row = until(
                    lambda: (now := lab.api.reload(db.resource))["transitioning"] == "error" and now, 10, "db waits"
                )
                assert row["transitioningMessage"] == words
            until(lambda: liveness(lab, victim) is None, 60, f"{victim.name} is back")
            until(lambda: len(running(lab, stack)) == 4, 60, "nothing runs twice")
            assert lost.docker_name not in victim.containers("status=running")
            until(lambda: lab.api.reload(db.resource)["transitioning"] == "no", 30, "db waits no longer")
            assert [row["id"] for row in stack.instances("db")] == [db.resource["id"]]
            # Its tunnels are up again, so that the next trouble is one of this host alone.
            until(lab.matrix_is_up, 60, "the mesh")
            service = next(row for row in stack.services() if row["name"] == "web")
            for scale in (2, 3):  # one of them comes to the host that is back
                lab.api.settled(lab.api.call("PUT", service["links"]["self"], json={"scale": scale}))
            until(stack.is_complete, 60, "three of them")


def test_a_host_that_stands_still_for_five_seconds_loses_nothing(lab: Lab) -> None:
    with lab.stack("still", COMPOSE, SCALE) as stack:
        before = sorted(row["id"] for row in stack.instances("web"))
        victim = stack.containers("db")[0].machine
        sh("docker", "pause", victim.name)
        try:
            time.sleep(5)  # the pause itself is the case; nothing is waited for
        finally:
            sh("docker", "unpause", victim.name)
        lab.wait_for_agents()
        settles(lambda: liveness(lab, victim) is None, 5, 30, "nobody finds it dead")
        assert sorted(row["id"] for row in stack.instances("web")) == before
        assert len(running(lab, stack)) == 4
