# SPDX-License-Identifier: Apache-2.0
"""docs/v1.md, section 13: a container with a check, before anybody has reported on it."""

from __future__ import annotations


def test_a_checker_begins_healthy_and_the_container_initializing(project, simulated_host):
    check = {"port": 80, "interval": 2000, "unhealthyThreshold": 3}
    made = project.create_container(imageUuid="sim:web", requestedHostId=simulated_host.id, healthCheck=check)
    made = project.wait_success(made)
    assert made.healthState == "initializing"
    (checker,) = made.healthcheckInstanceHostMaps()
    assert (checker.state, checker.healthState, checker.hostId) == ("active", "healthy", simulated_host.id)
    made = project.wait_success(made.restart())
    assert made.healthState == "reinitializing"
    assert project.reload(checker).healthState == "healthy"
    project.wait_success(project.delete(made))
    assert project.reload(checker).state == "removed"
