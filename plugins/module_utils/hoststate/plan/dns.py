# SPDX-License-Identifier: Apache-2.0
"""The answers of a host's resolver, which depend on the client.

A name is listed once for each *scope* (a stack, a service with its links), however many clients see the scope. The
table looks names up in the scopes of the client, so the resolver's script, which is in the image, knows nothing of
scopes.

Described by ``{cidr, subnet, scopes: {scope: {name: [address, ...] or host name elsewhere}},
clients: {container address: [scope, ...] or {name: ...}}, upstreams?: [address, ...]}``.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union

from .addressing import RESOLVER
from .items import DNS, NAMES
from .network import environment

#: The answer for a name: addresses, or a host name elsewhere.
Answer = Union[Sequence[str], str]

DOMAINS = ("orca.internal", "rancher.internal")
TABLE, FORWARD = "table.lua", "forward.zones"

#: The table of a resolver without a description, which answers nothing.
EMPTY_TABLE = "return {forward = false, clients = {}}\n"

#: The head of the table. A name with an empty answer hides the same name in later scopes, and has no addresses.
#: The metadata service has the address of the resolver, for everyone.
#: An address with several names resolves to the first one in order that the client sees.
_LOOKUP = """\
local scopes, pointers, clients = {}, {}, {}
local reverse, domains = %(zone)s, {%(domains)s}
local everyone = {["rancher-metadata"] = {%(service)s}}
local function ends(name, suffix) return name:sub(-#suffix) == suffix end
local function find(order, name)
  for _, scope in ipairs(order) do
    local answer = scopes[scope] and scopes[scope][name]
    if answer then return answer end
  end
end
local function point(order, name)
  local first
  for _, scope in ipairs(order) do
    local found = pointers[scope] and pointers[scope][name]
    if found and (not first or found < first) and find(order, found) == scopes[scope][found] then first = found end
  end
  return first and {first .. domains[1]}
end
local function look_up(order, name)
  if ends(name, reverse) then return point(order, name) end
  local short = name:sub(1, -2)
  local answer = find(order, short)
  for _, domain in ipairs(domains) do
    if not answer and ends(name, domain) then
      short = name:sub(1, -#domain - 1)
      answer = find(order, short)
    end
  end
  return answer or everyone[short]
end
local function client(order)
  return setmetatable({}, {__index = function(_, name) return look_up(order, name) end})
end
local stranger = client {}
setmetatable(clients, {__index = function() return stranger end})
"""

_LABELS = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\Z")

_SCOPE = re.compile(r"[A-Za-z0-9._-]+\Z")


def describe(items: Mapping[str, Mapping[str, Any]]) -> Optional[Dict[str, Any]]:
    """Join config items (name -> description); ``None``: the host has no network."""
    base = environment(items)
    if base is None:
        return None
    scopes: Dict[str, Dict[str, Any]] = {}
    for key, item in NAMES.of(items).items():
        scopes.setdefault(key.partition("/")[0], {}).update(item["names"])
    # A client's view: scopes, or, from a server of 0.1.0, its own names.
    clients = {
        address: list(item["scopes"]) if "scopes" in item else dict(item["names"])
        for address, item in DNS.of(items).items()
    }
    return dict(base, scopes=scopes, clients=clients)


def table(description: Mapping[str, Any], forward: bool) -> str:
    """``table.lua`` for kind ``dns``: one line per name and per client, sorted, so that a diff shows what changed.

    A client sees the names of its scopes, of which the first one with a name counts, or a mapping of its own names.

    :param forward: whether there are upstream servers for foreign names.
    :raises ValueError: a name is no host name, an address no address, or a scope has an impossible name.
    """
    zone = reverse_zone(description["cidr"])
    scopes: Dict[str, Mapping[str, Answer]] = dict(description.get("scopes") or {})
    clients: Dict[str, Sequence[str]] = {}
    for client in sorted(description["clients"], key=ipaddress.IPv4Address):
        address, seen = str(ipaddress.IPv4Address(client)), description["clients"][client]
        if isinstance(seen, Mapping):
            scopes[address], seen = seen, [address]
        clients[address] = seen
    lines = [_head(zone)]
    for scope in sorted(scopes):
        lines += _scope(scope, scopes[scope], zone)
    for address, seen in clients.items():
        order = ", ".join(_quote(_scope_name(scope)) for scope in seen)
        lines.append("clients[{0}] = client {{{1}}}\n".format(_quote(address), order))
    lines.append("return {{reverse = reverse, forward = {0}, clients = clients}}\n".format(str(forward).lower()))
    return "".join(lines)


def is_host_name(name: str) -> bool:
    """True if a name can be looked up."""
    plain = name.lower().rstrip(".")
    return len(plain) <= 253 and _LABELS.match(plain) is not None


def forward_zones(upstreams: Sequence[str]) -> str:
    """PowerDNS ``forward-zones-file``: everything else goes to ``upstreams``, recursion desired."""
    return "+.={0}\n".format(";".join(upstreams)) if upstreams else ""


def upstreams(resolv_conf: str) -> List[str]:
    """The IPv4 resolvers of a ``resolv.conf`` that a container can reach: neither on the loopback nor our own."""
    found = []
    for line in resolv_conf.splitlines():
        words = line.split()
        if len(words) >= 2 and words[0] == "nameserver":
            address = _ipv4(words[1])
            if (
                address is not None
                and not address.is_loopback
                and str(address) != RESOLVER
                and str(address) not in found
            ):
                found.append(str(address))
    return found


def resolv_conf(search: Sequence[str] = (), servers: Sequence[str] = ()) -> str:
    """The ``resolv.conf`` of a managed container.

    ``search`` comes before our own domain, ``servers`` after our resolver.
    It is bind-mounted, because Docker's own resolver would answer the names of all containers of the network.
    """
    domains = list(search) + [domain for domain in DOMAINS[:1] if domain not in search]
    lines = ["search {0}".format(" ".join(domains))]
    lines += ["nameserver {0}".format(server) for server in (RESOLVER, *servers)]
    return "\n".join(lines) + "\n"


def reverse_zone(cidr: str) -> str:
    """The suffix of the reverse names of ``cidr``, at the octet boundary around it, e.g. ``.42.10.in-addr.arpa.``"""
    network = ipaddress.IPv4Network(cidr)
    octets = str(network.network_address).split(".")[: max(1, network.prefixlen // 8)]
    return ".{0}.in-addr.arpa.".format(".".join(reversed(octets)))


def _head(zone: str) -> str:
    domains = ", ".join(_quote("." + each + ".") for each in DOMAINS)
    return _LOOKUP % {"zone": _quote(zone), "domains": domains, "service": _quote(RESOLVER)}


def _scope(scope: str, names: Mapping[str, Answer], zone: str) -> List[str]:
    """The lines of one scope, as a Lua function of its own, because a function can hold only so many constants."""
    answers = {_host_name(name): _answer(names[name]) for name in names}
    pointers: Dict[str, str] = {}
    for name in sorted(answers):
        for address in () if isinstance(answers[name], str) else answers[name]:
            pointer = ipaddress.ip_address(address).reverse_pointer + "."
            if pointer.endswith(zone):
                pointers.setdefault(pointer, name)
    return _filled("scopes", scope, answers) + _filled("pointers", scope, pointers)


def _filled(variable: str, scope: str, values: Mapping[str, Answer]) -> List[str]:
    head = "{0}[{1}] = (function() return {{\n".format(variable, _quote(_scope_name(scope)))
    lines = ["[{0}] = {1},\n".format(_quote(key), _value(value)) for key, value in sorted(values.items())]
    return [head] + lines + ["} end)()\n"]


def _answer(answer: Answer) -> Answer:
    if isinstance(answer, str):
        return _host_name(answer) + "."
    return [str(ipaddress.ip_address(address)) for address in answer]


def _value(answer: Answer) -> str:
    return _quote(answer) if isinstance(answer, str) else "{{{0}}}".format(", ".join(_quote(each) for each in answer))


def _host_name(name: str) -> str:
    if not is_host_name(name):
        raise ValueError("{0!r} is not a host name".format(name))
    return name.lower().rstrip(".")


def _scope_name(scope: str) -> str:
    if not _SCOPE.match(scope):
        raise ValueError("{0!r} is not the name of a scope".format(scope))
    return scope


def _quote(text: str) -> str:
    return '"{0}"'.format(text)  # names and addresses were validated above, so nothing needs escaping


def _ipv4(text: str) -> Optional[ipaddress.IPv4Address]:
    try:
        return ipaddress.IPv4Address(text)
    except ValueError:
        return None
