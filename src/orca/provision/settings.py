# SPDX-License-Identifier: Apache-2.0
"""Settings that this floor reads, with the value each has when nobody set it."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from urllib.parse import urlsplit

from orca.resources.errors import Refused
from orca.store import ReadTx, Record, Tx

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


def declare(tx: Tx) -> None:
    """Give every setting its row, so that people find it before they set it."""
    for name in (API_HOST, *DEFAULTS):
        tx.insert("setting", name=name, value=None)


def value(tx: ReadTx, name: str) -> str | None:
    """The value in force: from the database, else the default, else None."""
    row = tx.first("setting", name=name)
    if row is not None and row.value is not None:
        return str(row.value)
    return DEFAULTS.get(name)


def _is_url(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and parts.path in ("", "/")


def _is_network(text: str) -> bool:
    return ipaddress.IPv4Network(text).prefixlen <= 24


CHECKS: dict[str, tuple[Callable[[str], bool], str]] = {
    API_HOST: (_is_url, "the URL at which hosts reach the server, such as https://orca.example.com:8080"),
    TOKEN_PERIOD: (lambda text: int(text) > 0, "a number of milliseconds"),
    NETWORK_CIDR: (_is_network, "a network of IPv4 addresses with at least 256 of them, such as 10.42.0.0/16"),
    HOST_PREFIX: (lambda text: 16 <= int(text) <= 28, "the prefix length of a host's range, from 16 to 28"),
}


def put(tx: Tx, name: str, value: str | None) -> Record:
    """Set it; None is back to the default. The row stays, so that its name still answers.

    Raises:
        Refused: the setting cannot have this value.
    """
    fits, expected = CHECKS.get(name, (lambda text: True, ""))
    try:
        right = value is None or fits(value)
    except ValueError:
        right = False
    if not right:
        raise Refused("InvalidFormat", f"{name}: {expected} is expected", field="value")
    row = tx.first("setting", name=name)
    return tx.insert("setting", name=name, value=value) if row is None else tx.update(row, value=value)


def number(tx: ReadTx, name: str) -> int:
    """The value in force as a number; the default when what was set is not one."""
    text = value(tx, name) or ""
    return int(text) if text.isascii() and text.isdecimal() else int(DEFAULTS[name])
