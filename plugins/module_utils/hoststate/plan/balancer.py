# SPDX-License-Identifier: Apache-2.0
"""The balancers of a host: each container of one is HAProxy with a directory of its own.

Described by ``{cidr, subnet, balancers: {uuid: …}, targets: {uuid: {backend: {target: …}}}, certificates: {uuid:
{chain, key}}}``; docs/architecture/items.md says what each is. ``balancer_text`` makes the configuration.

What changes often has no part in the *structure*: targets, routes and certificates change while HAProxy runs. A new
structure has to be loaded. HAProxy knows the digest of its own, as a variable.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from . import haproxy, routing
from .haproxy import Server
from .items import BALANCER, CERTIFICATE, TARGETS, digest
from .network import environment

#: The parts of a balancer's item that need another configuration. HAProxy takes the first certificate that it reads at
#: its start as the default, or none at all.
STRUCTURE = ("listeners", "backends", "custom", "default_certificate")
#: A balancer that waits for its first configuration; HAProxy runs, and nobody listens.
MINIMAL: Mapping[str, Any] = {
    "listeners": [],
    "routes": [],
    "backends": {},
    "certificates": [],
    "default_certificate": None,
    "custom": {},
}
READY, DRAIN = "ready", "drain"
#: HAProxy's bounds of a weight.
LIGHTEST, HEAVIEST = 0, 256

_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,127})_([0-9a-f]{8})\Z")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}\Z")


class Target(NamedTuple):
    """A target as a server. ``cookie`` is the value by which a client comes back to it, or empty."""

    server: Server
    address: str
    port: int
    options: Tuple[str, ...]
    weight: int
    ready: bool

    def add(self) -> List[str]:
        """The commands that add it to a running HAProxy. The server has found it healthy, so that it is up at once."""
        options = self.options + ("weight {0}".format(self.weight),)
        commands = haproxy.add_server(self.server, self.address, self.port, options, trusted=True)
        return commands if self.ready else commands[:1]  # a new server is in maintenance

    def line(self) -> str:
        """It in a configuration."""
        words = ["server", self.server.name, "{0}:{1}".format(self.address, self.port), *self.options]
        return " ".join(words + ["weight {0}".format(self.weight)] + ([] if self.ready else ["disabled"]))


def describe(items: Mapping[str, Mapping[str, Any]]) -> Optional[Dict[str, Any]]:
    """Join config items (name -> description); ``None``: the host has no network."""
    base = environment(items)
    if base is None:
        return None
    targets: Dict[str, Dict[str, Any]] = {}
    for key, item in TARGETS.of(items).items():
        uuid, _slash, backend = key.partition("/")
        targets.setdefault(uuid, {})[backend] = dict(item["targets"])
    certificates = {key: dict(item) for key, item in CERTIFICATE.of(items).items()}
    balancers = {key: _with(item, certificates) for key, item in BALANCER.of(items).items()}
    return dict(base, balancers=balancers, targets=targets, certificates=certificates)


def structure(item: Mapping[str, Any]) -> str:
    """The digest of a balancer's structure."""
    return digest({part: item[part] for part in STRUCTURE})[:16]


def loaded(item: Mapping[str, Any], good: Mapping[str, Any]) -> Dict[str, Any]:
    """What a balancer should do with the structure of ``good``, until that of ``item`` is loaded."""
    if structure(item) == structure(good):
        return dict(item)
    kept = {part: good[part] for part in STRUCTURE}
    ports = {each["port"] for each in good["listeners"]}
    routes = [each for each in item["routes"] if each["port"] in ports and each["backend"] in good["backends"]]
    return dict(item, routes=routes, **kept)


def targets(item: Mapping[str, Any], wanted: Mapping[str, Mapping[str, Any]]) -> Dict[Server, Target]:
    """The servers of a balancer.

    :param item: the balancer's. :param wanted: targets by backend; those of other backends are left out.
    :raises ValueError: a target makes no sense; the message names it.
    """
    found = {}
    for backend, description in item["backends"].items():
        options = _options(description)
        for uuid, each in wanted.get(backend, {}).items():
            target = _target(backend, uuid, each, options, bool(description.get("cookie")))
            found[target.server] = target
    return found


def target_of(server: Server) -> Optional[str]:
    """The key of the target that a server's name tells; ``None``: it is none of ours."""
    match = _NAME.match(server.name)
    return None if match is None else match.group(1)


def maps(item: Mapping[str, Any]) -> Dict[int, routing.Maps]:
    """The maps of each port.

    :raises ValueError: a route makes no sense; the message names it.
    """
    routes: Dict[int, List[routing.Route]] = {each["port"]: [] for each in item["listeners"]}
    for each in item["routes"]:
        if each["port"] not in routes:
            raise ValueError("a route of port {0}, which has no listener".format(each["port"]))
        if each["backend"] not in item["backends"]:
            raise ValueError("a route to {0!r}, which is no backend".format(each["backend"]))
        routes[each["port"]].append(routing.route(each))
    return {port: routing.maps(each) for port, each in routes.items()}


def identity(text: str, what: str) -> str:
    """Return ``text`` if it can name a file and a part of HAProxy.

    :raises ValueError: it cannot.
    """
    if not _ID.match(text):
        raise ValueError("{0!r} cannot name a {1}".format(text, what))
    return text


def _with(item: Mapping[str, Any], certificates: Mapping[str, Any]) -> Dict[str, Any]:
    """A balancer's item with those certificates that are there."""
    default = item["default_certificate"]
    return dict(
        item,
        certificates=[each for each in item["certificates"] if each in certificates],
        default_certificate=default if default in certificates else None,
    )


def _target(backend: str, uuid: str, item: Mapping[str, Any], options: Tuple[str, ...], sticky: bool) -> Target:
    """A server is named after all that only another server could change."""
    try:
        address, port = str(ipaddress.IPv4Address(item["address"])), int(item["port"])
        weight, state = int(item["weight"]), item["state"]
        if not 0 < port < 1 << 16:
            raise ValueError("{0} is no port".format(port))
        if not LIGHTEST <= weight <= HEAVIEST:
            raise ValueError("weight {0} is not from {1} to {2}".format(weight, LIGHTEST, HEAVIEST))
        if state not in (READY, DRAIN):
            raise ValueError("state {0!r} is not {1} or {2}".format(state, READY, DRAIN))
        if sticky:
            options += ("cookie " + digest({"target": identity(uuid, "target")})[:16],)
        made = digest({"address": address, "port": port, "options": list(options)})[:8]
        server = Server(backend, "{0}_{1}".format(identity(uuid, "target"), made))
        return Target(server, address, port, options, weight, state == READY)
    except ValueError as error:
        raise ValueError("target {0} of {1}: {2}".format(uuid, backend, error)) from error


def _options(backend: Mapping[str, Any]) -> Tuple[str, ...]:
    check, options = backend.get("check"), []
    if backend["protocol"] == "h2":
        options.append("proto h2")
    if backend.get("proxy"):
        options.append("send-proxy-v2")
    if check is not None:
        options += haproxy.check_options(check["interval"], check["rise"], check["fall"])
        if check.get("port") is not None:
            options.append("port {0}".format(int(check["port"])))
            if backend.get("proxy"):
                options.append("check-send-proxy")
    return tuple(options)
