# SPDX-License-Identifier: Apache-2.0
"""Volumes and logs of containers on real hosts: made as described, found again, and removed only if they are ours."""

from __future__ import annotations

import json

import pytest
from api import ApiError, Json
from lab import Container, Lab
from waiting import until

TEXT = """
services:
  web:
    image: {probe}
    command: [sh, -c, "echo said by $HOSTNAME; sleep 1000000"]
    volumes: ["data:/data", "memory:/memory", "own:/own"]
    logging: {{driver: local, options: {{max-file: "2"}}}}
volumes:
  data:
  memory: {{driver_opts: {{type: tmpfs, device: tmpfs, o: size=4m}}, labels: {{tier: gold}}}}
  own: {{per_container: true}}
"""


def rows(lab: Lab) -> dict[str, Json]:
    return {row["name"]: row for row in lab.admin.list("volumes", instanceId_null="true")}


def inspect(container: Container, *argv: str) -> Json:
    return dict(json.loads(container.machine.run("docker", *argv))[0])


def web(lab: Lab) -> Container:
    """The container of the service that runs; its successor after a removal."""
    words = ("state", "transitioningMessage")

    def seen() -> Json:
        found = lab.api.list("containers", name="volumes_web_1")
        running = [row for row in found if row["state"] == "running"]
        assert running, [{word: row[word] for word in words} for row in found]
        return running[0]

    return lab.started(until(seen, 90, "volumes_web_1 runs"))


def test_data_is_found_again_and_only_what_is_ours_is_removed(lab: Lab) -> None:
    with lab.stack("volumes", TEXT.replace("$", "$$")):
        first = web(lab)
        assert "size=4096k" in first.run("grep", " /memory ", "/proc/mounts")
        made = inspect(first, "volume", "inspect", "volumes_memory")
        assert (made["Labels"]["tier"], made["Labels"]["io.orca.volume.uuid"]) == (
            "gold",
            rows(lab)["volumes_memory"]["uuid"],
        )
        log = inspect(first, "inspect", first.docker_name)["HostConfig"]["LogConfig"]
        assert log == {"Type": "local", "Config": {"max-size": "10m", "max-file": "2"}}
        home = rows(lab)["volumes_data"]["hostId"]
        assert lab.machine_of(home) == first.machine

        # Its successor finds the data, wherever there is more room.
        first.run("sh", "-c", "echo kept | tee /data/file /own/file")
        lab.api.remove(first.resource)
        second = web(lab)
        assert (second.machine, second.run("cat", "/data/file", "/own/file").split()) == (
            first.machine,
            ["kept", "kept"],
        )

        other = next(number for number, host in enumerate(lab.hosts) if host != second.machine)
        with pytest.raises(ApiError, match=f"volume volumes_data is on {second.machine.name}"):
            lab.started(lab.launch("elsewhere", other, dataVolumes=["volumes_data:/data"]))

    # The stack is gone, its data is not; a volume that somebody made by hand is never ours.
    lab.hosts[0].run("docker", "volume", "create", "by-hand")
    user = lab.probe("by-hand", 0, dataVolumes=["by-hand:/data"])
    lab.api.remove(user.resource)
    found = rows(lab)
    mine = {name: row for name, row in found.items() if name.startswith("volumes_") or name == "by-hand"}
    assert {row["state"] for row in mine.values()} <= {"inactive", "requested"}
    for row in mine.values():
        lab.admin.remove(row)
    there = {name for host in lab.hosts for name in host.run("docker", "volume", "ls", "-q").split()}
    assert there & mine.keys() == {"by-hand"}
    lab.hosts[0].run("docker", "volume", "rm", "by-hand")
