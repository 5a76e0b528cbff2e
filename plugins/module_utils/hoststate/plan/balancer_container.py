# SPDX-License-Identifier: Apache-2.0
"""How HAProxy runs in the container of a balancer."""

from __future__ import annotations

from typing import Mapping, Tuple

from .balancer_text import CANDIDATE, CONFIGURATION, MASTER
from .places import BALANCER_SIDE

__all__ = ["BALANCER_SIDE", "CHECK", "ENTRY_POINT", "STOP_SIGNAL", "SYSCTLS", "USER"]

#: No right at all, as the checker, and a number of its own. Its group is root's, as it shares files with the agent.
USER = "65055:0"

#: A master that replaces its worker, in the foreground.
ENTRY_POINT: Tuple[str, ...] = (
    "haproxy",
    "-W",
    "-db",
    "-S",
    "{0}/{1},mode,660".format(BALANCER_SIDE, MASTER),
    "-f",
    "{0}/{1}".format(BALANCER_SIDE, CONFIGURATION),
)

#: Reads a candidate in the same place, with the same files and limits.
CHECK: Tuple[str, ...] = ("haproxy", "-c", "-f", "{0}/{1}".format(BALANCER_SIDE, CANDIDATE))

#: Its listeners close at once, and it ends when the last connection does; the engine kills it after the grace period.
STOP_SIGNAL = "SIGUSR1"

#: It may listen on every port of its own network.
SYSCTLS: Mapping[str, str] = {"net.ipv4.ip_unprivileged_port_start": "0"}
