# SPDX-License-Identifier: Apache-2.0
"""The settings that this floor reads, and their defaults."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from urllib.parse import urlsplit

from orca.engine.retention import DAYS as RETENTION
from orca.engine.settings import environment, was_set
from orca.hoststate.plan.addressing import DEFAULT_CIDR, DEFAULT_PREFIX, MAX_PREFIX, MIN_PREFIX
from orca.resources import rows
from orca.resources.errors import Refused
from orca.store import ReadTx, Tx

API_HOST = "api.host"
TOKEN_PERIOD = "registration.token.period.millis"  # noqa: S105 - the name of a setting
NETWORK_CIDR = "docker.network.subnet.cidr"
HOST_PREFIX = "network.host.prefix"
AGENT_IMAGE = "agent.image"
METRICS_PUBLIC = "metrics.public"
NET_IMAGE = "network.agent.image"
DNS_IMAGE = "network.dns.image"
HAPROXY_IMAGE = "network.haproxy.image"
CONTAINER_LOG = "container.log"
ENGINE_LOG = "engine"
"""Stands for the log driver that the engine of a host has as its own default."""
ROTATING = frozenset({"json-file", "local"})
"""Log drivers that keep files on the host, which can be read and rotate by the options of ``ROTATION``."""
ROTATION = frozenset({"max-size", "max-file", "compress"})
SECURITY = "api.security.enabled"
ACCESS_CONTROL = "access.control"
"""The choice of access control when the data directory was made."""
SESSION_PERIOD = "api.auth.jwt.token.expiry"

DEFAULTS = {
    TOKEN_PERIOD: str(30 * 86_400_000),
    NETWORK_CIDR: DEFAULT_CIDR,
    HOST_PREFIX: str(DEFAULT_PREFIX),
    AGENT_IMAGE: "orca/agent",
    METRICS_PUBLIC: "false",
    NET_IMAGE: "orca/net",
    DNS_IMAGE: "orca/dns",
    HAPROXY_IMAGE: "orca/haproxy",
    CONTAINER_LOG: "json-file max-size=10m max-file=3",
    SESSION_PERIOD: str(16 * 3_600_000),
    **{name: str(days) for name, days in RETENTION.items()},
}

PUBLIC = frozenset({API_HOST, SECURITY, ACCESS_CONTROL, *DEFAULTS})
"""Public settings, which hold no secrets. Settings with other names are their makers' own."""


def declare(tx: Tx) -> None:
    """Make the row of every setting, so that people find it before they set it."""
    for name in (API_HOST, *DEFAULTS):
        tx.insert(rows.Setting, name=name, value=None)


def value(tx: ReadTx, name: str) -> str | None:
    """The value in force: from the environment, else from the database, else the default, else None."""
    given = was_set(tx, name)
    return DEFAULTS.get(name) if given is None else given


def source(tx: ReadTx, name: str) -> str:
    """Where the value in force comes from."""
    if environment(name) is not None:
        return "Environment"
    return "Default" if was_set(tx, name) is None else "Database"


def is_url(text: str) -> bool:
    """True if it is the URL of a server with a host that a certificate can carry. Raises ``ValueError`` for some
    others.
    """
    parts = urlsplit(text)
    host = parts.hostname or ""
    named = _HOST.fullmatch(host) is not None or bool(ipaddress.ip_address(host))
    return parts.scheme in ("http", "https") and named and parts.port != 0 and parts.path in ("", "/")


_HOST = re.compile(r"(?=.{1,253}\Z)(?!-)[A-Za-z0-9_-]{1,63}(\.(?!-)[A-Za-z0-9_-]{1,63})*\.?")
"""Labels of RFC 1123, and common others."""


def log_default(text: str) -> tuple[str, dict[str, str]]:
    """A log driver and its options, as in ``json-file max-size=10m``. Raises ``ValueError``: another form."""
    driver, *words = text.split()
    options = dict(word.split("=", 1) for word in words)
    if (driver == ENGINE_LOG and not options) or (driver in ROTATING and options.keys() <= ROTATION):
        return driver, options
    raise ValueError(text)


def _is_network(text: str) -> bool:
    return ipaddress.IPv4Network(text).prefixlen <= 24


def _is_host_prefix(text: str) -> bool:
    return MIN_PREFIX <= int(text) <= MAX_PREFIX


CHECKS: dict[str, tuple[Callable[[str], bool], str]] = {
    METRICS_PUBLIC: (lambda text: text in ("true", "false"), "true or false"),
    API_HOST: (is_url, "the URL at which hosts reach the server, such as https://orca.example.com:8080"),
    TOKEN_PERIOD: (lambda text: int(text) > 0, "a number of milliseconds"),
    SESSION_PERIOD: (lambda text: int(text) >= 1000, "a number of milliseconds, at least 1000"),
    **dict.fromkeys(RETENTION, (lambda text: 0 < int(text) < 36_500, "a number of days")),
    CONTAINER_LOG: (
        lambda text: bool(log_default(text)),
        f"json-file or local with options, as in {DEFAULTS[CONTAINER_LOG]}, or {ENGINE_LOG} for the host's own driver,",
    ),
    NETWORK_CIDR: (_is_network, f"a network of IPv4 addresses with at least 256 of them, such as {DEFAULT_CIDR}"),
    HOST_PREFIX: (_is_host_prefix, f"the prefix length of a host's range, from {MIN_PREFIX} to {MAX_PREFIX},"),
}


def check(name: str, value: str) -> None:
    """Raise ``Refused`` for a value that the setting cannot have."""
    fits, expected = CHECKS.get(name, (lambda text: True, ""))
    try:
        right = fits(value)
    except ValueError:
        right = False
    if not right:
        raise Refused("InvalidFormat", f"{name}: {expected} is expected", field="value")


def check_environment() -> None:
    """Raise ``Refused`` for a value in the environment that the setting cannot have."""
    for name in CHECKS:
        given = environment(name)
        if given is not None:
            check(name, given)


def check_ranges(tx: ReadTx, name: str, given: str | None) -> None:
    """Raise ``Refused`` if, with this setting, the network of new projects would hold no range of a host."""
    texts = {each: value(tx, each) or "" for each in (NETWORK_CIDR, HOST_PREFIX)}
    texts[name] = given or DEFAULTS[name]
    cidr, prefix = ipaddress.IPv4Network(texts[NETWORK_CIDR]), int(texts[HOST_PREFIX])
    if cidr.prefixlen >= prefix:
        message = (
            f"{NETWORK_CIDR} {cidr} holds no range of a host, which {HOST_PREFIX} makes /{prefix}: the network needs a"
            f" prefix length below {prefix}, hosts one above {cidr.prefixlen}"
        )
        raise Refused("InvalidFormat", message, field="value")


def put(tx: Tx, name: str, value: str | None) -> rows.Setting:
    """Set it; None resets it to the default. The row stays, so that its name is still found.

    Raises:
        Refused: the setting cannot have this value.
    """
    if value is not None:
        check(name, value)
    if name in (NETWORK_CIDR, HOST_PREFIX):
        check_ranges(tx, name, value)
    row = tx.first(rows.Setting, name=name)
    return tx.insert(rows.Setting, name=name, value=value) if row is None else tx.update(row, value=value)


def number(tx: ReadTx, name: str) -> int:
    """The value in force as a number; the default if it is not one."""
    text = value(tx, name) or ""
    return int(text) if text.isascii() and text.isdecimal() else int(DEFAULTS[name])
