# SPDX-License-Identifier: Apache-2.0
"""The agent's command line and environment."""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orca.hoststate.plan.places import DOCKER_SOCKET

from .paths import DEFAULT_ROOT


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings that an operator can give; everything else comes from the server."""

    root: Path = DEFAULT_ROOT
    docker_socket: str = DOCKER_SOCKET
    ca_sha256: str = ""
    registration_url: str | None = None
    address: str | None = None
    log_level: str = "INFO"


def parse(argv: Sequence[str], environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of ``orca-agent ARGV``; exits with a usage message when they make no sense."""
    parser = argparse.ArgumentParser(
        prog="orca-agent",
        description="Connects this host to an orca server and carries out its commands. Registers first if asked to: "
        "by the argument, ORCA_REGISTRATION_URL, or the file agent/registration below the root.",
    )
    parser.add_argument(
        "registration_url",
        nargs="?",
        default=environment.get("ORCA_REGISTRATION_URL"),
        metavar="URL",
        help="https://server:port/v1/scripts/TOKEN (default: $ORCA_REGISTRATION_URL)",
    )
    parser.add_argument(
        "--ca-sha256",
        default=environment.get("ORCA_CA_SHA256", ""),
        help="SHA-256 of the server's CA certificate (default: $ORCA_CA_SHA256)",
    )
    parser.add_argument(
        "--address",
        default=environment.get("ORCA_AGENT_ADDRESS") or None,
        help="IPv4 address at which other hosts reach this one, where it differs from its own "
        "(default: $ORCA_AGENT_ADDRESS)",
    )
    parser.add_argument("--root", type=Path, default=DEFAULT_ROOT, help="state directory (default: %(default)s)")
    parser.add_argument("--docker-socket", default=DOCKER_SOCKET, help="(default: %(default)s)")
    parser.add_argument(
        "--log-level", default=environment.get("ORCA_LOG_LEVEL", "INFO"), choices=["DEBUG", "INFO", "WARNING", "ERROR"]
    )
    found = parser.parse_args(argv)
    return Settings(
        root=found.root,
        docker_socket=found.docker_socket,
        ca_sha256=found.ca_sha256,
        registration_url=found.registration_url or None,
        address=found.address,
        log_level=found.log_level,
    )
