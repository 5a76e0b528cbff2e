# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles mesh, firewall and dns bring about between two hosts, seen from their containers and from outside."""

import contextlib
import os
import re
import time

import pytest
import testinfra.utils.ansible_runner

WEB, OTHER, MEMCACHED = "10.42.1.10", "10.42.1.11", "10.42.2.10"
LOCAL = "-m addrtype --dst-type LOCAL"
NAT_RULES = [
    f"-A CATTLE_PREROUTING -p udp {LOCAL} -m udp --dport 4500 -j DNAT --to-destination 10.42.1.2:4500",
    f"-A CATTLE_PREROUTING -p udp {LOCAL} -m udp --dport 500 -j DNAT --to-destination 10.42.1.2:500",
    f"-A CATTLE_PREROUTING -p tcp {LOCAL} -m tcp --dport 8080 -j DNAT --to-destination 10.42.1.10:80",
]
OUTBOUND = [
    "-A CATTLE_POSTROUTING -s 10.42.0.0/16 -d 169.254.169.250/32 -j ACCEPT",
    "-A CATTLE_POSTROUTING -s 10.42.0.0/16 ! -d 10.42.0.0/16 -p tcp -j MASQUERADE --to-ports 1024-65535",
    "-A CATTLE_POSTROUTING -s 10.42.0.0/16 ! -d 10.42.0.0/16 -p udp -j MASQUERADE --to-ports 1024-65535",
    "-A CATTLE_POSTROUTING -s 10.42.0.0/16 ! -d 10.42.0.0/16 -j MASQUERADE",
]

runner = testinfra.utils.ansible_runner.AnsibleRunner(os.environ["MOLECULE_INVENTORY_FILE"])


def eventually(condition, within=10.0):
    """Wait until ``condition()`` gives something true, and return it."""
    end = time.monotonic() + within
    while True:
        value = condition()
        if value or time.monotonic() > end:
            assert value, f"not within {within} s"
            return value


@pytest.fixture(scope="module")
def first():
    return runner.get_host("molecule-network-1")


@pytest.fixture(scope="module")
def second():
    return runner.get_host("molecule-network-2")


@pytest.fixture(scope="module")
def outside():
    return runner.get_host("molecule-network-3")


def address(host):
    return host.check_output("ip -4 -o address show dev eth0 | awk '{print $4}' | cut -d/ -f1")


def start(host, name, container_address, command):
    """A container as the agent would start it: address given, resolver mounted, hairpin as the reconciler sets it."""
    image = host.check_output("docker images --format '{{.Repository}}:{{.Tag}}' orca/probe").splitlines()[0]
    host.check_output("printf 'search orca.internal\\nnameserver 169.254.169.250\\n' > /root/resolv.conf")
    host.run(f"docker rm -f {name}")
    host.check_output(
        f"docker run -d --label molecule --name {name} --network orca --ip {container_address}"
        f" -v /root/resolv.conf:/etc/resolv.conf:ro {image} {command}"
    )
    host.check_output(
        "for port in $(ls /sys/class/net/orca0/brif); do ip link set dev $port type bridge_slave hairpin on; done"
    )


@pytest.fixture(scope="module", autouse=True)
def containers(first, second):
    start(first, "web", WEB, "python3 -u -m http.server 80")
    start(first, "other", OTHER, "sleep infinity")
    start(second, "memcached", MEMCACHED, "nc -lk 11211")
    eventually(lambda: first.run(f"docker exec web nc -z -w 1 {MEMCACHED} 11211").rc == 0)


@contextlib.contextmanager
def capture(host, expression):
    """Packets on the outer interface; yields a function that ends the capture and returns its lines."""
    host.check_output("rm -f /root/capture.txt /root/capture.log")
    host.check_output(
        f"setsid tcpdump -l -n -i eth0 '{expression}' > /root/capture.txt 2> /root/capture.log < /dev/null &"
        " echo $! > /root/capture.pid"
    )
    eventually(lambda: "listening" in host.file("/root/capture.log").content_string)

    def lines():
        host.run("kill -INT $(cat /root/capture.pid)")
        eventually(lambda: "packets captured" in host.file("/root/capture.log").content_string)
        return [line for line in host.file("/root/capture.txt").content_string.splitlines() if line]

    yield lines


def test_containers_talk_across_hosts_only_inside_esp(first, second):
    peer = address(second)
    with capture(first, f"host {peer} and not tcp port 22") as lines:
        first.run(f"nc -z -w 1 {peer} 9")  # positive control: this is in clear and must be seen
        assert first.run(f"docker exec web nc -z -w 3 {MEMCACHED} 11211").rc == 0
        assert first.run(f"docker exec web ping -c 3 -i 0.2 {MEMCACHED}").rc == 0
        seen = lines()
    control = [line for line in seen if f"{peer}.9" in line]
    tunnel = [line for line in seen if re.search(r"\.4500 > [\d.]+\.4500: ", line)]
    assert control
    assert any("UDP-encap: ESP" in line for line in tunnel)
    assert [line for line in seen if line not in control + tunnel and "ARP" not in line] == []


@pytest.mark.parametrize("policy", ["ACCEPT", "DROP"])
def test_an_outsider_with_a_route_reaches_nothing(first, outside, policy):
    first.check_output(f"iptables -P FORWARD {policy}")
    outside.check_output(
        f"ip route replace 10.42.0.0/16 via {address(first)}; ip route replace 169.254.169.250/32 via {address(first)}"
    )
    assert outside.run(f"nc -z -w 1 {WEB} 80").rc != 0
    assert outside.run(f"nc -z -w 1 {MEMCACHED} 11211").rc != 0
    assert outside.run("dig +time=1 +tries=1 memcached.orca.internal @169.254.169.250").rc != 0
    assert outside.run(f"curl -s -m 2 http://{address(first)}:8080/").rc == 0


def test_rules_stand_first_and_in_order(first):
    assert first.check_output("iptables -t nat -S CATTLE_PREROUTING").splitlines()[1:] == NAT_RULES
    postrouting = first.check_output("iptables -t nat -S CATTLE_POSTROUTING").splitlines()[1:]
    assert postrouting[:4] == OUTBOUND
    assert postrouting[4:] == [
        "-A CATTLE_POSTROUTING -s 127.0.0.0/8 -o orca0 -j MASQUERADE",
        "-A CATTLE_POSTROUTING -s 10.42.1.10/32 -d 10.42.1.10/32 -p tcp -m tcp --dport 80 -j MASQUERADE",
    ]
    for chain in ("PREROUTING", "POSTROUTING"):
        rules = [
            line for line in first.check_output(f"iptables -t nat -S {chain}").splitlines() if line.startswith("-A")
        ]
        assert rules[0] == f"-A {chain} -j CATTLE_{chain}"
    user = [line for line in first.check_output("iptables -S DOCKER-USER").splitlines() if line.startswith("-A")]
    assert user[0] == "-A DOCKER-USER -j CATTLE_FORWARD"


@pytest.mark.parametrize("position", ["outside", "host", "neighbour", "itself"])
def test_published_port(first, outside, position):
    url = f"http://{address(first)}:8080/"
    fetch = f"python3 -c 'import urllib.request; urllib.request.urlopen(\"{url}\", timeout=3)'"
    command, host, client = {
        "outside": (fetch, outside, address(outside)),
        "host": (fetch, first, address(first)),
        "neighbour": (f"docker exec other {fetch}", first, OTHER),
        "itself": (f"docker exec web {fetch}", first, "10.42.1.1"),
    }[position]
    before = len(first.check_output("docker logs web 2>&1").splitlines())
    assert host.run(command).rc == 0
    log = first.check_output("docker logs web 2>&1").splitlines()[before:]
    assert log[-1].startswith(client + " "), "the caller's address must be seen"


def test_names_exist_only_for_whom_they_were_given_to(first):
    assert first.check_output("docker exec web getent hosts memcached").split()[0] == MEMCACHED
    assert first.check_output("docker exec web dig +short memcached.rancher.internal") == MEMCACHED
    assert first.check_output(f"docker exec web dig +short -x {MEMCACHED}") == "memcached.orca.internal."
    assert first.check_output("docker exec web dig +short -t CNAME database.orca.internal") == "db.example.com."
    assert "NXDOMAIN" in first.check_output("docker exec other dig memcached.orca.internal")
    assert first.run("docker exec other getent hosts memcached").rc != 0
    assert first.run(f"docker exec other ping -c 1 -W 2 {MEMCACHED}").rc == 0


def test_nothing_leaves_in_clear_while_the_tunnel_is_down(first, second):
    peer = address(second)
    first.check_output("docker pause orca-net")
    try:
        with capture(first, "net 10.42.0.0/16 or dst port 11211") as lines:
            first.run("ping -c 1 -W 1 -I eth0 10.42.2.10")  # positive control: forced out of the outer interface
            assert first.run(f"docker exec web nc -z -w 1 {MEMCACHED} 11211").rc != 0
            assert first.run(f"nc -z -w 1 {MEMCACHED} 11211").rc != 0
            seen = lines()
    finally:
        first.check_output("docker unpause orca-net")
    assert not any("11211" in line for line in seen), (peer, seen)
    eventually(lambda: first.run(f"docker exec web nc -z -w 1 {MEMCACHED} 11211").rc == 0)


@pytest.mark.parametrize("victim", [0, 1])
def test_tunnel_is_back_after_the_agent_was_killed(first, second, victim):
    host = (first, second)[victim]
    pid = host.check_output("docker inspect -f '{{.State.Pid}}' orca-net")
    host.check_output(f"kill -9 {pid}")
    eventually(lambda: first.run(f"docker exec web nc -z -w 1 {MEMCACHED} 11211").rc == 0, within=5)


def test_tunnel_is_back_after_the_peer_refused_it(first, second):
    """A peer that does not know us yet says no, and charon takes that for final."""
    (path,) = second.check_output("ls /var/lib/orca/mesh/conf.d/*.conf").splitlines()
    second.check_output(f"mv {path} /root/peer.conf")
    second.check_output(f"docker exec orca-net mesh-reload {path.rsplit('/', 1)[1][: -len('.conf')]}")
    first.run("docker exec orca-net mesh-initiate --anew")
    refusals = "docker logs --since 20s orca-net 2>&1 | grep -c NO_PROPOSAL_CHOSEN"
    eventually(lambda: first.run(refusals).rc == 0)
    second.check_output(f"mv /root/peer.conf {path}")
    second.check_output("docker exec orca-net mesh-reload")
    eventually(lambda: first.run(f"docker exec web nc -z -w 1 {MEMCACHED} 11211").rc == 0, within=5)


def test_one_tunnel_per_pair(first, second):
    # A duplicate, where both sides began at once, is ended by charon after ten seconds.
    eventually(lambda: all(tunnels(host) == (1, 1) for host in (first, second)), within=20)


def tunnels(host):
    """How many tunnels are established, and how many of them carry packets."""
    sas = host.check_output("docker exec orca-net swanctl --list-sas")
    return sas.count("ESTABLISHED"), sas.count("INSTALLED")
