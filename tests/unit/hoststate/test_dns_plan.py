# SPDX-License-Identifier: Apache-2.0
"""Answers and resolv.conf."""

import pytest

from orca.hoststate.plan import dns

BASE = {"cidr": "10.42.0.0/16", "subnet": "10.42.1.0/24"}


def test_a_name_is_answered_in_every_form_and_back():
    names = {"Memcached": ["10.42.2.10"], "db.stack": ["10.42.2.10", "10.42.3.10"]}
    assert dns.expand(names, ".42.10.in-addr.arpa.") == {
        "memcached.": ["10.42.2.10"],
        "memcached.orca.internal.": ["10.42.2.10"],
        "memcached.rancher.internal.": ["10.42.2.10"],
        "db.stack.": ["10.42.2.10", "10.42.3.10"],
        "db.stack.orca.internal.": ["10.42.2.10", "10.42.3.10"],
        "db.stack.rancher.internal.": ["10.42.2.10", "10.42.3.10"],
        "10.2.42.10.in-addr.arpa.": ["memcached.orca.internal."],
        "10.3.42.10.in-addr.arpa.": ["db.stack.orca.internal."],
    }


def test_what_is_elsewhere_has_no_reverse_names():
    names = {"db": ["192.0.2.7", "2001:DB8::7"], "api": "Api.Example.com."}
    assert dns.expand(names, ".42.10.in-addr.arpa.") == {
        "db.": ["192.0.2.7", "2001:db8::7"],
        "db.orca.internal.": ["192.0.2.7", "2001:db8::7"],
        "db.rancher.internal.": ["192.0.2.7", "2001:db8::7"],
        "api.": "api.example.com.",
        "api.orca.internal.": "api.example.com.",
        "api.rancher.internal.": "api.example.com.",
    }
    table = dns.table({**BASE, "clients": {"10.42.1.10": {"api": "api.example.com"}}}, True)
    assert '["api."] = "api.example.com."' in table


@pytest.mark.parametrize(
    "names",
    [
        {"a": "host\n"},
        {"a": 'x"'},
        {'x"]=os.execute("x")--': []},
        {"": []},
        {"a b": []},
        {"a\n": []},
        {"a": ["host"]},
        {"a": ['10.0.0.1"']},
    ],
)
def test_nothing_can_be_smuggled_into_the_table(names):
    with pytest.raises(ValueError):
        dns.table({**BASE, "clients": {"10.42.1.10": names}}, True)


def test_the_table_is_one_line_a_client():
    text = dns.table({**BASE, "clients": {"10.42.1.10": {"a": ["10.42.2.10"]}, "10.42.1.9": {}}}, False)
    assert text.splitlines()[1:4] == ['reverse = ".42.10.in-addr.arpa.",', "forward = false,", "clients = {"]
    assert [line[:14] for line in text.splitlines()[4:6]] == ['["10.42.1.9"] ', '["10.42.1.10"]']


@pytest.mark.parametrize(
    ("cidr", "zone"),
    [
        ("10.42.0.0/16", ".42.10.in-addr.arpa."),
        ("10.0.0.0/8", ".10.in-addr.arpa."),
        ("10.42.16.0/20", ".42.10.in-addr.arpa."),
    ],
)
def test_reverse_zone(cidr, zone):
    assert dns.reverse_zone(cidr) == zone


def test_upstreams_are_those_a_container_can_reach():
    servers = ["127.0.0.53", "169.254.169.250", "192.0.2.53", "fe80::1%eth0", "192.0.2.53"]
    text = "# x\n" + "".join(f"nameserver {server}\n" for server in servers)
    assert dns.upstreams(text) == ["192.0.2.53"]
    assert dns.forward_zones(["192.0.2.53", "192.0.2.54"]) == "+.=192.0.2.53;192.0.2.54\n"
    assert dns.forward_zones([]) == ""


def test_resolv_conf_of_a_container():
    assert (
        dns.resolv_conf(["stack.orca.internal"])
        == "search stack.orca.internal orca.internal\nnameserver 169.254.169.250\n"
    )
