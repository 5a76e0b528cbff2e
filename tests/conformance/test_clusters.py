# SPDX-License-Identifier: Apache-2.0
"""Hosts that are seen as one."""

from __future__ import annotations

import pytest
from cattle import ApiError


def refused(call, **fields):
    with pytest.raises(ApiError) as caught:
        call(**fields)
    error = caught.value.error
    return error.status, error.code, getattr(error, "fieldName", None)


def test_hosts_join_and_leave(project, simulated_host):
    made = project.wait_success(project.create_cluster(name="swarm", port=2375))
    assert (made.state, made.type, made.baseType) == ("active", "cluster", "host")
    made.addhost(hostId=simulated_host.id)
    assert [host.id for host in made.hosts()] == [simulated_host.id]
    assert refused(made.addhost, hostId=simulated_host.id) == (422, "NotUnique", "hostId")
    assert refused(made.addhost, hostId=made.id) == (422, "InvalidOption", "hostId")
    assert refused(made.addhost, hostId="1h99999") == (422, "InvalidReference", "hostId")
    made.removehost(hostId=simulated_host.id)
    assert refused(made.removehost, hostId=simulated_host.id) == (422, "InvalidOption", "hostId")
    made.addhost(hostId=simulated_host.id)
    made = project.wait_success(project.reload(made).deactivate())
    assert project.wait_success(project.delete(made)).state == "removed"
    assert project.reload(simulated_host).state == "active"


def test_a_cluster_takes_no_containers(project, simulated_host):
    made = project.wait_success(project.create_cluster(name="takes-nothing"))
    container = project.wait_success(project.create_container(imageUuid="sim:web"))
    assert container.state == "running"
    assert [host.kind for host in container.hosts()] == ["sim"]
    project.wait_success(project.wait_success(made.deactivate()).remove())
