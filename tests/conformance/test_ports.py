# SPDX-License-Identifier: Apache-2.0
"""docs/v1.md, section 11: ports of containers."""

from __future__ import annotations

import pytest
from cattle import ApiError


def published(project, host, *ports):
    made = project.create_container(imageUuid="sim:web", ports=list(ports), requestedHostId=host.id)
    return project.wait_success(made)


def test_a_public_port_is_changed(project, simulated_host):
    container = published(project, simulated_host, "18080:80")
    (port,) = container.ports_link()
    assert (port.state, port.kind, port.publicPort, port.privatePort, port.protocol) == (
        *("active", "userPort", 18080, 80, "tcp"),
    )
    changed = project.update(port, publicPort=18081)
    assert (changed.state, changed.publicPort) == ("updating-active", 18081)
    assert project.wait_success(changed).state == "active"
    host = project.reload(simulated_host)
    assert 18081 in [end.port for end in host.publicEndpoints if end.instanceId == container.id]
    # The port that was given up is free for another.
    other = published(project, simulated_host, "18080:80")
    assert other.state == "running"
    (taken,) = other.ports_link()
    with pytest.raises(ApiError) as refused:
        project.update(taken, publicPort=18081)
    assert (refused.value.error.status, refused.value.error.code) == (422, "NotUnique")
    assert project.reload(taken).publicPort == 18080
    for row in (container, other):
        project.wait_success(project.delete(row))


def test_a_port_rests_while_its_container_is_stopped(project, simulated_host):
    container = published(project, simulated_host, "18082:80", "81")
    container = project.wait_success(container.stop())
    assert {port.state for port in container.ports_link()} == {"inactive"}
    (port,) = [port for port in container.ports_link() if port.publicPort]
    assert project.wait_success(project.update(port, publicPort=18083)).state == "inactive"
    container = project.wait_success(container.start())
    assert {port.publicPort for port in container.ports_link()} == {18083, None}
    assert {port.state for port in container.ports_link()} == {"active"}
    project.wait_success(project.delete(container))
