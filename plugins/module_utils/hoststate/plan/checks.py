# SPDX-License-Identifier: Apache-2.0
"""The health checks of a host's checker, which is HAProxy with backends only.

Described by ``{cidr, subnet, checks: {uuid: {start, address, port, http: {method, path, host?} or null, expect,
interval, timeout, rise, fall}}}``; docs/architecture/wire.md says what each is.

HAProxy makes no backend at run time, and time-out, method and expected answers belong to the backend. So the
configuration has one for each combination, and a check is a server in one of them. What else a request says stands in
maps, by the name of the server.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Collection, Dict, List, Mapping, NamedTuple, Optional, Tuple

from . import haproxy
from .addressing import HostRange
from .haproxy import Map, Section, Server
from .items import CHECK, digest
from .network import environment
from .places import CHECKER_SIDE

PATHS_FILE, NAMES_FILE = "paths.map", "names.map"
#: The socket for commands, below the directory.
COMMANDS = "run/commands.sock"
#: HAProxy logs into a buffer of its own, which this command follows from now on. A datagram socket would lose what many
#: checks say at once: kernels let ten datagrams wait.
FOLLOW = "show events edges -w -n"

#: Milliseconds; a check has the first that is not shorter than what it asks for, or the last one.
TIMEOUTS = (250, 500, 1000, 2000, 3000, 5000, 10000, 30000, 60000)
METHODS = ("GET", "HEAD", "OPTIONS", "POST")
#: Expected answers, as ``http-check expect status`` writes them; the first is the rule of 2015.
EXPECTED = ("200-399",)

#: Connections, which limit the checks of one host: those to a silent server stay until their time-out.
MOST = 5000
LINE_BYTES = 2048

PATHS, NAMES = Map(CHECKER_SIDE + "/" + PATHS_FILE), Map(CHECKER_SIDE + "/" + NAMES_FILE)

_UUID = re.compile(r"[A-Za-z0-9-]+\Z")
_NAME = re.compile(r"([A-Za-z0-9-]+)_([0-9]+)_[0-9a-f]{8}\Z")
#: What a request may ask for, and the host it may name. With every character escaped both fit one line of commands: a
#: longer one ends HAProxy's connection, and with it the commands of all other checks.
PATH, HOST = re.compile(r"(/|\*\Z)[!-~]{0,2047}\Z"), re.compile(r"[A-Za-z0-9_.:\[\]-]{1,255}\Z")


class Check(NamedTuple):
    """One check as a server of the checker; ``path`` and ``name`` (of the host asked for) are empty but for HTTP."""

    server: Server
    address: str
    port: int
    options: Tuple[str, ...]
    path: str = ""
    name: str = ""

    def add(self) -> List[str]:
        """The commands that begin it."""
        maps = [PATHS.put(self.server.name, self.path), NAMES.put(self.server.name, self.name)] if self.path else []
        return maps + haproxy.add_server(self.server, self.address, self.port, self.options)


def describe(items: Mapping[str, Mapping[str, Any]]) -> Optional[Dict[str, Any]]:
    """Join config items (name -> description); ``None``: the host has no network."""
    base = environment(items)
    return None if base is None else dict(base, checks={key: dict(item) for key, item in CHECK.of(items).items()})


def configuration() -> str:
    """The text of the checker's configuration; it is the same on every host."""
    sections = [
        Section(
            "global",
            (
                "log ring@edges len {0} format raw daemon".format(LINE_BYTES),
                "stats socket {0}/{1} mode 660 level admin".format(CHECKER_SIDE, COMMANDS),
                "stats timeout 1h",
                "hard-stop-after 1s",
                "nbthread 1",
                "maxconn {0}".format(MOST),
            ),
        ),
        Section("ring edges", ("format raw", "maxlen {0}".format(LINE_BYTES), "size 1048576")),
        Section("defaults", ("log global", "option log-health-checks", "timeout client 1s", "timeout server 1s")),
    ]
    for timeout in TIMEOUTS:
        times = ("timeout connect {0}ms".format(timeout), "timeout check {0}ms".format(timeout))
        sections.append(Section("backend " + _tcp(timeout), ("mode tcp",) + times))
        for method in METHODS:
            for expected in EXPECTED:
                sections.append(Section("backend " + _http(timeout, method, expected), _asks(method, expected) + times))
    return haproxy.configuration(sections)


def checks(description: Mapping[str, Any], own: Optional[str] = None) -> Dict[Server, Check]:
    """The servers of the checker for a description.

    :param own: the host's address, at which containers in its network are checked; else the bridge's is.
    :raises ValueError: a check makes no sense; the message names it.
    """
    host = own or HostRange(description["subnet"]).gateway
    found = (_check(uuid, item, host) for uuid, item in description["checks"].items())
    return {check.server: check for check in found}


def difference(wanted: Mapping[Server, Check], present: Collection[Server]) -> Tuple[List[Check], List[Server]]:
    """Which checks to begin, and which servers to remove.

    A server's name tells all that it was made from, so that a changed check is another server.
    """
    new = [check for server, check in wanted.items() if server not in present]
    return new, [server for server in present if server not in wanted]


def end(server: Server) -> List[str]:
    """The commands that end a check."""
    return haproxy.remove_server(server) + [each.drop(server.name) for each in (PATHS, NAMES)]


def identity(name: str) -> Optional[Tuple[str, int]]:
    """The uuid of the check and the start of the container that a server's name tells; ``None``: it is no check's."""
    match = _NAME.match(name)
    return None if match is None else (match.group(1), int(match.group(2)))


def _check(uuid: str, item: Mapping[str, Any], host: str) -> Check:
    try:
        if not _UUID.match(uuid):
            raise ValueError("{0!r} cannot be its uuid".format(uuid))
        address = str(ipaddress.IPv4Address(item["address"] or host))
        name = "{0}_{1}_{2}".format(uuid, int(item["start"]), digest(dict(item, address=address))[:8])
        options = haproxy.check_options(item["interval"], item["rise"], item["fall"])
        timeout = next((each for each in TIMEOUTS if each >= item["timeout"]), TIMEOUTS[-1])
        if item["http"] is None:
            return Check(Server(_tcp(timeout), name), address, int(item["port"]), options)
        method, path, host = _request(item["http"], address)
        if item["expect"] not in EXPECTED:
            raise ValueError("expected answers {0!r} are not one of {1}".format(item["expect"], ", ".join(EXPECTED)))
        server = Server(_http(timeout, method, item["expect"]), name)
        return Check(server, address, int(item["port"]), options, path, host)
    except ValueError as error:
        raise ValueError("check {0}: {1}".format(uuid, error)) from error


def _request(http: Mapping[str, Any], address: str) -> Tuple[str, str, str]:
    """Method, path and host asked for of a request.

    It is always HTTP/1.1, which needs a host, and asks to end the connection.
    """
    method, path, host = http["method"], http["path"], http.get("host") or address
    if method not in METHODS:
        raise ValueError("method {0!r} is not one of {1}".format(method, ", ".join(METHODS)))
    if not PATH.match(path):
        raise ValueError("{0!r} is not a path".format(path))
    if not HOST.match(host):
        raise ValueError("{0!r} is not a host".format(host))
    return method, path, host


def _tcp(timeout: int) -> str:
    return "tcp-{0}".format(timeout)


def _http(timeout: int, method: str, expected: str) -> str:
    return "http-{0}-{1}-{2}".format(timeout, method.lower(), expected)


def _asks(method: str, expected: str) -> Tuple[str, ...]:
    path, name = PATHS.look_up("srv_name"), NAMES.look_up("srv_name")
    return (
        "mode http",
        "option httpchk",
        'http-check send meth {0} uri-lf "{1}" ver HTTP/1.1 hdr Host "{2}"'.format(method, path, name),
        "http-check expect status {0}".format(expected),
    )
