# SPDX-License-Identifier: Apache-2.0
"""Hosts come and go; the others do not notice more than they must."""

from __future__ import annotations

from lab import Lab
from machine import sh
from waiting import until


def test_a_fourth_host_joins_and_leaves_dead(lab: Lab, fourth_host) -> None:
    witness = lab.probe("member-a", host=0)
    peers_before = {host.name: lab.peers_of(host) for host in lab.hosts}
    items_before = {
        host.name: lab.admin.list("configItemStatuses", hostId=lab.host_resource(host)["id"]) for host in lab.hosts
    }
    tunnels_before = {host.name: lab.associations(host) for host in lab.hosts}
    started_before = witness.machine.run("docker", "inspect", "-f", "{{.State.StartedAt}}", witness.docker_name)

    machine = fourth_host()
    new = lab.host_resource(machine)
    until(lambda: lab.matrix_is_up(), 30, "four hosts, every pair up", every=0.5)

    for host in lab.hosts:
        assert len(lab.peers_of(host)) == len(peers_before[host.name]) + 1
        items = lab.admin.list("configItemStatuses", hostId=lab.host_resource(host)["id"])
        versions = {row["name"]: row["requestedVersion"] for row in items_before[host.name]}
        changed = [row["name"] for row in items if versions.get(row["name"]) != row["requestedVersion"]]
        assert changed == [f"peer/{new['uuid']}"], changed
        now = lab.associations(host)
        for peer, spis in tunnels_before[host.name].items():
            # Of doubles the network agent ends one.
            assert spis & now[peer], f"{host.name} dialled {peer} again"
    assert witness.machine.run("docker", "inspect", "-f", "{{.State.StartedAt}}", witness.docker_name) == started_before

    lab.hosts.append(machine)
    try:
        there = lab.probe("member-b", host=3)
        assert witness.pings(there.address)
        lab.made = [row for row in lab.made if row["name"] != "member-b"]
    finally:
        lab.hosts.remove(machine)

    # The machine dies without a word, then its host is removed: nobody has to answer for that.
    sh("docker", "kill", machine.name)
    lab.api.settled(lab.api.action(lab.api.reload(new), "deactivate"))
    lab.api.remove(lab.api.reload(new), within=30)
    for host in lab.hosts:
        until(
            lambda host=host: len(lab.peers_of(host)) == len(peers_before[host.name]),
            10,
            f"{host.name} forgets its peer",
        )
    assert lab.api.reload(there.resource)["state"] in ("removed", "purged")
    until(lambda: lab.matrix_is_up(), 15, "three hosts, every pair up")

    # Its range is free again: the next host gets it.
    again = fourth_host(alone=True)
    subnet = {row["hostId"]: row["networkAddress"] for row in lab.admin.list("subnets", removed_null="true")}
    assert subnet[lab.host_resource(again)["id"]] == there.address.rsplit(".", 1)[0] + ".0"
