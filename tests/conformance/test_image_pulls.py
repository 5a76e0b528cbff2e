# SPDX-License-Identifier: Apache-2.0
"""docs/v1.md, section 11: an image pulled ahead, as the v1 client asks for it."""

from __future__ import annotations


def test_the_hosts_are_done(project, simulated_host):
    task = project.create_pull_task(image="sim:web", mode="all")
    assert task.state == "activating"
    task = project.wait_success(task)
    assert task.state == "active"
    assert vars(task.status)[simulated_host.name] == "Done"
