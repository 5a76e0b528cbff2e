# SPDX-License-Identifier: Apache-2.0
"""The packet filter of a host: our chains, the jumps to them, and the one transaction that installs them.

Rules have the normal form in which ``iptables-save`` prints them, so that comparing text compares rules. The nat rules
of Rancher's documented tables come first, in their order. Then follow those that it lacked: a container reaches itself
through its own port, and the host reaches its own ports, also under 127.0.0.1.

Loopback addresses leave the host only over the bridge, which needs the kernel setting ``route_localnet`` there
(``sysctls``). That setting alone would let neighbours and containers reach what listens on the host's loopback
(CVE-2020-8558), and a port bound to 127.0.0.1 is open to neighbours without it, as the address is translated before
routing. So the table raw drops every packet with such an address that did not come over ``lo``.

Described by ``{cidr, subnet, bridge, ports: {port uuid: {publicPort, privatePort, protocol, bindAddress, address}}}``.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Set, Tuple

from . import network
from .addressing import RESOLVER, HostRange
from .items import PORT

#: {table: {chain: rules without the leading "-A CHAIN "}}
Tables = Dict[str, Dict[str, List[str]]]

PREROUTING, POSTROUTING, FORWARD = "CATTLE_PREROUTING", "CATTLE_POSTROUTING", "CATTLE_FORWARD"
OUTPUT, RAW_PREROUTING = "CATTLE_OUTPUT", "CATTLE_RAW_PREROUTING"
#: In order of changes: tables that drop packets come before those that open ports.
OWN: Mapping[str, Tuple[str, ...]] = {
    "raw": (RAW_PREROUTING,),
    "filter": (FORWARD,),
    "nat": (PREROUTING, OUTPUT, POSTROUTING),
}

#: Docker's chain for foreign rules; packets enter it before Docker's own, and it survives Docker's restarts.
DOCKER_USER = "DOCKER-USER"
IKE_PORTS = (4500, 500)
_UDP_RULE = re.compile(r"-m udp --dport (\d+) -j DNAT --to-destination (\S+)")
PROTOCOLS = ("tcp", "udp")
LOOPBACK = ipaddress.IPv4Network("127.0.0.0/8")
LOCALHOST = ipaddress.IPv4Address("127.0.0.1")
_FROM_LOOPBACK = "-s {0} -o {{0}} -j MASQUERADE".format(LOOPBACK)


class Jump(NamedTuple):
    """Our rule in a foreign chain, which must be the chain's first."""

    table: str
    parent: str
    rule: str


class Wanted(NamedTuple):
    """Everything of ours in the packet filter."""

    chains: Tables
    jumps: Tuple[Jump, ...]


def describe(items: Mapping[str, Mapping[str, Any]]) -> Optional[Dict[str, Any]]:
    """Join config items (name -> description); ``None``: the host has no network."""
    carrier = network.describe(items)
    if carrier is None:
        return None
    ports = {key: dict(item) for key, item in PORT.of(items).items()}
    return {"cidr": carrier["cidr"], "subnet": carrier["subnet"], "bridge": carrier["bridge"], "ports": ports}


def plan(description: Optional[Mapping[str, Any]], observed: Tables) -> Wanted:
    """The wanted content of the tables; ``None`` removes everything of ours.

    :param observed: decides only where the forward chain hooks in (``DOCKER-USER`` if Docker made it).
    :raises ValueError: an address, port or protocol is not one.
    """
    if description is None:
        return Wanted({}, ())
    host = HostRange(description["subnet"])
    cidr = str(ipaddress.IPv4Network(description["cidr"]))
    ports = [Port(item) for _key, item in sorted(description["ports"].items())]
    ports.sort(key=lambda port: port.order)
    nat = {
        PREROUTING: [_to_ike(number, host) for number in IKE_PORTS] + [port.publish() for port in ports],
        OUTPUT: _from_the_host(ports),
        POSTROUTING: _outbound(cidr)
        + [_FROM_LOOPBACK.format(description["bridge"])]
        + sorted({port.to_itself() for port in ports}),
    }
    parent = DOCKER_USER if DOCKER_USER in observed.get("filter", {}) else "FORWARD"
    jumps = (
        Jump("nat", "PREROUTING", "-j " + PREROUTING),
        Jump("nat", "POSTROUTING", "-j " + POSTROUTING),
        Jump("nat", "OUTPUT", "-m addrtype --dst-type LOCAL -j " + OUTPUT),
        Jump("filter", parent, "-j " + FORWARD),
        Jump("raw", "PREROUTING", "-j " + RAW_PREROUTING),
    )
    chains = {
        "raw": {RAW_PREROUTING: _loopback_stays_inside()},
        "filter": {FORWARD: _closed(cidr, description["bridge"])},
        "nat": nat,
    }
    return Wanted(chains, jumps)


def sysctls(description: Optional[Mapping[str, Any]], observed: Tables) -> Dict[str, str]:
    """Kernel settings that belong to the chains, path below ``/proc/sys`` -> value; the bridge may not exist.

    :param observed: names the bridge of an earlier description, whose setting is removed with the rules.
    """
    former = re.compile("^" + re.escape(_FROM_LOOPBACK).replace(re.escape("{0}"), r"(\S+)") + "$")
    matches = map(former.match, observed.get("nat", {}).get(POSTROUTING, []))
    wanted = {match.group(1): "0" for match in matches if match}
    if description is not None:
        wanted[description["bridge"]] = "1"
    return {"net/ipv4/conf/{0}/route_localnet".format(bridge): value for bridge, value in wanted.items()}


class Port:
    """One published port."""

    def __init__(self, item: Mapping[str, Any]) -> None:
        self.protocol = str(item["protocol"])
        if self.protocol not in PROTOCOLS:
            raise ValueError(
                "port {0}: protocol must be tcp or udp, not {1!r}".format(item["publicPort"], self.protocol)
            )
        self.public, self.private = _port(item["publicPort"]), _port(item["privatePort"])
        self.target = ipaddress.IPv4Address(item["address"])
        self.bind = ipaddress.IPv4Address(item.get("bindAddress") or "0.0.0.0")  # noqa: S104 - means every address, as in Docker

    @property
    def order(self) -> Tuple[bool, int, str, int]:
        """Sort ports on one address before those on any, because the first match wins."""
        return (int(self.bind) == 0, self.public, self.protocol, int(self.bind))

    def publish(self) -> str:
        """Translate from any local address (or the bound one) to the container."""
        bound = "" if int(self.bind) == 0 else "-d {0}/32 ".format(self.bind)
        return "{0}-p {1} -m addrtype --dst-type LOCAL -m {1} --dport {2} -j DNAT --to-destination {3}:{4}".format(
            bound, self.protocol, self.public, self.target, self.private
        )

    def to_itself(self) -> str:
        """Masquerade only a container that calls its own port; a wider rule would hide the callers' addresses."""
        return "-s {0}/32 -d {0}/32 -p {1} -m {1} --dport {2} -j MASQUERADE".format(
            self.target, self.protocol, self.private
        )


def _to_ike(number: int, host: HostRange) -> str:
    return "-p udp -m addrtype --dst-type LOCAL -m udp --dport {0} -j DNAT --to-destination {1}:{0}".format(
        number, host.net_agent
    )


def _outbound(cidr: str) -> List[str]:
    # The resolver answers by the client's address, so it must see that address. The port range keeps outgoing flows off
    # the host's ports 500 and 4500, which belong to incoming tunnels.
    outside = "-s {0} ! -d {0}".format(cidr)
    return [
        "-s {0} -d {1}/32 -j ACCEPT".format(cidr, RESOLVER),
        outside + " -p tcp -j MASQUERADE --to-ports 1024-65535",
        outside + " -p udp -j MASQUERADE --to-ports 1024-65535",
        outside + " -j MASQUERADE",
    ]


def _from_the_host(ports: List[Port]) -> List[str]:
    """The host's own addresses at which it reaches published ports.

    Of loopback addresses only localhost and bound ones: 127.0.0.53 may be the host's resolver.
    """
    bound = {port.bind for port in ports if port.bind in LOOPBACK}
    return ["! -d {0} -j {1}".format(LOOPBACK, PREROUTING)] + [
        "-d {0}/32 -j {1}".format(address, PREROUTING) for address in sorted(bound | {LOCALHOST})
    ]


def _loopback_stays_inside() -> List[str]:
    return ["-{0} {1} ! -i lo -j DROP".format(side, LOOPBACK) for side in ("s", "d")]


def _closed(cidr: str, bridge: str) -> List[str]:
    """Into the bridge only answers and published ports; between containers only over the bridge, never in clear."""
    return [
        "-o {0} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT".format(bridge),
        "-o {0} -m conntrack --ctstate DNAT -j ACCEPT".format(bridge),
        "-d {0} ! -i {1} -j DROP".format(cidr, bridge),
        "-d {0}/32 ! -i {1} -j DROP".format(RESOLVER, bridge),
        "-s {0} -d {0} ! -o {1} -j DROP".format(cidr, bridge),
    ]


def parse(text: str) -> Tables:
    """Read the output of ``iptables-save`` (one or many tables). Counters and comments are dropped."""
    tables: Tables = {}
    chains: Dict[str, List[str]] = {}
    for line in text.splitlines():
        if line.startswith("*"):
            chains = tables.setdefault(line[1:].strip(), {})
        elif line.startswith(":"):
            chains.setdefault(line[1:].split(" ", 1)[0], [])
        elif line.startswith("-A "):
            _option, chain, rule = line.split(" ", 2)
            chains.setdefault(chain, []).append(rule.rstrip())
    return tables


def transaction(wanted: Wanted, observed: Tables) -> Optional[str]:
    """Input for ``iptables-restore --noflush`` that changes ``observed`` to ``wanted``; ``None`` if nothing differs.

    Each table commits at once: a packet sees the old or the new chain, never a half-filled one.
    """
    parts = []
    for table in OWN:
        lines = _table(table, wanted, observed.get(table, {}))
        if lines:
            parts.append("\n".join(["*" + table] + lines + ["COMMIT", ""]))
    return "".join(parts) or None


def apply_transaction(text: str, observed: Tables) -> Tables:
    """The tables after applying ``text`` to ``observed``, for check mode and for tests."""
    tables = {table: {chain: list(rules) for chain, rules in chains.items()} for table, chains in observed.items()}
    chains: Dict[str, List[str]] = {}
    for line in text.splitlines():
        command, _space, rest = line.partition(" ")
        if line.startswith("*"):
            chains = tables.setdefault(line[1:], {})
        elif line.startswith(":"):
            chains[command[1:]] = []
        elif command in ("-A", "-I", "-D"):
            chain, rule = rest.split(" ", 1)
            if command == "-A":
                chains[chain].append(rule)
            elif command == "-D":
                chains[chain].remove(rule)
            else:
                chains.setdefault(chain, []).insert(0, rule.split(" ", 1)[1])  # "-I CHAIN 1 RULE"
        elif command == "-X":
            del chains[rest]
    return tables


def udp_ports(tables: Tables) -> Set[Tuple[int, str]]:
    """Public UDP ports of ours with their targets, for comparing two states."""
    rules = tables.get("nat", {}).get(PREROUTING, [])
    return {(int(match.group(1)), match.group(2)) for match in map(_UDP_RULE.search, rules) if match}


def show(tables: Tables) -> str:
    """Our chains and the foreign rules that jump to them, as text for a diff."""
    lines = []
    for table, own in OWN.items():
        for chain, rules in tables.get(table, {}).items():
            for position, rule in enumerate(rules, 1):
                if chain in own:
                    lines.append("{0}: -A {1} {2}".format(table, chain, rule))
                elif _target(rule) in own:
                    lines.append("{0}: {1} rule {2}: {3}".format(table, chain, position, rule))
    return "\n".join(lines)


def _table(table: str, wanted: Wanted, chains: Mapping[str, List[str]]) -> List[str]:
    declared, lines, gone = [], [], []
    targets = wanted.chains.get(table, {})
    for name, rules in targets.items():
        if chains.get(name) != rules:
            declared.append(":{0} - [0:0]".format(name))
            lines += ["-A {0} {1}".format(name, rule) for rule in rules]
    lines += _jumps(table, wanted, chains)
    for name in OWN[table]:
        if name in chains and name not in targets:
            declared.append(":{0} - [0:0]".format(name))  # emptied, or it could not be deleted
            gone.append("-X " + name)
    return declared + lines + gone


def _jumps(table: str, wanted: Wanted, chains: Mapping[str, List[str]]) -> List[str]:
    lines = []
    first = {jump.parent: jump.rule for jump in wanted.jumps if jump.table == table}
    for parent, rules in chains.items():
        if parent in OWN[table]:
            continue
        present = [rule for rule in rules if _target(rule) in OWN[table]]
        rule = first.get(parent)
        if rule is None:
            lines += ["-D {0} {1}".format(parent, old) for old in present]
        elif present != [rule] or rules[0] != rule:
            lines += ["-D {0} {1}".format(parent, old) for old in present]
            lines.append("-I {0} 1 {1}".format(parent, rule))
    # nft does not list a built-in chain before its first use.
    lines += ["-I {0} 1 {1}".format(parent, rule) for parent, rule in first.items() if parent not in chains]
    return lines


def _target(rule: str) -> str:
    _match, _option, target = rule.rpartition("-j ")
    return target.split(" ", 1)[0]


def _port(number: Any) -> int:
    value = int(number)
    if not 1 <= value <= 65535:
        raise ValueError("port {0} is not between 1 and 65535".format(value))
    return value
