# SPDX-License-Identifier: Apache-2.0
"""Settings that this floor reads, with the value each has when nobody set it."""

from __future__ import annotations

from orca.store import ReadTx

API_HOST = "api.host"
TOKEN_PERIOD = "registration.token.period.millis"  # noqa: S105 - the name of a setting
NETWORK_CIDR = "docker.network.subnet.cidr"
HOST_PREFIX = "network.host.prefix"
AGENT_IMAGE = "agent.image"
NET_IMAGE = "network.agent.image"
DNS_IMAGE = "network.dns.image"

DEFAULTS = {
    TOKEN_PERIOD: str(30 * 86_400_000),
    NETWORK_CIDR: "10.42.0.0/16",
    HOST_PREFIX: "24",
    AGENT_IMAGE: "orca/agent",
    NET_IMAGE: "orca/net",
    DNS_IMAGE: "orca/dns",
}


def value(tx: ReadTx, name: str) -> str | None:
    """The value in force: from the database, else the default, else None."""
    row = tx.first("setting", name=name)
    if row is not None and row.value is not None:
        return str(row.value)
    return DEFAULTS.get(name)


def number(tx: ReadTx, name: str) -> int:
    """The value in force as a number; the default when what was set is not one."""
    text = value(tx, name) or ""
    return int(text) if text.isascii() and text.isdecimal() else int(DEFAULTS[name])
