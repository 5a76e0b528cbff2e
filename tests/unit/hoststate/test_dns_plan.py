# SPDX-License-Identifier: Apache-2.0
"""Answers and resolv.conf."""

import pytest

from orca.hoststate.plan import dns

BASE = {"cidr": "10.42.0.0/16", "subnet": "10.42.1.0/24"}


def answers(scopes, clients, *names, client="10.42.1.10"):
    """What a client is answered by the table, as the resolver's script reads it."""
    lua = pytest.importorskip("lupa.luajit21").LuaRuntime()
    table = lua.execute(dns.table({**BASE, "scopes": scopes, "clients": clients}, True))
    found = {name: table.clients[client][name] for name in names}
    return {name: answer if isinstance(answer, str | None) else list(answer.values()) for name, answer in found.items()}


def test_a_name_is_answered_in_every_form_and_back():
    names = {"Cache": ["10.42.2.10"], "db.stack": ["10.42.2.10", "10.42.3.10"]}
    expected = {
        "cache.": ["10.42.2.10"],
        "cache.orca.internal.": ["10.42.2.10"],
        "cache.rancher.internal.": ["10.42.2.10"],
        "db.stack.": ["10.42.2.10", "10.42.3.10"],
        "db.stack.orca.internal.": ["10.42.2.10", "10.42.3.10"],
        "db.stack.rancher.internal.": ["10.42.2.10", "10.42.3.10"],
        "10.2.42.10.in-addr.arpa.": ["cache.orca.internal."],
        "10.3.42.10.in-addr.arpa.": ["db.stack.orca.internal."],
        "db.": None,
        "4.3.42.10.in-addr.arpa.": None,
    }
    assert answers({}, {"10.42.1.10": names}, *expected) == expected
    assert answers({"s": names}, {"10.42.1.10": ["s"]}, *expected) == expected


def test_the_first_scope_that_has_a_name_counts():
    scopes = {
        "service-1": {"db": ["10.42.2.1"], "gone.shop": []},
        "stack-1": {"db": ["10.42.2.2"], "a.shop": ["10.42.2.1"], "gone.shop": ["10.42.2.3"], "db.shop": ["10.42.2.4"]},
    }
    expected = {
        "db.": ["10.42.2.1"],
        "a.shop.orca.internal.": ["10.42.2.1"],
        "gone.shop.": [],
        "gone.shop.orca.internal.": [],
        "1.2.42.10.in-addr.arpa.": ["a.shop.orca.internal."],
        "2.2.42.10.in-addr.arpa.": None,
        "3.2.42.10.in-addr.arpa.": None,
    }
    assert answers(scopes, {"10.42.1.10": ["service-1", "stack-1"]}, *expected) == expected
    assert answers(scopes, {"10.42.1.10": ["not-here", "stack-1"]}, "db.") == {"db.": ["10.42.2.2"]}
    assert answers(scopes, {"10.42.1.10": []}, "db.") == {"db.": None}


def test_what_is_elsewhere_has_no_reverse_names():
    names = {"db": ["192.0.2.7", "2001:DB8::7"], "api": "Api.Example.com."}
    expected = {
        "db.": ["192.0.2.7", "2001:db8::7"],
        "api.orca.internal.": "api.example.com.",
        "7.2.0.192.in-addr.arpa.": None,
    }
    assert answers({}, {"10.42.1.10": names}, *expected) == expected


def test_a_large_scope_can_be_loaded():
    names = {f"service-{number}.stack": [f"10.42.{number // 200}.{number % 200}"] for number in range(20_000)}
    expected = {"service-19999.stack.": ["10.42.99.199"]}
    assert answers({"stack-1": names}, {"10.42.1.10": ["stack-1"]}, *expected) == expected


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


def test_a_scope_has_a_name_that_needs_no_quotes():
    for name in ('a"', "", "a b", "a/b"):
        with pytest.raises(ValueError, match="is not the name of a scope"):
            dns.table({**BASE, "scopes": {name: {}}, "clients": {}}, True)
        with pytest.raises(ValueError, match="is not the name of a scope"):
            dns.table({**BASE, "clients": {"10.42.1.10": [name]}}, True)


def test_a_change_of_one_name_is_a_change_of_one_line():
    scopes = {"stack-1": {"web.shop": ["10.42.2.10"], "db.shop": ["10.42.2.11"]}}
    clients = {"10.42.1.10": ["stack-1"], "10.42.1.9": ["stack-1"]}
    before = dns.table({**BASE, "scopes": scopes, "clients": clients}, False).splitlines()
    scopes["stack-1"]["web.shop"] = ["10.42.2.10", "192.0.2.1"]
    after = dns.table({**BASE, "scopes": scopes, "clients": clients}, False).splitlines()
    assert set(after) - set(before) == {'["web.shop"] = {"10.42.2.10", "192.0.2.1"},'}
    order = [line[9:20] for line in before if line.startswith("clients[")]
    assert order == ['10.42.1.9"]', '10.42.1.10"']


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
