# SPDX-License-Identifier: Apache-2.0
"""The platform under test: a server and four hosts, with what tests do to them in a person's words."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from api import Api, Json
from machine import Machine, sh
from waiting import until

PARTS = ("orca-agent", "orca-net", "orca-dns", "orca-check")


@dataclass(frozen=True)
class Container:
    """A running managed container and the machine it runs on."""

    resource: Json
    machine: Machine

    @property
    def name(self) -> str:
        return str(self.resource["name"])

    @property
    def address(self) -> str:
        return str(self.resource["primaryIpAddress"])

    @property
    def docker_name(self) -> str:
        return f"{self.name}-{self.resource['uuid'][:8]}"

    def run(self, *argv: str, check: bool = True) -> str:
        return self.machine.in_container(self.docker_name, *argv, check=check)

    def succeeds(self, *argv: str) -> bool:
        return self.machine.succeeds("docker", "exec", self.docker_name, *argv)

    def pings(self, address: str) -> bool:
        return self.succeeds("ping", "-c", "1", "-W", "1", address)

    def fetches(self, url: str) -> bool:
        """Whether an HTTP GET answers 200, with nothing but the Python of the base image."""
        script = "import sys,urllib.request as u; u.urlopen(sys.argv[1], timeout=3).read()"
        return self.succeeds("python3", "-c", script, url)

    def reads(self, path: str, check: bool = True) -> str:
        """Metadata: what is below `http://rancher-metadata/latest/`."""
        script = "import sys,urllib.request as u; print(end=u.urlopen(sys.argv[1], timeout=130).read().decode())"
        url = f"http://rancher-metadata/latest/{path}"
        return self.machine.in_container(self.docker_name, "python3", "-c", script, url, check=check, timeout=140)

    def resolves(self, name: str) -> list[str]:
        """The IPv4 addresses that the C library gives a program in the container for `name`; [] when there are none."""
        lines = self.run("getent", "ahostsv4", name, check=False).splitlines()
        return sorted({line.split()[0] for line in lines})

    def refreshed(self) -> Container:
        """The same container after its engine restarted (it must run again)."""
        until(lambda: self.docker_name in self.machine.containers("status=running"), 20, f"{self.name} runs")
        return self


@dataclass
class Lab:
    """What a session's fixture hands to every test."""

    api: Api  # /v1 as an owner of the default project
    admin: Api  # /v2 as the administrator, where what is ours is shown
    server: Machine
    hosts: list[Machine]  # three, of the site playbook
    images: dict[str, str]  # name -> reference that hosts can pull
    network: str  # the control node's network that the machines are on
    cidr: str = "10.42.0.0/16"
    parts: tuple[str, ...] = PARTS
    made: list[Json] = field(default_factory=list)

    # -- hosts -------------------------------------------------------------------------------------

    def host_resource(self, machine: Machine) -> Json:
        """The API's host of a machine."""
        rows = [row for row in self.api.list("hosts", removed_null="true") if row["hostname"] == machine.name]
        assert len(rows) == 1, f"{machine.name}: {[r['id'] for r in rows]}"
        return rows[0]

    def machine_of(self, host_id: str) -> Machine:
        return Machine(self.api.get(f"hosts/{host_id}")["hostname"])

    def agent_is_connected(self, machine: Machine) -> bool:
        return self.host_resource(machine)["agentState"] == "active"

    def reported_address(self, machine: Machine) -> str | None:
        """The outer address that the platform knows, while the agent is connected."""
        row = self.admin.reload(
            next(h for h in self.admin.list("hosts", removed_null="true") if h["hostname"] == machine.name)
        )
        return row["agentIpAddress"] if row["agentState"] == "active" else None

    # -- containers --------------------------------------------------------------------------------

    def launch(self, name: str, host: int | None = None, image: str = "probe", **more: Any) -> Json:
        """Ask for a container; remembered for the clean-up after the test."""
        if host is not None:
            more["requestedHostId"] = self.host_resource(self.hosts[host])["id"]
        resource = self.api.create("containers", name=name, imageUuid=f"docker:{self.images.get(image, image)}", **more)
        self.made.append(resource)
        return resource

    def started(self, resource: Json) -> Container:
        ready = self.api.settled(resource)
        assert ready["state"] == "running", ready
        return Container(ready, self.machine_of(ready["hosts"][0]["id"] if ready.get("hosts") else ready["hostId"]))

    def probe(self, name: str, host: int, **more: Any) -> Container:
        """A running container with the usual network tools."""
        return self.started(self.launch(name, host, **more))

    def http(self, name: str, host: int, public: int) -> Container:
        """A container that answers HTTP on a published port with the caller's address."""
        script = (
            "import http.server as h\n"
            "class A(h.BaseHTTPRequestHandler):\n"
            "  def do_GET(s): b=s.client_address[0].encode(); s.send_response(200); "
            "s.send_header('Content-Length',str(len(b))); s.end_headers(); s.wfile.write(b)\n"
            "h.ThreadingHTTPServer(('',8080),A).serve_forever()"
        )
        return self.started(self.launch(name, host, command=["python3", "-c", script], ports=[f"{public}:8080/tcp"]))

    def container(self, name: str) -> Container:
        row = next(row for row in self.made if row["name"] == name)
        return self.started(row)

    def clean(self) -> None:
        """Remove what `launch` made, and wait: addresses and ports are free for the next test."""
        made, self.made = self.made, []
        live = [
            row
            for row in (self.api.reload(row) for row in made)
            if row["state"] not in ("removed", "purged", "removing")
        ]
        for row in live:
            self.api.delete(row)
        for row in made:
            until(
                lambda row=row: self.api.reload(row)["state"] in ("removed", "purged"), 60, f"removal of {row['name']}"
            )

    # -- names -------------------------------------------------------------------------------------

    def resolver_answers(self, container: Container) -> bool:
        """Whether the resolver at 169.254.169.250 answers this container at all (NXDOMAIN is an answer)."""
        return "status:" in container.run(
            "dig", "+time=1", "+tries=1", "@169.254.169.250", "nothing.orca.internal", check=False
        )

    @contextlib.contextmanager
    def stack(self, name: str, compose: str, rancher: str | None = None) -> Iterator[Stack]:
        """A running stack; removed afterwards."""
        texts = {"dockerCompose": compose.format(**self.images), "rancherCompose": rancher}
        created = self.api.create("environments", name=name, startOnCreate=True, **texts)
        try:
            self.api.settled(created)
            stack = Stack(self, created)
            until(stack.is_complete, 60, f"stack {name}")
            yield stack
        finally:
            self.api.remove(created, within=90)

    # -- mesh --------------------------------------------------------------------------------------

    def matrix(self) -> list[Json]:
        rows: list[Json] = self.admin.list("meshLinks")
        return rows

    def matrix_is_up(self) -> bool:
        count = len(self.api.list("hosts", removed_null="true"))
        rows = self.matrix()
        return len(rows) == count * (count - 1) and all(row["state"] == "up" for row in rows)

    def broken_pairs(self) -> list[tuple[str, str]]:
        names = {row["id"]: row["hostname"] for row in self.api.list("hosts")}
        return [(names[row["hostId"]], names[row["peerHostId"]]) for row in self.matrix() if row["state"] == "down"]

    def tunnels(self, machine: Machine) -> list[str]:
        """The peers (uuids) of the established IKE_SAs with an installed child, one entry per SA: duplicates show."""
        raw = machine.run("docker", "exec", "orca-net", "swanctl", "--list-sas", check=False)
        return sorted(
            line.split()[0].rstrip(":")
            for line in raw.splitlines()
            if "ESTABLISHED" in line and not line.startswith(" ")
        )

    def associations(self, machine: Machine) -> dict[str, set[str]]:
        """Peer -> the SPIs of its IKE_SAs. They stay the same as long as a tunnel does."""
        found: dict[str, set[str]] = {}
        for line in machine.run("docker", "exec", "orca-net", "swanctl", "--list-sas").splitlines():
            if "ESTABLISHED" in line and not line.startswith(" "):
                found.setdefault(line.split()[0].rstrip(":"), set()).add(line.split("IKEv2,")[1].strip())
        return found

    def peers_of(self, machine: Machine) -> list[str]:
        """The connections this machine should have, one per other host."""
        raw = machine.run("docker", "exec", "orca-net", "swanctl", "--list-conns")
        return sorted(line.split()[0].rstrip(":") for line in raw.splitlines() if line and not line.startswith(" "))

    # -- trouble -----------------------------------------------------------------------------------

    @contextlib.contextmanager
    def server_stopped(self) -> Iterator[None]:
        """The server is away; afterwards it runs and every agent is connected again."""
        self.server.run("systemctl", "stop", "orca-server")
        try:
            yield
        finally:
            self.server.run("systemctl", "start", "orca-server")
            self.wait_for_agents()

    def wait_for_agents(self) -> None:
        for host in self.hosts:
            until(lambda host=host: self.agent_is_connected(host), 40, f"the agent of {host.name}", every=0.3)

    @contextlib.contextmanager
    def live_restore(self, machine: Machine, wanted: bool) -> Iterator[None]:
        """Docker's live-restore set as wanted, and as it was afterwards."""
        path = "/etc/docker/daemon.json"
        before = machine.run("cat", path)
        settings = json.loads(before) | {"live-restore": wanted}
        machine.run("tee", path, stdin=json.dumps(settings))
        machine.run("systemctl", "reload", "docker")
        try:
            yield
        finally:
            machine.run("tee", path, stdin=before)
            machine.run("systemctl", "reload", "docker")

    @contextlib.contextmanager
    def outsider(self) -> Iterator[Machine]:
        """A machine on the hosts' network that is no host of the platform."""
        name = f"{self.server.name}-outsider"
        sh("docker", "rm", "-f", name, check=False)
        sh(
            "docker",
            "run",
            "-d",
            "--name",
            name,
            "--network",
            self.network,
            "--cap-add",
            "NET_ADMIN",
            self.images["control/probe"],
            "sleep",
            "600",
        )
        try:
            yield Machine(name)
        finally:
            sh("docker", "rm", "-f", name)

    @contextlib.contextmanager
    def moved(self, machine: Machine) -> Iterator[str]:
        """The machine with another outer address, as after a cloud's stop and start; moved back afterwards."""
        old = machine.address
        prefix, last = old.rsplit(".", 1)
        new = f"{prefix}.{int(last) + 100}"
        mask = machine.run("ip", "-j", "-4", "addr", "show", "dev", "eth0")
        length = json.loads(mask)[0]["addr_info"][0]["prefixlen"]
        self._readdress(machine, old, new, length)
        try:
            yield new
        finally:
            self._readdress(machine, new, old, length)
            until(lambda: self.reported_address(machine) == old, 20, f"{machine.name} back at {old}")

    @staticmethod
    def _readdress(machine: Machine, old: str, new: str, length: int) -> None:
        # In this order: removing the first address of a network would take the second along.
        machine.run("ip", "addr", "del", f"{old}/{length}", "dev", "eth0")
        machine.run("ip", "addr", "add", f"{new}/{length}", "dev", "eth0")


@dataclass(frozen=True)
class Stack:
    """A stack made from a compose file."""

    lab: Lab
    resource: Json

    def services(self) -> list[Json]:
        found: list[Json] = self.lab.api.call("GET", self.resource["links"]["services"])["data"]
        return [row for row in found if not row["removed"]]

    def instances(self, service: str) -> list[Json]:
        row = next(row for row in self.services() if row["name"] == service)
        found: list[Json] = self.lab.api.call("GET", row["links"]["instances"])["data"]
        return [i for i in found if not i["removed"]]

    def containers(self, service: str) -> list[Container]:
        return [self.lab.started(row) for row in self.instances(service) if row["state"] == "running"]

    def is_complete(self) -> bool:
        return all(
            row["state"] == "active"
            and len([i for i in self.instances(row["name"]) if i["state"] == "running"]) == row.get("scale", 0)
            for row in self.services()
        )

    def running_other_than(self, service: str, *known: Container) -> Container | None:
        old = {container.resource["id"] for container in known}
        fresh = [row for row in self.instances(service) if row["state"] == "running" and row["id"] not in old]
        return self.lab.started(fresh[0]) if fresh else None
