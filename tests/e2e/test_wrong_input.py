# SPDX-License-Identifier: Apache-2.0
"""Wrong input gives a clear error with the reason, and nothing half made remains."""

from __future__ import annotations

import pytest
from api import ApiError
from lab import Lab
from waiting import until


def leftovers(lab: Lab, name: str) -> list[str]:
    return [
        found
        for host in lab.hosts
        for found in host.run("docker", "ps", "-a", "--format", "{{.Names}}").split()
        if name in found
    ]


def test_an_image_that_does_not_exist(lab: Lab) -> None:
    reference = lab.images["probe"].rsplit(":", 1)[0] + ":nowhere"
    with pytest.raises(ApiError) as error:
        lab.started(lab.launch("bad-image", image=reference))
    assert error.value.body["state"] in ("removed", "purged")
    assert "nowhere" in error.value.body["transitioningMessage"]
    assert not leftovers(lab, "bad-image")


def test_a_port_taken_in_orca(lab: Lab) -> None:
    lab.http("taken-a", host=0, public=8090)
    with pytest.raises(ApiError) as error:
        lab.started(lab.launch("taken-b", host=0, ports=["8090:80/tcp"]))
    assert "8090" in str(error.value)
    assert "taken-a" in str(error.value), "the holder is named"
    assert not leftovers(lab, "taken-b")


def test_a_port_taken_on_the_host(lab: Lab) -> None:
    host = lab.hosts[0]
    listener = host.start("nc", "-lk", "-p", "8091")
    try:
        until(lambda: host.run("ss", "-Hltn", "sport = :8091"), 5, "a listener on the host")
        with pytest.raises(ApiError) as error:
            lab.started(lab.launch("taken-c", host=0, ports=["8091:80/tcp"]))
        assert "8091" in str(error.value)
        assert not leftovers(lab, "taken-c")
    finally:
        host.run("pkill", "-f", "nc -lk -p 8091")
        listener.wait(timeout=10)


def test_a_bad_compose_key_names_service_and_key(lab: Lab) -> None:
    before = {row["id"] for row in lab.api.list("environments")}
    with pytest.raises(ApiError) as error:
        lab.api.create("environments", name="bad", dockerCompose="web:\n  image: x\n  imagee: y\n")
    assert error.value.status == 422
    assert "imagee" in str(error.value)
    assert "web" in str(error.value)
    assert {row["id"] for row in lab.api.list("environments")} == before


def test_remove_wins_over_a_start_that_hangs(lab: Lab) -> None:
    """The image comes from a registry that takes the connection and never answers."""
    hole = lab.server.start("nc", "-lk", "-p", "5999")
    try:
        until(lambda: lab.server.run("ss", "-Hltn", "sport = :5999"), 5, "a registry that never answers")
        row = lab.launch("hangs", host=0, image=f"{lab.server.address}:5999/hangs:1")
        until(lambda: lab.api.reload(row)["state"] == "starting", 10, "the start hangs")
        lab.api.remove(row, within=10)
        assert not leftovers(lab, "hangs")
    finally:
        lab.server.run("pkill", "-f", "nc -lk -p 5999")
        hole.wait(timeout=10)
