# SPDX-License-Identifier: Apache-2.0
"""The host's nat table looks as in 2015, heals, and published ports work from everywhere."""

from __future__ import annotations

import pytest
from lab import Lab
from machine import Machine
from waiting import until

POSTROUTING = [
    "-A CATTLE_POSTROUTING -s 10.42.0.0/16 -d 169.254.169.250/32 -j ACCEPT",
    "-A CATTLE_POSTROUTING -s 10.42.0.0/16 ! -d 10.42.0.0/16 -p tcp -j MASQUERADE --to-ports 1024-65535",
    "-A CATTLE_POSTROUTING -s 10.42.0.0/16 ! -d 10.42.0.0/16 -p udp -j MASQUERADE --to-ports 1024-65535",
    "-A CATTLE_POSTROUTING -s 10.42.0.0/16 ! -d 10.42.0.0/16 -j MASQUERADE",
]

# A container of its own stays down after its engine stopped, unless its owner asks otherwise.
ALWAYS = {"name": "always"}


def rules_are_right(host: Machine) -> bool:
    """Our jumps are first, and the rules of 2015 come first and in their order."""
    incoming = host.nat("CATTLE_PREROUTING")
    return (
        host.nat("PREROUTING")[0] == "-A PREROUTING -j CATTLE_PREROUTING"
        and host.nat("POSTROUTING")[0] == "-A POSTROUTING -j CATTLE_POSTROUTING"
        and host.nat("CATTLE_POSTROUTING")[: len(POSTROUTING)] == POSTROUTING
        and "--dport 4500 -j DNAT" in incoming[0]
        and "--dport 500 -j DNAT" in incoming[1]
    )


def test_the_rules_of_2015_first_and_in_their_order(lab: Lab) -> None:
    for host in lab.hosts:
        assert rules_are_right(host), host.run("iptables-save", "-t", "nat")


def test_published_port_from_everywhere(lab: Lab) -> None:
    """From another machine, the host itself, a neighbour, another host's container and from itself (hairpin)."""
    web = lab.http("port-a", host=0, public=8081)
    neighbour, remote, host = lab.probe("port-b", host=0), lab.probe("port-c", host=1), lab.hosts[0]
    url = f"http://{host.address}:8081/"
    until(lambda: lab.server.succeeds("curl", "-fsm", "3", url), 10, "published port from another machine")
    assert host.succeeds("curl", "-fsm", "3", url), "from the host itself"
    for client in (neighbour, remote, web):
        assert client.fetches(url), f"from {client.name}"
    # The service sees who really asks: no blanket masquerading of published ports.
    assert lab.server.address in lab.server.run("curl", "-fsm", "3", url)


@pytest.mark.parametrize("live_restore", [True, False])
def test_docker_restart(lab: Lab, live_restore: bool) -> None:
    """Chains, jumps and routes are right within 2 s of Docker's return, and traffic flows."""
    host = lab.hosts[1]
    near, far = lab.probe("restart-a", host=1, restartPolicy=ALWAYS), lab.probe("restart-b", host=0)
    with lab.live_restore(host, live_restore):
        host.run("systemctl", "restart", "docker", timeout=60)
        until(lambda: rules_are_right(host), 2, "rules after Docker's start")
        until(lambda: host.succeeds("ip", "route", "get", far.address), 2, "route")
        until(lambda: near.refreshed().pings(far.address), 2 if live_restore else 15, "traffic after Docker's start")


def test_flushed_chains_come_back(lab: Lab) -> None:
    host = lab.hosts[0]
    host.run("iptables", "-t", "nat", "-F", "CATTLE_POSTROUTING")
    host.run("iptables", "-t", "nat", "-F", "CATTLE_PREROUTING")
    host.run("iptables", "-t", "nat", "-D", "PREROUTING", "-j", "CATTLE_PREROUTING")
    host.run("iptables", "-F", "CATTLE_FORWARD")
    until(
        lambda: rules_are_right(host) and host.run("iptables", "-S", "CATTLE_FORWARD").count("-A") > 0,
        10,
        "rules after a flush",
    )


def test_reboot(lab: Lab) -> None:
    host = lab.hosts[2]
    near, far = lab.probe("boot-a", host=2, restartPolicy=ALWAYS), lab.probe("boot-b", host=0)
    host.reboot()
    until(lambda: host.succeeds("docker", "info"), 60, "Docker after the reboot", every=0.5)
    until(lambda: rules_are_right(host), 15, "rules after the reboot")
    until(lambda: near.refreshed().pings(far.address), 30, "traffic after the reboot")
