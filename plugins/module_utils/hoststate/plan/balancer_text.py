# SPDX-License-Identifier: Apache-2.0
"""A balancer's configuration as text, and the place in a user's own lines that a line of it comes from."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

from . import haproxy
from .balancer import Target, structure
from .checks import HOST, METHODS, PATH
from .haproxy import Section, Server
from .places import BALANCER_SIDE

#: Below the directory of a balancer.
CONFIGURATION, CANDIDATE = "haproxy.cfg", "candidate.cfg"
#: What the former process knew of its targets.
STATES_FILE = "servers.state"
COMMANDS, MASTER = "run/commands.sock", "run/master.sock"
CERTIFICATES, CERTIFICATE_LIST = "certificates", "certificates.list"
#: By port and sort of map.
MAP = "maps/{0}.{1}"
SORTS = ("routes", "suffixes", "prefixes")

#: The variable of HAProxy's environment that holds the digest of its structure.
STRUCTURE_VARIABLE = "ORCA_STRUCTURE"
#: Follows changes of targets, as ``checks.FOLLOW`` does; requests are not in that buffer.
FOLLOW = "show events edges -w -n"
LINE_BYTES = 2048

#: How long a connection without HTTP, or one that has switched to WebSocket, may be silent.
TUNNEL = "1h"
#: How long a former process may serve what it has accepted, and how many there may be.
HARD_STOP, FORMER = "1h", 4
#: Two for each connection; HAProxy takes fewer if the container may have fewer.
MOST_FILES = 50000
#: Stick tables outlive a reload by this port of the loopback, on which HAProxy hands them to its successor.
HANDOVER_PORT = 65530
REMEMBERED_SESSIONS = 100000

HTTP, HTTPS, TCP, TLS, SNI = PROTOCOLS = ("http", "https", "tcp", "tls", "sni")
ALGORITHMS = ("roundrobin", "leastconn", "source")
_COOKIE = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}\Z")
_DOMAIN = re.compile(r"\.?[A-Za-z0-9.-]{1,253}\Z")


class Place(NamedTuple):
    """A line of a user's own text: ``global`` or ``defaults``, and its number from 1."""

    section: str
    line: int


def configuration(item: Mapping[str, Any], targets: Mapping[Server, Target]) -> str:
    """The text of a configuration.

    :raises ValueError: the item makes no sense; the message says what.
    """
    return haproxy.configuration(_sections(item, targets))


def place(item: Mapping[str, Any], targets: Mapping[Server, Target], line: int) -> Optional[Place]:
    """The user's line that became line ``line`` of the text; ``None``: it is not a user's."""
    first = 1
    for section in _sections(item, targets):
        own = _custom(item, section.head)
        last = first + len(section.lines)
        if own and last - len(own) < line <= last:
            return Place(section.head, line - (last - len(own)))
        first = last + 2  # after an empty line
    return None


def map_file(port: int, sort: str) -> str:
    """The path of a map, as HAProxy itself sees it."""
    return "{0}/{1}".format(BALANCER_SIDE, MAP.format(port, sort))


def certificate_file(uuid: str) -> str:
    """The path of a certificate with its key, as HAProxy itself sees it."""
    return "{0}/{1}/{2}.pem".format(BALANCER_SIDE, CERTIFICATES, uuid)


def certificate_list(certificates: Sequence[str], default: Optional[str]) -> List[str]:
    """The lines of the list of certificates. A client gets the one for the name that it asks for, or the first one."""
    others = sorted(each for each in certificates if each != default)
    return [certificate_file(each) for each in ([] if default is None else [default]) + others]


def _sections(item: Mapping[str, Any], targets: Mapping[Server, Target]) -> List[Section]:
    sections = [
        Section("global", _global(item)),
        Section("ring edges", ("format raw", "maxlen {0}".format(LINE_BYTES), "size 262144")),
        Section("defaults", _defaults() + _custom(item, "defaults")),
    ]
    if any(each.get("application_cookie") for each in item["backends"].values()):
        sections.append(Section("peers former", ("peer balancer 127.0.0.1:{0}".format(HANDOVER_PORT),)))
    by_backend: Dict[str, List[str]] = {}
    for target in targets.values():
        by_backend.setdefault(target.server.backend, []).append(target.line())
    for listener in sorted(item["listeners"], key=lambda each: int(each["port"])):
        strict = item["default_certificate"] is None
        sections.append(Section("frontend port-{0}".format(int(listener["port"])), _frontend(listener, strict)))
    for name, backend in sorted(item["backends"].items()):
        lines = _backend(name, backend) + sorted(by_backend.get(name, ()))
        sections.append(Section("backend {0}".format(haproxy.name(name)), lines))
    return sections


def _global(item: Mapping[str, Any]) -> List[str]:
    return [
        "log stdout format raw daemon",
        "log ring@edges len {0} format raw daemon notice".format(LINE_BYTES),
        "stats socket {0}/{1} mode 660 level admin".format(BALANCER_SIDE, COMMANDS),
        "stats timeout 1h",
        "stats maxconn 50",
        "server-state-file {0}/{1}".format(BALANCER_SIDE, STATES_FILE),
        "localpeer balancer",
        "fd-hard-limit {0}".format(MOST_FILES),
        "hard-stop-after {0}".format(HARD_STOP),
        "mworker-max-reloads {0}".format(FORMER),
        "ssl-default-bind-options ssl-min-ver TLSv1.2",
        "tune.ssl.default-dh-param 2048",
        "setenv {0} {1}".format(STRUCTURE_VARIABLE, structure(item)),
    ] + _custom(item, "global")


def _defaults() -> List[str]:
    return [
        "log global",
        "load-server-state-from-file global",
        "option dontlognull",
        "option redispatch 1",
        "retries 3",
        "timeout connect 5s",
        "timeout client 50s",
        "timeout server 50s",
        "timeout http-request 30s",
        "timeout client-fin 30s",
        "timeout tunnel {0}".format(TUNNEL),
    ]


def _custom(item: Mapping[str, Any], section: str) -> List[str]:
    """A user's own lines of a section, in which they count last."""
    lines = ((item.get("custom") or {}).get(section) or "").splitlines()
    for number, line in enumerate(lines, 1):
        if "\0" in line:
            raise ValueError("line {0} of {1} has a NUL character".format(number, section))
    return [line.strip() for line in lines]


def _frontend(listener: Mapping[str, Any], strict: bool) -> List[str]:
    port, protocol = int(listener["port"]), listener["protocol"]
    if protocol not in PROTOCOLS:
        raise ValueError("protocol {0!r} is not one of {1}".format(protocol, ", ".join(PROTOCOLS)))
    if not 0 < port < 1 << 16 or port == HANDOVER_PORT:
        raise ValueError("{0} cannot be the port of a listener".format(port))
    bind = "bind :{0}".format(port) + (" accept-proxy" if listener.get("proxy") else "")
    if protocol in (HTTPS, TLS):
        bind += " ssl crt-list {0}/{1}{2}".format(BALANCER_SIDE, CERTIFICATE_LIST, " strict-sni" if strict else "")
    if protocol in (HTTP, HTTPS):
        return _http(bind, port, secure=protocol == HTTPS)
    lines = [bind, "mode tcp", "option tcplog"]
    if protocol == SNI:
        lines += ["tcp-request inspect-delay 5s", "tcp-request content reject unless { req.ssl_hello_type 1 }"]
    # A name that nobody asked for is empty, so that routes without a host apply.
    name = {TCP: "str()", TLS: "ssl_fc_sni,lower", SNI: "req.ssl_sni,lower"}[protocol]
    return lines + _route("tcp-request content", port, name, "str(/)")


def _http(bind: str, port: int, secure: bool) -> List[str]:
    """HTTP/1 and HTTP/2, by its preface or by ALPN. Headers that a proxy in front has set stay."""
    scheme = "https" if secure else "http"
    return [
        bind + (" alpn h2,http/1.1" if secure else ""),
        "mode http",
        "option httplog",
        "option forwardfor",
        # Clients with idle connections are not cut off by a reload.
        "option idle-close-on-response",
        "http-request set-header X-Forwarded-Proto {0} unless {{ req.hdr(X-Forwarded-Proto) -m found }}".format(scheme),
        "http-request set-header X-Forwarded-Port %[dst_port] unless { req.hdr(X-Forwarded-Port) -m found }",
    ] + _route("http-request", port, "req.hdr(host),lower,field(1,:)", "path")


def _route(rule: str, port: int, host: str, path: str) -> List[str]:
    """Choose the backend: by the table of the host, or else by that of its class (``routing``)."""
    routes, suffixes, prefixes = (map_file(port, sort) for sort in SORTS)
    missing = "unless { var(txn.to) -m found }"
    return [
        "{0} set-var(txn.host) {1}".format(rule, host),
        "{0} set-var(txn.path) {1}".format(rule, path),
        "{0} set-var(txn.to) var(txn.host),concat(,txn.path),map_beg({1})".format(rule, routes),
        "{0} set-var(txn.suffix) var(txn.host),map_end({1}) {2}".format(rule, suffixes, missing),
        "{0} set-var(txn.prefix) var(txn.host),map_beg({1}) {2}".format(rule, prefixes, missing),
        "{0} set-var(txn.to) str(),concat(,txn.suffix,|),concat(,txn.prefix),concat(,txn.path),map_beg({1}) {2}".format(
            rule, routes, missing
        ),
        "use_backend %[var(txn.to)] if { var(txn.to) -m found }",
    ]


def _backend(name: str, backend: Mapping[str, Any]) -> List[str]:
    if backend["algorithm"] not in ALGORITHMS:
        raise ValueError("{0}: {1!r} is not one of {2}".format(name, backend["algorithm"], ", ".join(ALGORITHMS)))
    speaks_http = backend["protocol"] in ("http", "h2")
    if not speaks_http and backend["protocol"] != "tcp":
        raise ValueError("{0}: protocol {1!r} is not http, h2 or tcp".format(name, backend["protocol"]))
    lines = ["mode http" if speaks_http else "mode tcp", "balance {0}".format(backend["algorithm"])]
    if backend["algorithm"] == "source":
        lines.append("hash-type consistent")  # another hash takes no servers at run time
    if speaks_http:
        lines.append("retry-on conn-failure")
    if backend.get("cookie"):
        lines.append(_cookie(backend["cookie"]))
    if backend.get("application_cookie"):
        lines += _application_cookie(backend["application_cookie"])
    if backend.get("check"):
        lines += _check(backend["check"])
    return lines


def _cookie(item: Mapping[str, Any]) -> str:
    if not _COOKIE.match(item["name"]):
        raise ValueError("{0!r} is not the name of a cookie".format(item["name"]))
    if item["mode"] not in ("insert", "rewrite", "prefix"):
        raise ValueError("cookie {0}: {1!r} is not insert, rewrite or prefix".format(item["name"], item["mode"]))
    words = ["cookie", item["name"], item["mode"]]
    words += [flag for flag in ("indirect", "nocache", "postonly") if item.get(flag)]
    if item.get("domain"):
        if not _DOMAIN.match(item["domain"]):
            raise ValueError("cookie {0}: {1!r} is not a domain".format(item["name"], item["domain"]))
        words += ["domain", item["domain"]]
    return " ".join(words)


def _application_cookie(item: Mapping[str, Any]) -> List[str]:
    name, length, seconds = item["name"], int(item["length"]), int(item["seconds"])
    if not _COOKIE.match(name):
        raise ValueError("{0!r} is not the name of a cookie".format(name))
    table = "stick-table type string len {0} size {1} expire {2}s peers former"
    return [
        table.format(length, REMEMBERED_SESSIONS, seconds),
        "stick match req.cook({0})".format(name),
        "stick store-response res.cook({0})".format(name),
    ]


def _check(item: Mapping[str, Any]) -> List[str]:
    lines = ["timeout check {0}ms".format(int(item["timeout"]))]
    http = item.get("http")
    if http is None:
        return lines
    method, path, host = http["method"], http["path"], http.get("host")
    if method not in METHODS or not PATH.match(path) or (host and not HOST.match(host)):
        raise ValueError("{0!r} {1!r} {2!r} is not a request".format(method, path, host))
    send = "http-check send meth {0} uri {1} ver HTTP/1.1 hdr Host {2}"
    return lines + [
        "option httpchk",
        send.format(method, _quoted(path), _quoted(host or "localhost")),
        "http-check expect status {0}".format(_expected(item["expect"])),
    ]


def _expected(text: str) -> str:
    if not re.match(r"[1-5][0-9]{2}(-[1-5][0-9]{2})?(,[1-5][0-9]{2}(-[1-5][0-9]{2})?)*\Z", text):
        raise ValueError("{0!r} is not a list of status codes".format(text))
    return text


def _quoted(text: str) -> str:
    """One word of a configuration, whatever printable characters it holds."""
    return "'" + text.replace("'", "'\\''") + "'"
