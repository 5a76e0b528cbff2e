# SPDX-License-Identifier: Apache-2.0
"""docs/v1.md, section 7: an action is offered where it makes sense, not only where the state allows it."""

from __future__ import annotations

import pytest
import requests


def test_a_mounted_volume_stays(server, project, simulated_host):
    container = project.create_container(
        imageUuid="sim:web", dataVolumes=["offered:/data"], requestedHostId=simulated_host.id
    )
    container = project.wait_success(container)
    (volume,) = project.list_volume(name="offered")
    assert not {"deactivate", "remove", "purge"} & set(vars(volume.actions))
    with pytest.raises(AttributeError):
        _ = volume.deactivate
    refused = requests.post(f"{volume.links.self}/?action=deactivate", timeout=20)
    assert (refused.status_code, refused.json()["code"]) == (422, "ActionNotAvailable")
    project.wait_success(project.delete(container))
    volume = project.wait_success(project.reload(volume))
    assert "remove" in vars(volume.actions)
    project.wait_success(project.delete(volume))
