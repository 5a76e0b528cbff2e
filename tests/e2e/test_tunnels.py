# SPDX-License-Identifier: Apache-2.0
"""The encrypted container network between real hosts: what travels, who can reach it, and how it heals."""

from __future__ import annotations

import random

import pytest
from capture import Capture
from lab import Lab
from machine import Machine
from provision import HOME
from waiting import settles, until

CANARY = "orca-canary-in-clear"


def nc(lab: Lab, sender: str, listener: str, word: str) -> str:
    """What `listener` receives on an unpublished port when `sender` writes `word` to its 10.42 address."""
    there, here = lab.container(listener), lab.container(sender)
    waiting = there.machine.start("docker", "exec", there.docker_name, "nc", "-l", "-p", "1234", "-w", "10")
    until(
        lambda: "1234" in there.run("cat", "/proc/net/tcp") or ":04D2" in there.run("cat", "/proc/net/tcp"),
        5,
        "nc listens",
    )
    here.machine.run("docker", "exec", "-i", here.docker_name, "nc", "-N", "-w", "5", there.address, "1234", stdin=word)
    return waiting.communicate(timeout=15)[0]


def test_unpublished_port_over_esp_only(lab: Lab) -> None:
    """nc from host 1 to host 2: the wire carries nothing but ESP in UDP port 4500."""
    lab.probe("tun-a", host=0), lab.probe("tun-b", host=1)
    uplink = lab.hosts[1].address
    # Positive control: the same capture does see this word when it is sent in clear on purpose.
    with Capture(lab.hosts[0], "eth0", f"host {uplink}") as control:
        lab.hosts[0].run("bash", "-c", f"echo {CANARY} > /dev/udp/{uplink}/9")
    assert CANARY in control.text

    # IP alone: now and then the hosts also ask for each other's hardware address.
    with Capture(lab.hosts[0], "eth0", f"ip host {uplink}") as wire:
        assert nc(lab, "tun-a", "tun-b", CANARY).strip() == CANARY
    assert CANARY not in wire.text
    assert wire.packets, "the capture saw nothing: the test proves nothing"
    assert all("UDP-encap: ESP" in line or "isakmp" in line for line in wire.packets), wire.packets
    assert any("UDP-encap: ESP" in line for line in wire.packets)


def test_outsider_with_a_route_cannot_reach(lab: Lab) -> None:
    """10.42 addresses are reachable from containers only, whatever the policy of FORWARD."""
    target, host = lab.probe("tun-c", host=0), lab.hosts[0]
    with lab.outsider() as outsider:
        outsider.run("ip", "route", "replace", lab.cidr, "via", host.address)
        assert outsider.succeeds("ping", "-c", "1", "-W", "2", host.address), (
            "positive control: the host itself answers"
        )
        policy = host.run("iptables", "-S", "FORWARD").splitlines()[0].split()[-1]
        try:
            for wanted in ("ACCEPT", "DROP"):
                host.run("iptables", "-P", "FORWARD", wanted)
                assert not outsider.succeeds("ping", "-c", "2", "-W", "1", target.address), (
                    f"reachable with FORWARD {wanted}"
                )
        finally:
            host.run("iptables", "-P", "FORWARD", policy)


def test_parts_die_alone_and_the_tunnel_heals(lab: Lab) -> None:
    """SIGKILL of network agent, DNS or agent: the other two work on, and the tunnel is back within 5 s."""
    near, far, host = lab.probe("tun-d", host=0), lab.probe("tun-e", host=1), lab.hosts[0]
    for part in ("orca-agent", "orca-dns", "orca-net"):
        others = {
            name: host.run("docker", "inspect", "-f", "{{.State.StartedAt}}", name)
            for name in lab.parts
            if name != part
        }
        host.kill(part)
        until(lambda: near.pings(far.address), 5, f"tunnel after SIGKILL of {part}")
        until(lambda part=part: part in host.containers("status=running"), 10, f"{part} runs again")
        for name, since in others.items():
            assert host.run("docker", "inspect", "-f", "{{.State.StartedAt}}", name) == since, (
                f"{name} was dragged along"
            )
        until(lambda: lab.resolver_answers(near), 5, f"DNS after SIGKILL of {part}")


def test_tunnel_heals_without_the_server(lab: Lab) -> None:
    near, far = lab.probe("tun-f", host=0), lab.probe("tun-g", host=1)
    with lab.server_stopped():
        for host in lab.hosts[:2]:
            host.kill("orca-net")
            until(
                lambda: near.pings(far.address), 5, f"tunnel after SIGKILL of orca-net on {host.name}, server stopped"
            )


def test_no_clear_text_while_the_tunnel_is_down(lab: Lab) -> None:
    near, far, host = lab.probe("tun-h", host=0), lab.probe("tun-i", host=1), lab.hosts[0]
    with Capture(host, "eth0", f"net {lab.cidr}") as clear:
        host.run("docker", "pause", "orca-net")
        try:
            assert not near.pings(far.address)
        finally:
            host.run("docker", "unpause", "orca-net")
        host.run("docker", "stop", "-t", "1", "orca-net")
        try:
            assert not near.pings(far.address)
        finally:
            host.run("docker", "start", "orca-net")
    assert not clear.packets, clear.packets
    until(lambda: near.pings(far.address), 10, "tunnel after the network agent came back")


def test_no_duplicate_tunnels_after_20_random_kills(lab: Lab) -> None:
    pick = random.Random(20)
    for _ in range(20):
        host = pick.choice(lab.hosts)
        host.kill("orca-net")
        until(
            lambda host=host: "orca-net" in host.containers("status=running"),
            15,
            f"orca-net runs on {host.name}",
            every=0.3,
        )

    def one_per_peer(host: Machine) -> bool:
        found = lab.tunnels(host)
        assert found == lab.peers_of(host), host.run("docker", "exec", "orca-net", "swanctl", "--list-sas")
        return True

    for host in lab.hosts:
        # Doubles carry traffic all the while; the network agent ends them once they have settled. A peer that was
        # killed last may still finish an association that it began, so the first quiet moment is not the end.
        settles(lambda host=host: one_per_peer(host), 3, 30, f"one tunnel per peer on {host.name}")


def test_the_matrix_names_a_broken_pair(lab: Lab) -> None:
    """The host x host matrix is in the API, complete, and names a broken pair within 5 s."""
    until(lambda: lab.matrix_is_up(), 15, "every pair is up")
    for row in lab.matrix():
        assert row["age"] >= 0
        assert row["lastProbe"]
    broken = lab.hosts[2]
    broken.run("docker", "pause", "orca-net")
    try:
        pairs = until(lambda: len(found := lab.broken_pairs()) >= 2 and found, 5, "broken pairs in the matrix")
        assert all(broken.name in pair for pair in pairs), pairs
    finally:
        broken.run("docker", "unpause", "orca-net")
    until(lambda: lab.matrix_is_up(), 15, "every pair is up again")


def test_a_new_outer_address_is_in_the_mesh_within_5_s(lab: Lab) -> None:
    near, far, host = lab.probe("tun-j", host=0), lab.probe("tun-k", host=2), lab.hosts[2]
    before = host.address
    with lab.moved(host) as after:
        assert after != before
        until(lambda: lab.reported_address(host) == after, 20, "the agent's return")
        until(lambda: near.pings(far.address), 5, f"tunnel to {host.name} at {after}")

    try:
        until(lambda: near.pings(far.address), 40, "tunnel at the old address")
    except AssertionError as error:
        # A known fault: it has happened twice, each time after all other tests, and nobody knows why yet.
        state = HOME / "tunnel-that-stayed-down.txt"
        state.write_text("\n".join(_mesh_state(each) for each in (lab.hosts[0], host)))
        pytest.xfail(f"{error}; what the hosts know is in {state}")


def _mesh_state(host: Machine) -> str:
    """The addresses, the tunnels and the peers of a host, and what its network agent and agent said last."""
    script = """
        ip -4 -brief address
        docker exec orca-net swanctl --list-sas
        grep -H remote_addrs /var/lib/orca/mesh/conf.d/*.conf
        docker logs --timestamps --tail 100 orca-net 2>&1
        docker logs --timestamps --tail 50 orca-agent 2>&1
    """
    return f"{host.name}\n{host.run('sh', '-c', script)}"


def test_who_encrypts_is_shown(lab: Lab) -> None:
    """What the network agent found out when it started stands in the host's row and in the matrix."""
    for host in lab.hosts:
        log = host.run("sh", "-c", "docker logs orca-net 2>&1")
        expected = "kernel" if log.rstrip().rpartition("ESP by ")[2].startswith("kernel") else "userspace"
        row = lab.host_resource(host)
        until(lambda row=row: lab.admin.get(f"hosts/{row['id']}")["encryption"], 20, f"{host.name}: who encrypts")
        assert lab.admin.get(f"hosts/{row['id']}")["encryption"] == expected
    until(lambda: {row["encryption"] for row in lab.matrix()} <= {"kernel", "userspace"}, 90, "the matrix says it")
