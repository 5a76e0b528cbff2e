# SPDX-License-Identifier: Apache-2.0
"""Health checks: three hosts look at each container and say why it fails; one that cannot judge condemns nobody."""

from __future__ import annotations

from api import Json
from lab import Container, Lab, Stack
from waiting import settles, until

COMPOSE = """
web:
  image: {web}
  command: [sh, -c, python3 -u /usr/local/bin/web & exec sleep 100000]
memcached:
  image: {memcached}
"""
CHECKS = """
web:
  health_check:
    {port: 80, request_line: GET /health HTTP/1.0, interval: 500, response_timeout: 500, unhealthy_threshold: 2}
memcached:
  health_check: {port: 11211, interval: 500, response_timeout: 500, strategy: none}
"""
KILL = """
import os, signal
for pid in filter(str.isdigit, os.listdir('/proc')):
    words = open(f'/proc/{pid}/cmdline', 'rb').read().split(b'\\0')
    if words[-2:-1] == [b'/usr/local/bin/web']:
        os.kill(int(pid), signal.SIGKILL)
"""


def verdicts(lab: Lab, container: Container) -> dict[str, Json]:
    """What each host says about a container, by the name of the host."""
    names = {row["id"]: row["hostname"] for row in lab.admin.list("hosts", removed_null="true")}
    rows = lab.admin.list("healthcheckInstanceHostMaps", instanceId=container.resource["id"])
    return {names[row["hostId"]]: row for row in rows if row["state"] == "active"}


def health(lab: Lab, container: Container) -> str:
    return str(lab.api.reload(container.resource)["healthState"])


def healthy(lab: Lab, stack: Stack, service: str) -> Container:
    """The container of a service, once every host finds it well."""
    (container,) = until(lambda: stack.containers(service), 30, f"a container of {service}")

    def well() -> bool:
        found = verdicts(lab, container)
        return len(found) == len(lab.hosts) and {row["verdict"] for row in found.values()} == {"up"}

    until(well, 30, f"{container.name}: every host says up")
    assert health(lab, container) == "healthy"
    return container


def test_checks_see_words_and_replacement(lab: Lab) -> None:
    with lab.stack("health", COMPOSE, CHECKS) as stack:
        memcached, web = healthy(lab, stack, "memcached"), healthy(lab, stack, "web")
        web.run("python3", "-c", KILL)
        fresh = until(lambda: stack.running_other_than("web", web), 30, "a new container in place of the unhealthy one")
        gone = lab.admin.get(f"containers/{web.resource['id']}")
        assert gone["healthState"] == "unhealthy"
        # A checker that was late just then does not judge, so it is not always all of them.
        assert "connection refused" in gone["healthReason"]
        assert healthy(lab, stack, "web").name == fresh.name

        # A checker that is paused says nothing, and nothing when it goes on that was its own fault.
        paused = memcached.machine
        paused.run("docker", "pause", "orca-check")
        try:
            until(lambda: verdicts(lab, memcached)[paused.name]["verdict"] == "unknown", 20, "it does not judge")
            settles(lambda: health(lab, memcached) == "healthy", 3, 10, "it condemns nobody")
        finally:
            paused.run("docker", "unpause", "orca-check")
        until(lambda: verdicts(lab, memcached)[paused.name]["verdict"] == "up", 20, "it judges again")
        assert health(lab, memcached) == "healthy"
        assert [i["id"] for i in stack.instances("memcached")] == [memcached.resource["id"]]


ENGINES = """
asks: {{image: {probe}, links: [own, stays]}}
own: &checked
  image: {probe}
  command: [sh, -c, touch /tmp/well; exec sleep infinity]
  healthcheck: {{test: cat /tmp/well, interval: 500ms, start_interval: 250ms, timeout: 5s, retries: 2}}
stays:
  <<: *checked
  labels: {{io.orca.healthcheck.strategy: none}}
onhost:
  image: {probe}
  network_mode: host
  command:
    - python3
    - -c
    - |
      import socket
      way = socket.socket(type=socket.SOCK_DGRAM)
      way.connect(("192.0.2.1", 9))
      listener = socket.create_server((way.getsockname()[0], 18199))
      while True: listener.accept()[0].close()
"""
ON_HOST = "onhost: {health_check: {port: 18199, interval: 500, strategy: none}}"


def test_the_engines_own_check_and_the_hosts_own_network(lab: Lab) -> None:
    with lab.stack("engine", ENGINES, ON_HOST) as stack:
        (asks,) = stack.containers("asks")
        own, stays, onhost = (
            until(lambda name=name: stack.containers(name), 30, name)[0] for name in ("own", "stays", "onhost")
        )
        for checked in (own, stays):
            until(lambda checked=checked: health(lab, checked) == "healthy", 30, f"{checked.name} is healthy")
        until(lambda: (asks.resolves("own"), asks.resolves("stays")) == ([own.address], [stays.address]), 5, "names")

        stays.run("rm", "/tmp/well")
        until(lambda: health(lab, stays) == "unhealthy", 30, "the command fails")
        until(lambda: not asks.resolves("stays"), 2, "its name has no address")
        answer = asks.run("dig", "+noall", "+comments", "+authority", "stays.engine")
        assert "status: NOERROR" in answer
        (authority,) = (line.split() for line in answer.splitlines() if "SOA" in line)
        assert (authority[:4], authority[-1]) == (["stays.engine.", "1", "IN", "SOA"], "1")
        said = lab.admin.get(f"containers/{stays.resource['id']}")["engineHealth"]
        assert (said["state"], "No such file" in said["output"]) == ("unhealthy", True)

        own.run("rm", "/tmp/well")
        fresh = until(lambda: stack.running_other_than("own", own), 30, "a new container in place of the unhealthy one")
        until(lambda: asks.resolves("own") == [fresh.address], 30, "the name of the new one")
        assert [row["id"] for row in stack.instances("stays")] == [stays.resource["id"]], "its label lets it stay"
        stays.run("touch", "/tmp/well")
        until(lambda: asks.resolves("stays") == [stays.address], 30, "it is well again")

        until(lambda: health(lab, onhost) == "healthy", 30, "it listens at its host's address only")
        assert {name: row["verdict"] for name, row in verdicts(lab, onhost).items()} == {onhost.machine.name: "up"}
