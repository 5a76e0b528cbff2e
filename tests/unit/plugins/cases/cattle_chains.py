# SPDX-License-Identifier: GPL-3.0-or-later
"""Chains, and the jumps to them, are written in one transaction; the loopback is opened behind them."""

import re

from harness import host
from harness.case import Case, Failure
from harness.conversation import command

ARGUMENTS = {"subnet": "10.42.1.0/24", "ports": [{"public": 8080, "private": 80, "address": "10.42.1.10"}]}
EMPTY = "*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n"
OPENS = """\
*raw
:CATTLE_RAW_PREROUTING - [0:0]
-A CATTLE_RAW_PREROUTING -s 127.0.0.0/8 ! -i lo -j DROP
-A CATTLE_RAW_PREROUTING -d 127.0.0.0/8 ! -i lo -j DROP
-I PREROUTING 1 -j CATTLE_RAW_PREROUTING
COMMIT
*filter
:CATTLE_FORWARD - [0:0]
-A CATTLE_FORWARD -o orca0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A CATTLE_FORWARD -o orca0 -m conntrack --ctstate DNAT -j ACCEPT
-A CATTLE_FORWARD -d 10.42.0.0/16 ! -i orca0 -j DROP
-A CATTLE_FORWARD -d 169.254.169.250/32 ! -i orca0 -j DROP
-A CATTLE_FORWARD -s 10.42.0.0/16 -d 10.42.0.0/16 ! -o orca0 -j DROP
-I FORWARD 1 -j CATTLE_FORWARD
COMMIT
*nat
:CATTLE_PREROUTING - [0:0]
:CATTLE_OUTPUT - [0:0]
:CATTLE_POSTROUTING - [0:0]
-A CATTLE_PREROUTING -p udp -m addrtype --dst-type LOCAL -m udp --dport 4500 -j DNAT --to-destination 10.42.1.2:4500
-A CATTLE_PREROUTING -p udp -m addrtype --dst-type LOCAL -m udp --dport 500 -j DNAT --to-destination 10.42.1.2:500
-A CATTLE_PREROUTING -p tcp -m addrtype --dst-type LOCAL -m tcp --dport 8080 -j DNAT --to-destination 10.42.1.10:80
-A CATTLE_OUTPUT ! -d 127.0.0.0/8 -j CATTLE_PREROUTING
-A CATTLE_OUTPUT -d 127.0.0.1/32 -j CATTLE_PREROUTING
-A CATTLE_POSTROUTING -s 10.42.0.0/16 -d 169.254.169.250/32 -j ACCEPT
-A CATTLE_POSTROUTING -s 10.42.0.0/16 ! -d 10.42.0.0/16 -p tcp -j MASQUERADE --to-ports 1024-65535
-A CATTLE_POSTROUTING -s 10.42.0.0/16 ! -d 10.42.0.0/16 -p udp -j MASQUERADE --to-ports 1024-65535
-A CATTLE_POSTROUTING -s 10.42.0.0/16 ! -d 10.42.0.0/16 -j MASQUERADE
-A CATTLE_POSTROUTING -s 127.0.0.0/8 -o orca0 -j MASQUERADE
-A CATTLE_POSTROUTING -s 10.42.1.10/32 -d 10.42.1.10/32 -p tcp -m tcp --dport 80 -j MASQUERADE
-I PREROUTING 1 -j CATTLE_PREROUTING
-I POSTROUTING 1 -j CATTLE_POSTROUTING
-I OUTPUT 1 -m addrtype --dst-type LOCAL -j CATTLE_OUTPUT
COMMIT
"""
CLOSES = """\
*raw
:CATTLE_RAW_PREROUTING - [0:0]
-D PREROUTING -j CATTLE_RAW_PREROUTING
-X CATTLE_RAW_PREROUTING
COMMIT
*filter
:CATTLE_FORWARD - [0:0]
-D FORWARD -j CATTLE_FORWARD
-X CATTLE_FORWARD
COMMIT
*nat
:CATTLE_PREROUTING - [0:0]
:CATTLE_OUTPUT - [0:0]
:CATTLE_POSTROUTING - [0:0]
-D PREROUTING -j CATTLE_PREROUTING
-D POSTROUTING -j CATTLE_POSTROUTING
-D OUTPUT -m addrtype --dst-type LOCAL -j CATTLE_OUTPUT
-X CATTLE_PREROUTING
-X CATTLE_OUTPUT
-X CATTLE_POSTROUTING
COMMIT
"""
# What iptables-save says after OPENS: a rule that was inserted first stands first, in a chain that it declares.
FULL = re.sub(r"^-I (\S+) 1 ", r":\1 ACCEPT [0:0]\n-A \1 ", OPENS, flags=re.MULTILINE)
LOOPBACK = "net/ipv4/conf/orca0/route_localnet"


def bridge(loopback):
    def prepare(root):
        host.make(root, **{LOOPBACK.replace("/", "__"): loopback})

    return prepare


def saved(text):
    return command("iptables-nft-save", text)


CASES = [
    Case(
        "cattle_chains",
        "publishes a port and opens the loopback",
        ARGUMENTS,
        check=[saved(EMPTY)],
        change=[saved(EMPTY), command("iptables-nft-restore --noflush", body=OPENS)],
        settled=[saved(FULL)],
        prepare=bridge("0"),
        gives={"actions": ["iptables (nft)", f"set {LOOPBACK}"]},
        shows="--dport 8080 -j DNAT --to-destination 10.42.1.10:80",
    ),
    Case(
        "cattle_chains",
        "closes the loopback and takes the chains away",
        {"state": "absent"},
        check=[saved(FULL)],
        change=[saved(FULL), command("iptables-nft-restore --noflush", body=CLOSES)],
        settled=[saved(EMPTY)],
        prepare=bridge("1"),
        gives={"actions": [f"set {LOOPBACK}", "iptables (nft)"]},
        shows="CATTLE_FORWARD",
    ),
]


def failure(when, message, calls=(), prepare=host.make, **arguments):
    return Failure("cattle_chains", when, {**ARGUMENTS, **arguments}, message, calls, prepare=prepare)


def both(root):
    host.make(root)
    (root / "proc/net/ip_tables_names").write_text("nat\n")


PORT = ARGUMENTS["ports"][0]
FAILURES = [
    failure("of a port that is named twice", "ports: the same public port is named more than once", ports=[PORT, PORT]),
    failure(
        "of a port that there is not", "port 70000 is not between", [saved(EMPTY)], ports=[{**PORT, "public": 70000}]
    ),
    failure("of a port of nobody", "missing required arguments: address found in ports", ports=[{"public": 80}]),
    failure(
        "with rules of both variants",
        "both iptables-nft and iptables-legacy hold rules on this host",
        [saved(FULL), command("iptables-legacy-save", FULL)],
        prepare=both,
    ),
    failure(
        "that the kernel refuses",
        "iptables-nft-restore --noflush: line 3 failed",
        [saved(EMPTY), command("iptables-nft-restore --noflush", "line 3 failed", body=OPENS, status=1)],
    ),
    failure("on a host that an agent runs", "owned by agent", prepare=host.owned("firewall", "agent")),
]
