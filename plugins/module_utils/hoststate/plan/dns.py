# SPDX-License-Identifier: Apache-2.0
"""Answers of a host's resolver: who asks decides which names exist. Data only, the script is in the image."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union

from .addressing import RESOLVER

#: What a name is answered with: addresses, or the host name elsewhere that it stands for.
Answer = Union[Sequence[str], str]

DOMAINS = ("orca.internal", "rancher.internal")
TABLE, FORWARD = "table.lua", "forward.zones"

#: What a resolver without any description answers: nothing internal, nothing foreign.
EMPTY_TABLE = "return {forward = false, clients = {}}\n"

_LABELS = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\Z")


def table(description: Mapping[str, Any], forward: bool) -> str:
    """``table.lua`` for kind ``dns``: one line per client, sorted, so that a diff shows what changed.

    :param forward: whether there are upstream servers for foreign names.
    :raises ValueError: a name is no host name, or an address no address.
    """
    clients, zone = description["clients"], reverse_zone(description["cidr"])
    lines = [
        "return {",
        "reverse = {0},".format(_quote(zone)),
        "forward = {0},".format("true" if forward else "false"),
        "clients = {",
    ]
    for address in sorted(clients, key=ipaddress.IPv4Address):
        answers = expand(clients[address], zone)
        lines.append("[{0}] = {{{1}}},".format(_quote(str(ipaddress.IPv4Address(address))), _client(answers)))
    return "\n".join(lines + ["}}", ""])


def is_host_name(name: str) -> bool:
    """Whether a name can be looked up."""
    plain = name.lower().rstrip(".")
    return len(plain) <= 253 and _LABELS.match(plain) is not None


def expand(names: Mapping[str, Answer], zone: str) -> Dict[str, Answer]:
    """Every form of the names: as they are, below both domains, and the reverse names of addresses in ``zone``."""
    answers: Dict[str, Answer] = {}
    for name in sorted(names):
        plain, answer = _host_name(name), names[name]
        if isinstance(answer, str):
            answer = _host_name(answer) + "."
        else:
            answer = [str(ipaddress.ip_address(address)) for address in answer]
        for full in [plain + "."] + ["{0}.{1}.".format(plain, domain) for domain in DOMAINS]:
            answers[full] = answer
        for address in [] if isinstance(answer, str) else answer:
            reverse = ipaddress.ip_address(address).reverse_pointer + "."
            if reverse.endswith(zone):  # the first name in order keeps the reverse name
                answers.setdefault(reverse, ["{0}.{1}.".format(plain, DOMAINS[0])])
    return answers


def forward_zones(upstreams: Sequence[str]) -> str:
    """PowerDNS ``forward-zones-file``: everything else goes to ``upstreams``, recursion desired."""
    return "+.={0}\n".format(";".join(upstreams)) if upstreams else ""


def upstreams(resolv_conf: str) -> List[str]:
    """The IPv4 resolvers of a ``resolv.conf`` that can be reached from a container: no loopback, and not ourselves."""
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


def resolv_conf(search: Sequence[str] = ()) -> str:
    """The ``resolv.conf`` of a managed container; ``search`` comes before our own domain.

    It is bind-mounted, because Docker's own resolver would answer the names of all containers of the network.
    """
    domains = list(search) + [domain for domain in DOMAINS[:1] if domain not in search]
    return "search {0}\nnameserver {1}\n".format(" ".join(domains), RESOLVER)


def reverse_zone(cidr: str) -> str:
    """Suffix of the reverse names of ``cidr``, on the octet boundary that holds it, e.g. ``.42.10.in-addr.arpa.``"""
    network = ipaddress.IPv4Network(cidr)
    octets = str(network.network_address).split(".")[: max(1, network.prefixlen // 8)]
    return ".{0}.in-addr.arpa.".format(".".join(reversed(octets)))


def _client(answers: Mapping[str, Answer]) -> str:
    return ", ".join("[{0}] = {1}".format(_quote(name), _value(answer)) for name, answer in sorted(answers.items()))


def _value(answer: Answer) -> str:
    return _quote(answer) if isinstance(answer, str) else "{{{0}}}".format(", ".join(_quote(each) for each in answer))


def _host_name(name: str) -> str:
    if not is_host_name(name):
        raise ValueError("{0!r} is not a host name".format(name))
    return name.lower().rstrip(".")


def _quote(text: str) -> str:
    return '"{0}"'.format(text)  # names and addresses are validated above: nothing to escape is left


def _ipv4(text: str) -> Optional[ipaddress.IPv4Address]:
    try:
        return ipaddress.IPv4Address(text)
    except ValueError:
        return None
