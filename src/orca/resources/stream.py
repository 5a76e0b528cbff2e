# SPDX-License-Identifier: Apache-2.0
"""Streams of hosts and containers: statistics, logs, commands, each by a token."""

from orca.resources.fields import array, boolean, integer, text
from orca.resources.types import access, given, wire_only

HOST_ACCESS = wire_only("hostAccess", {"token": text(), "url": text()}, plural="hostAccesses")

STATS_ACCESS = wire_only("statsAccess", {"token": text(), "url": text()}, plural="statsAccesses")

CONTAINER_LOGS = wire_only(
    "containerLogs",
    {"follow": boolean("cr", default=True, nullable=False), "lines": integer("cr", default=100, min=0)},
    plural="containerLogses",
    access=given("cr"),
)

CONTAINER_EXEC = wire_only(
    "containerExec",
    {
        "attachStdin": boolean("cr", default=True, nullable=False),
        "attachStdout": boolean("cr", default=True, nullable=False),
        "command": array("string", "cr", required=True, nullable=False),
        "tty": boolean("cr", default=True, nullable=False),
    },
    access=given("cr"),
)

INSTANCE_CONSOLE = wire_only("instanceConsole", {"kind": text(), "password": text(), "url": text()})

INSTANCE_CONSOLE_INPUT = wire_only("instanceConsoleInput", {})

HOST_API_PROXY_TOKEN = wire_only(
    "hostApiProxyToken",
    {"reportedUuid": text("cr"), "token": text(), "url": text()},
    access=access("", admin="r", agent="cr"),
    part=False,
)

TYPES = (
    HOST_ACCESS,
    STATS_ACCESS,
    CONTAINER_LOGS,
    CONTAINER_EXEC,
    INSTANCE_CONSOLE,
    INSTANCE_CONSOLE_INPUT,
    HOST_API_PROXY_TOKEN,
)
