# SPDX-License-Identifier: Apache-2.0
"""Published ports answer on the host's own loopback, and nothing from a wire reaches it (CVE-2020-8558)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from lab import Container, Lab
from machine import Machine
from waiting import until

SETTING = "/proc/sys/net/ipv4/conf/orca0/route_localnet"
DROPPING = ("iptables", "-t", "raw", "-D", "PREROUTING", "-j", "CATTLE_RAW_PREROUTING")

# Keeps each datagram that reaches port 9000 as a line.
SINK = (
    "import socket\n"
    "s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('0.0.0.0', 9000))\n"
    "while True: open('/tmp/heard', 'ab').write(s.recv(99) + b'\\n')"
)
# A datagram to 127.0.0.1, put on the wire as a program with CAP_NET_RAW does: no routing table asks it anything.
FORGE = (
    "import socket, struct, sys\n"
    "device, mac, source, port, word = sys.argv[1:]\n"
    "wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); wire.bind((device, 0x0800))\n"
    "udp = struct.pack('>4H', 40000, int(port), 8 + len(word), 0) + word.encode()\n"
    "ends = socket.inet_aton(source) + socket.inet_aton('127.0.0.1')\n"
    "head = struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + ends\n"
    "total = sum(struct.unpack('>10H', head)); total = (total >> 16) + (total & 65535); total += total >> 16\n"
    "head = head[:10] + struct.pack('>H', ~total & 65535) + head[12:]\n"
    "wire.send(bytes.fromhex(mac.replace(':', '')) + wire.getsockname()[4] + b'\\x08\\x00' + head + udp)"
)


@dataclass(frozen=True)
class Neighbour:
    """A namespace joined to a machine by a wire of its own: between machines the lab's own filter would drop."""

    machine: Machine
    device = "wire0"
    address = "192.0.2.9"

    def run(self, *argv: str) -> str:
        return self.machine.run("nsenter", "--net=/run/netns/neighbour", *argv)


@contextlib.contextmanager
def neighbour_of(host: Machine) -> Iterator[Neighbour]:
    host.run("ip", "netns", "add", "neighbour")
    try:
        neighbour = Neighbour(host)
        host.run("ip", "link", "add", neighbour.device, "type", "veth", "peer", "eth0", "netns", "neighbour")
        host.run("ip", "addr", "add", "192.0.2.1/24", "dev", neighbour.device)
        host.run("ip", "link", "set", neighbour.device, "up")
        neighbour.run("ip", "addr", "add", f"{neighbour.address}/24", "dev", "eth0")
        neighbour.run("ip", "link", "set", "eth0", "up")
        yield neighbour
    finally:
        host.run("ip", "netns", "delete", "neighbour")


def says(host: Machine, port: int, word: str) -> None:
    """Send a datagram from the host to its own loopback."""
    host.run(
        "python3", "-c", f"import socket as s; s.socket(type=s.SOCK_DGRAM).sendto(b'{word}', ('127.0.0.1', {port}))"
    )


@pytest.fixture
def sink(lab: Lab) -> Container:
    """A container on the first host that hears datagrams to port 9101 of that host's loopback."""
    ports = ["127.0.0.1:9101:9000/udp"]
    sink = lab.started(lab.launch("loopback-sink", 0, command=["python3", "-c", SINK], ports=ports))

    def hears() -> bool:
        says(lab.hosts[0], 9101, "ready")
        return "ready" in sink.run("cat", "/tmp/heard", check=False)

    until(hears, 15, "a datagram from the host itself arrives")
    return sink


def forged_datagrams_are_dropped(host: Machine, device: str, forge: Neighbour | Container, sink: Container) -> None:
    """Nothing that `forge` sends to 127.0.0.1 by way of the host's `device` arrives, and it would without our rule."""
    mac, source = host.run("cat", f"/sys/class/net/{device}/address").strip(), forge.address

    def heard() -> str:
        return sink.run("cat", "/tmp/heard", check=False)

    def send(word: str) -> None:
        forge.run("python3", "-c", FORGE, "eth0", mac, source, "9101", word)

    def without_the_rule() -> bool:
        host.succeeds(*DROPPING)  # the agent puts it back within seconds
        send("open")
        return "open" in heard()

    for _ in range(3):
        send("forged")
    says(host, 9101, f"after-{device}")
    until(lambda: f"after-{device}" in heard(), 10, "the host's own datagram")
    assert "forged" not in heard()
    until(without_the_rule, 15, "a forged datagram while nothing drops it")
    until(lambda: "-A PREROUTING" in host.run("iptables", "-t", "raw", "-S"), 10, "the rule is back")


def test_published_ports_under_localhost(lab: Lab) -> None:
    ports = ["8082:8080/tcp", "127.0.0.1:9100:8080/tcp"]
    script = "import http.server as h; h.ThreadingHTTPServer(('', 8080), h.SimpleHTTPRequestHandler).serve_forever()"
    web = lab.started(lab.launch("loopback-web", 0, command=["python3", "-c", script], ports=ports))
    host = lab.hosts[0]
    for name in ("127.0.0.1:8082", "localhost:8082", "127.0.0.1:9100"):
        until(lambda name=name: host.succeeds("curl", "-fsm", "3", f"http://{name}/"), 10, name)
    assert lab.server.succeeds("curl", "-fsm", "3", f"http://{host.address}:8082/")
    for client in (lab.server, host, web):
        assert not client.succeeds("curl", "-fsm", "2", f"http://{host.address}:9100/"), client.name


def test_nothing_from_a_neighbour_or_a_container_reaches_the_loopback(lab: Lab, sink: Container) -> None:
    with neighbour_of(lab.hosts[0]) as neighbour:
        forged_datagrams_are_dropped(lab.hosts[0], neighbour.device, neighbour, sink)
    forged_datagrams_are_dropped(lab.hosts[0], "orca0", lab.probe("loopback-inside", 0), sink)


def test_the_setting_comes_back(lab: Lab) -> None:
    host = lab.hosts[1]
    assert host.run("cat", SETTING).strip() == "1"
    host.run("tee", SETTING, stdin="0")
    until(lambda: host.run("cat", SETTING).strip() == "1", 10, SETTING)
