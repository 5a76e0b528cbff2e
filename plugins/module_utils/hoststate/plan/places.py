# SPDX-License-Identifier: Apache-2.0
"""Paths on every host (docs/architecture/host.md)."""

from __future__ import annotations

ROOT = "/var/lib/orca"
#: Directories below it.
MESH, DNS, RESOLV, CHECK, BALANCER, METADATA = "mesh", "dns", "resolv", "check", "balancer", "metadata"
#: The checker's as the checker itself sees it, and its configuration there.
CHECKER_SIDE, CHECKER_CONFIGURATION = "/etc/orca-check", "haproxy.cfg"
#: A balancer's, ``balancer/<instance uuid>``, as the balancer itself sees it.
BALANCER_SIDE = "/etc/orca-balancer"

DOCKER_SOCKET = "/var/run/docker.sock"
