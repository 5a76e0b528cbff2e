# SPDX-License-Identifier: Apache-2.0
"""The agent's container: what it may do, and that what people type gives the same one as the engine's API."""

import argparse
import re
import shlex
from pathlib import Path

from orca.hoststate.plan import labels
from orca.hoststate.plan.agent import NAME, command, container

SOCKET = "/var/run/docker.sock"


def read(text):
    """Return the name, the body and the arguments that `docker run` makes of a command line."""
    parser = argparse.ArgumentParser()
    for flag in ("--name", "--restart", "--network", "--log-driver", "--security-opt"):
        parser.add_argument(flag)
    for flag in ("--cap-add", "--cap-drop", "--log-opt", "--label", "-v", "-e"):
        parser.add_argument(flag, action="append", default=[])
    parser.add_argument("-d", action="store_true", required=True)
    parser.add_argument("image")
    parser.add_argument("arguments", nargs="*")
    words = shlex.split(text)
    assert words[:2] == ["docker", "run"]
    found = parser.parse_args(words[2:])
    assert found.security_opt == "systempaths=unconfined"
    body = {
        "Image": found.image,
        "Env": found.e,
        "Labels": dict(label.split("=") for label in found.label),
        "HostConfig": {
            "RestartPolicy": {"Name": found.restart},
            "NetworkMode": found.network,
            "CapAdd": found.cap_add,
            "CapDrop": found.cap_drop,
            "MaskedPaths": [],
            "ReadonlyPaths": [],
            "LogConfig": {"Type": found.log_driver, "Config": dict(option.split("=") for option in found.log_opt)},
            "Binds": found.v,
        },
    }
    return found.name, body, found.arguments


def test_the_command_and_the_body_say_the_same():
    wanted = container("orca/agent:1", "192.0.2.1")
    del wanted["Labels"][labels.SPEC]  # a container made by hand is replaced by the module's at its first run
    text = command("orca/agent:1", {"ORCA_AGENT_ADDRESS": "192.0.2.1"}, ["https://s:8080/v1/scripts/t"])
    assert read(text) == (NAME, wanted, ["https://s:8080/v1/scripts/t"])


def test_the_container_has_one_capability_one_socket_one_directory():
    host = container("agent:1", docker_socket="/run/other.sock")["HostConfig"]
    assert (host["CapDrop"], host["CapAdd"]) == (["ALL"], ["NET_ADMIN"])
    assert host["Binds"] == ["/run/other.sock:/var/run/docker.sock", "/var/lib/orca:/var/lib/orca"]
    assert not {"Privileged", "PidMode", "Devices"} & host.keys()


def test_a_container_is_replaced_when_and_only_when_it_differs():
    def spec(*arguments):
        return container(*arguments)["Labels"][labels.SPEC]

    assert spec("agent:1", None, SOCKET) == spec("agent:1", "", SOCKET)
    others = {spec("agent:2", None, SOCKET), spec("agent:1", "192.0.2.1", SOCKET), spec("agent:1", None, "/d.sock")}
    assert spec("agent:1", None, SOCKET) not in others
    assert len(others) == 3


def test_the_page_on_security_names_its_rights():
    section = (Path(__file__).parents[3] / "docs/security.md").read_text().split("## The agent container")[1]
    (flags,) = re.findall(r"^`(--[^`]+)`", section.split("## ")[0], re.MULTILINE)
    said = set(re.findall(r"--(\S+)[ =](\S+)", flags))
    given = set(re.findall(r"--(\S+?)[ =](\S+)", command("a", {}, [])))
    assert said == {pair for pair in given if pair[0] in ("network", "cap-drop", "cap-add", "security-opt")}
