# SPDX-License-Identifier: Apache-2.0
"""Paths on every host (docs/architecture/host.md)."""

from __future__ import annotations

ROOT = "/var/lib/orca"
#: Directories below it.
MESH, DNS, RESOLV = "mesh", "dns", "resolv"

DOCKER_SOCKET = "/var/run/docker.sock"
