# SPDX-License-Identifier: Apache-2.0
"""What a service's balancer is to do: listeners, routes, and which services are behind each route. Pure.

Services with the same rule share a backend, as in 2015. A backend's name tells its route alone, so that a service that
comes or goes leaves the connections of the others in peace.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from orca.orchestration.syntax.rules import TargetPort

TERMINATING = frozenset({"https", "tls"})
"""Protocols of listeners that need a certificate."""
BY_REQUEST, BY_NAME = frozenset({"http", "https"}), frozenset({"http", "https", "sni"})
"""Protocols whose rules may ask for a path, and for a host. Others send everything to one backend."""
WORDS = 40
"""Most characters of a route in the name of its backend."""

_NO_WORD = re.compile(r"[^A-Za-z0-9]+")

Check = dict[str, Any]
"""What ``health.terms`` says of a check."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Where a balancer listens, and how it speaks: with clients (``protocol``), and with targets (``spoken``).

    ``proxy``, ``send_proxy``: clients begin with the PROXY protocol, and targets get it.
    """

    port: int
    protocol: str
    target_port: int
    spoken: str
    algorithm: str = "roundrobin"
    proxy: bool = False
    send_proxy: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A target service with its rules (none: it gets every request), and its containers' health check."""

    service_id: int
    rules: tuple[TargetPort, ...] = ()
    check: Check | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """What of a balancer is neither listener nor target."""

    cookie: dict[str, Any] | None = None
    application_cookie: dict[str, Any] | None = None
    certificates: tuple[str, ...] = ()
    default_certificate: str | None = None
    custom: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """Targets of a backend: the containers and addresses of a service, at a port of theirs."""

    service_id: int
    port: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What every container of one balancer does. ``description``: its config item, but for the container's uuid."""

    description: dict[str, Any]
    sources: dict[str, tuple[Source, ...]]
    """By backend; of a container that several would give, the first one counts."""

    @property
    def services(self) -> set[int]:
        """The services behind the balancer."""
        return {source.service_id for sources in self.sources.values() for source in sources}

    @property
    def certificates(self) -> tuple[str, ...]:
        """The uuids of the certificates that its hosts need."""
        return tuple(self.description["certificates"])

    def backends_of(self, service_id: int) -> set[str]:
        """The backends with targets of a service."""
        return {
            name for name, sources in self.sources.items() if any(each.service_id == service_id for each in sources)
        }


@dataclass(slots=True)
class _Route:
    sources: dict[int, Source] = field(default_factory=dict)
    checks: list[Check | None] = field(default_factory=list)
    priority: int | None = None

    def add(self, link: Link, rule: TargetPort, listener: Listener) -> None:
        self.sources.setdefault(link.service_id, Source(link.service_id, rule.target_port or listener.target_port))
        self.checks.append(link.check)
        if rule.priority is not None:
            self.priority = rule.priority if self.priority is None else min(self.priority, rule.priority)


def plan(listeners: Iterable[Listener], links: Iterable[Link], settings: Settings) -> Plan:
    """Plan a balancer. A listener that ends TLS waits for its first certificate; of two at one port the first counts.

    A service with rules gets what they say, and nothing else.
    """
    usable = [each for each in listeners if settings.certificates or each.protocol not in TERMINATING]
    found = {each.port: each for each in reversed(usable)}
    links = list(links)
    routes: list[dict[str, Any]] = []
    backends: dict[str, Any] = {}
    sources: dict[str, tuple[Source, ...]] = {}
    for _, listener in sorted(found.items()):
        for (host, path), route in sorted(_routes(listener, links).items(), key=lambda item: _order(*item[0])):
            name = _name(listener.port, host, path)
            routes.append(
                {"port": listener.port, "host": host, "path": path, "priority": route.priority, "backend": name}
            )
            backends[name] = _backend(listener, route, settings)
            sources[name] = tuple(route.sources.values())
    description = {
        "listeners": [
            {"port": port, "protocol": each.protocol, "proxy": each.proxy} for port, each in sorted(found.items())
        ],
        "routes": routes,
        "backends": backends,
        "certificates": list(settings.certificates),
        "default_certificate": settings.default_certificate,
        "custom": settings.custom,
    }
    return Plan(description, sources)


def _routes(listener: Listener, links: Iterable[Link]) -> dict[tuple[str | None, str | None], _Route]:
    found: dict[tuple[str | None, str | None], _Route] = {}
    for link in links:
        for rule in link.rules or (TargetPort(),):
            if rule.source_port not in (None, listener.port):
                continue
            host = rule.host if listener.protocol in BY_NAME else None
            path = rule.path if listener.protocol in BY_REQUEST else None
            found.setdefault((host, path), _Route()).add(link, rule, listener)
    return found


def _order(host: str | None, path: str | None) -> tuple[str, str]:
    return host or "", path or ""


def _name(port: int, host: str | None, path: str | None) -> str:
    """A name in letters, digits and hyphens; the digest tells apart what looks the same in these."""
    if host is None and path is None:
        return str(port)
    words = _NO_WORD.sub("-", f"{host or ''}{path or ''}").strip("-")[:WORDS].strip("-")
    digest = hashlib.sha256(f"{host or ''} {path or ''}".encode()).hexdigest()[:8]
    return "-".join(part for part in (str(port), words, digest) if part)


def _backend(listener: Listener, route: _Route, settings: Settings) -> dict[str, Any]:
    """The lines of a backend. Services that are checked in different ways share no check of the balancer's own."""
    sticky = listener.spoken != "tcp"
    checks = route.checks
    return {
        "protocol": listener.spoken,
        "algorithm": listener.algorithm,
        "proxy": listener.send_proxy,
        "check": checks[0] if all(each == checks[0] for each in checks) else None,
        "cookie": settings.cookie if sticky else None,
        "application_cookie": settings.application_cookie if sticky else None,
    }
