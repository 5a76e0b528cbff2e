# SPDX-License-Identifier: Apache-2.0
"""The agent's container, described once: for the engine's API, and as the command that makes a host join."""

from __future__ import annotations

import shlex
from typing import Any, Dict, Iterator, Mapping, Optional, Sequence

from . import containers, labels
from .places import DOCKER_SOCKET, ROOT

NAME = "orca-agent"


def container(image: str, address: Optional[str] = None, docker_socket: str = DOCKER_SOCKET) -> Dict[str, Any]:
    """Return the body of ``POST /containers/create``.

    :param address: IPv4 address at which other hosts reach this one, if it is not one of its own.
    :param docker_socket: the socket of the agent's engine.
    """
    return containers.specified(_body(image, {"ORCA_AGENT_ADDRESS": address} if address else {}, docker_socket))


def command(image: str, environment: Mapping[str, str], arguments: Sequence[str]) -> str:
    """Return the shell command that runs the same container by hand, as root or a member of group ``docker``."""
    words = ["docker", "run", "-d", "--name", NAME, *_flags(_body(image, environment, DOCKER_SOCKET)), image]
    return " ".join(map(shlex.quote, words + list(arguments)))


def _body(image: str, environment: Mapping[str, str], docker_socket: str) -> Dict[str, Any]:
    """The host's network, one capability, the engine's socket and the directory of the platform."""
    host_config = dict(
        containers.HOST_CONFIG,
        NetworkMode="host",
        CapAdd=["NET_ADMIN"],
        # The agent writes kernel settings of the network, but Docker masks parts of /proc and makes /proc/sys
        # read-only.
        MaskedPaths=[],
        ReadonlyPaths=[],
        # The root has one path inside and outside, because the engine resolves the agent's bind mounts.
        Binds=[docker_socket + ":" + DOCKER_SOCKET, ROOT + ":" + ROOT],
    )
    return {
        "Image": image,
        "Env": ["{0}={1}".format(*variable) for variable in environment.items()],
        "Labels": {labels.SYSTEM: "agent"},
        "HostConfig": host_config,
    }


def _flags(body: Mapping[str, Any]) -> Iterator[str]:
    """The flags of ``docker run`` for everything that ``_body`` uses."""
    host = body["HostConfig"]
    yield "--restart=" + host["RestartPolicy"]["Name"]
    yield "--network=" + host["NetworkMode"]
    for capability in host["CapDrop"]:
        yield "--cap-drop=" + capability
    for capability in host["CapAdd"]:
        yield "--cap-add=" + capability
    yield from ("--security-opt", "systempaths=unconfined")  # neither masked nor read-only paths
    yield "--log-driver=" + host["LogConfig"]["Type"]
    for option, value in host["LogConfig"]["Config"].items():
        yield from ("--log-opt", option + "=" + value)
    for label, value in body["Labels"].items():
        yield from ("--label", label + "=" + value)
    for bind in host["Binds"]:
        yield from ("-v", bind)
    for variable in body["Env"]:
        yield from ("-e", variable)
