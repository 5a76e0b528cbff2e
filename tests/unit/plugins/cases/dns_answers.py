# SPDX-License-Identifier: GPL-3.0-or-later
"""The resolver's table and upstreams are written."""

from harness import host
from harness.case import Case, Failure

SCOPES = {"shop": {"db.shop": ["10.42.2.10"]}}
CLIENTS = {"10.42.1.10": ["shop"], "10.42.1.11": {"far": "db.example.com"}}
ARGUMENTS = {
    "subnet": "10.42.1.0/24",
    "scopes": SCOPES,
    "clients": {"10.42.1.10": ["shop"], "10.42.1.11": {"far": "db.example.com"}},
}
DNS = "{root}/var/lib/orca/dns"


def written(root):
    """As the same module leaves it."""
    host.make(root)
    for name in ("table.lua", "forward.zones"):
        (root / host.STATE / "dns").mkdir(parents=True, exist_ok=True)
        (root / host.STATE / "dns" / name).write_text("-- of yesterday\n")


CASES = [
    Case("dns_answers", "writes who is told what", ARGUMENTS, shows="10.42.2.10"),
    Case(
        "dns_answers",
        "asks other resolvers",
        {**ARGUMENTS, "upstreams": ["192.0.2.54"]},
        prepare=written,
        shows="192.0.2.54",
    ),
    Case("dns_answers", "takes all names away", {"state": "absent"}, prepare=written, shows="of yesterday"),
]


def failure(when, message, prepare=host.make, **arguments):
    return Failure("dns_answers", when, {**ARGUMENTS, **arguments}, message, prepare=prepare)


FAILURES = [
    failure("in a scope that there is not", "clients: 10.42.1.10: there is no scope shop", scopes={}),
    failure(
        "for a client that is given a number",
        "clients: 10.42.1.10: give a list of scopes, or",
        clients={"10.42.1.10": 1},
    ),
    failure("with names that are a list", "scopes: shop: names must be a mapping", scopes={"shop": []}),
    failure("without a range", "must not be empty with state=present: subnet", subnet=None),
    failure("with a whole range that is none", "cidr: many is not an IPv4 network", cidr="many"),
    failure("with an empty range", "must not be empty with state=present: subnet", subnet=""),
    failure("on a host that an agent runs", "owned by agent", prepare=host.owned("dns", "agent")),
]
