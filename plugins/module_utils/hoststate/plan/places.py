# SPDX-License-Identifier: Apache-2.0
"""Paths on every host (docs/architecture/host.md)."""

from __future__ import annotations

ROOT = "/var/lib/orca"
#: Directories below it.
MESH, DNS, RESOLV, CHECK = "mesh", "dns", "resolv", "check"
#: The last one as the checker itself sees it, and its configuration there.
CHECKER_SIDE, CHECKER_CONFIGURATION = "/etc/orca-check", "haproxy.cfg"

DOCKER_SOCKET = "/var/run/docker.sock"
