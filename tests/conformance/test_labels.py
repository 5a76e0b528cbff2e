# SPDX-License-Identifier: Apache-2.0
"""docs/v1.md, section 11: labels of hosts and containers."""

from __future__ import annotations


def pairs(collection):
    return {row.key: row.value for row in collection}


def test_of_a_host(project, simulated_host):
    host = project.wait_success(project.update(simulated_host, labels={"zone": "a", "Disk": "SSD"}))
    assert pairs(host.hostLabels()) == {"zone": "a", "Disk": "SSD"}
    before = {row.key: row.id for row in host.hostLabels()}
    host = project.wait_success(project.update(host, labels={"zone": "b", "Disk": "SSD"}))
    assert pairs(host.hostLabels()) == {"zone": "b", "Disk": "SSD"}
    assert {row.key: row.id for row in host.hostLabels()}["Disk"] == before["Disk"]
    (found,) = project.list_label(key="zone", value="b")
    assert (found.state, [row.id for row in found.hosts()]) == ("created", [host.id])
    host = project.wait_success(project.update(host, labels={}))
    assert pairs(host.hostLabels()) == {}
    assert [row for row in project.list_label(key="zone") if row.removed is None] == []


def test_of_a_container(project, simulated_host):
    made = project.create_container(imageUuid="sim:web", labels={"role": "db"}, requestedHostId=simulated_host.id)
    made = project.wait_success(made)
    assert pairs(made.instanceLabels()) == {"role": "db"}
    made.setlabels(labels={"role": "web", "tier": "1"})
    made = project.wait_success(project.reload(made))
    assert pairs(made.instanceLabels()) == {"role": "web", "tier": "1"}
    made = project.wait_success(project.delete(made))
    assert pairs(made.instanceLabels()) == {}
