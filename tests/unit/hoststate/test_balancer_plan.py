# SPDX-License-Identifier: Apache-2.0
"""From the balancers of a host to HAProxy's configuration, and the commands that change it while it runs."""

from pathlib import Path

import pytest

from orca.hoststate import haproxy_api
from orca.hoststate.haproxy_api import Live
from orca.hoststate.plan import balancer, balancer_runtime, balancer_text
from orca.hoststate.plan.balancer_text import Place
from orca.hoststate.plan.haproxy import Server

CHECK = {
    "port": None,
    "http": {"method": "GET", "path": "/it's", "host": None},
    "expect": "200-399",
    "interval": 2000,
    "timeout": 1500,
    "rise": 2,
    "fall": 3,
}
PLAIN = {
    "protocol": "http",
    "algorithm": "roundrobin",
    "proxy": False,
    "check": None,
    "cookie": None,
    "application_cookie": None,
}
COOKIE = {"name": "SRV", "mode": "insert", "indirect": True, "nocache": True, "postonly": False, "domain": ".a.example"}
ITEM = {
    "instance": "i",
    "listeners": [
        {"port": 80, "protocol": "http", "proxy": True},
        {"port": 443, "protocol": "https", "proxy": False},
        {"port": 5432, "protocol": "tcp", "proxy": False},
        {"port": 6432, "protocol": "tls", "proxy": False},
        {"port": 8443, "protocol": "sni", "proxy": False},
    ],
    "routes": [
        {"port": 80, "host": None, "path": None, "priority": None, "backend": "web-80"},
        {"port": 80, "host": "Shop.example", "path": "/api", "priority": None, "backend": "api-8080"},
        {"port": 443, "host": "*.example", "path": None, "priority": None, "backend": "web-80"},
        {"port": 5432, "host": None, "path": None, "priority": None, "backend": "db-5432"},
    ],
    "backends": {
        "web-80": {**PLAIN, "check": CHECK, "cookie": COOKIE},
        "api-8080": {**PLAIN, "protocol": "h2", "algorithm": "leastconn"},
        "app-80": {**PLAIN, "application_cookie": {"name": "JSESSIONID", "length": 52, "seconds": 3600}},
        "db-5432": {**PLAIN, "protocol": "tcp", "algorithm": "source", "proxy": True, "check": {**CHECK, "http": None}},
    },
    "certificates": ["one"],
    "default_certificate": "one",
    "custom": {"global": "tune.bufsize 32768", "defaults": "# longer\ntimeout client 5m\n"},
}
READY = {"address": "10.42.1.7", "port": 8080, "weight": 100, "state": "ready"}
TARGETS = {"web-80": {"t1": READY, "t2": {**READY, "address": "10.42.2.7", "state": "drain"}}, "db-5432": {"t1": READY}}


def planned(item=ITEM, targets=TARGETS):
    return balancer.targets(item, targets)


def the_only(**changes):
    (target,) = planned(targets={"web-80": {"t1": {**READY, **changes}}}).values()
    return target


def test_the_configuration_is_the_one_that_haproxy_3_0_accepted():
    """``haproxy -c`` of 3.0.11 read this file."""
    accepted = (Path(__file__).parent / "balancer.cfg").read_text()
    assert balancer_text.configuration(ITEM, planned()) == accepted


def test_items_are_joined():
    network = {"cidr": "10.42.0.0/16", "subnet": "10.42.1.0/24", "images": {"net": "n", "dns": "d"}}
    items = {
        "network": network,
        "balancer/b": ITEM,
        "targets/b/web-80": {"targets": {"t1": READY}},
        "targets/b/db-5432": {"targets": {}},
        "certificate/one": {"chain": "c", "key": "k"},
    }
    found = balancer.describe(items)
    assert found["balancers"] == {"b": ITEM}
    assert found["targets"] == {"b": {"web-80": {"t1": READY}, "db-5432": {}}}
    assert found["certificates"] == {"one": {"chain": "c", "key": "k"}}
    del items["certificate/one"]
    without = balancer.describe(items)["balancers"]["b"]
    assert (without["certificates"], without["default_certificate"]) == ([], None)


def test_a_users_line_is_found_again():
    lines = balancer_text.configuration(ITEM, planned()).splitlines()
    for text, place in {
        "  tune.bufsize 32768": Place("global", 1),
        "  # longer": Place("defaults", 1),
        "  timeout client 5m": Place("defaults", 2),
        "  log global": None,
        "  bind :80 accept-proxy": None,
    }.items():
        assert balancer_text.place(ITEM, planned(), lines.index(text) + 1) == place


def test_only_structure_needs_another_configuration():
    first = balancer.structure(ITEM)
    assert balancer.structure({**ITEM, "routes": [], "certificates": ["one", "two"]}) == first
    for change in (
        {"listeners": ITEM["listeners"][:1]},
        {"backends": {**ITEM["backends"], "web-80": PLAIN}},
        {"custom": {}},
        {"default_certificate": None},
        {"default_certificate": "two"},
    ):
        assert balancer.structure({**ITEM, **change}) != first


def test_until_a_structure_is_loaded_the_former_one_goes_on_with_what_it_can():
    wanted = {
        **ITEM,
        "listeners": [*ITEM["listeners"], {"port": 81, "protocol": "http", "proxy": False}],
        "backends": {**ITEM["backends"], "new-80": PLAIN},
        "routes": [
            {"port": 80, "host": None, "path": None, "priority": None, "backend": "api-8080"},
            {"port": 80, "host": None, "path": "/new", "priority": None, "backend": "new-80"},
            {"port": 81, "host": None, "path": None, "priority": None, "backend": "web-80"},
        ],
    }
    found = balancer.loaded(wanted, ITEM)
    assert balancer.structure(found) == balancer.structure(ITEM)
    assert [each["backend"] for each in found["routes"]] == ["api-8080"]
    assert balancer.loaded({**ITEM, "routes": []}, ITEM)["routes"] == []
    assert balancer.loaded(ITEM, balancer.MINIMAL)["routes"] == []


def test_what_another_server_would_need_is_in_its_name():
    target = the_only()
    assert balancer.target_of(target.server) == "t1"
    assert the_only(weight=1, state="drain").server == target.server
    for change in ({"address": "10.42.1.8"}, {"port": 81}):
        assert the_only(**change).server != target.server
    other = {**ITEM, "backends": {**ITEM["backends"], "web-80": {**PLAIN, "proxy": True}}}
    assert target.server not in planned(other)
    assert balancer.target_of(Server("web-80", "theirs")) is None


def test_a_running_haproxy_is_told_the_difference():
    targets = {
        "web-80": {name: {**READY, "port": 8000 + number} for number, name in enumerate(("same", "light", "back"))}
    }
    targets["web-80"]["light"]["weight"] = 10
    targets["web-80"]["out"] = {**READY, "state": "drain"}
    targets["web-80"]["new"] = {**READY, "port": 9000}
    wanted = planned(targets=targets)
    by_name = {balancer.target_of(server): server for server in wanted}
    gone, leaving = Server("web-80", "gone_00000000"), Server("web-80", "left_00000000")
    present = {by_name[name]: Live(100, maintained=name == "back") for name in ("same", "light", "back", "out")}
    present |= {gone: Live(100, False), leaving: Live(100, True)}
    new = by_name["new"]
    cookie = wanted[new].options[-1]
    assert balancer_runtime.servers(wanted, present) == [
        f"set server {by_name['light']} weight 10",
        f"set server {by_name['back']} state ready",
        f"set server {by_name['out']} state maint",
        f"add server {new} 10.42.1.7:9000 check inter 2000ms rise 2 fall 3 {cookie} weight 100",
        f"enable server {new}",
        f"enable health {new}",
        f"set server {gone} state maint",
    ]
    assert balancer_runtime.leaving(wanted, present) == [gone, leaving]
    assert (
        balancer_runtime.servers(wanted, {server: Live(each.weight, not each.ready) for server, each in wanted.items()})
        == []
    )


def test_maps_are_replaced_as_a_whole():
    assert balancer_runtime.fill("/m", "7", [("a.example/;x", "web-80")]) == [
        r"add map @7 /m a.example/\;x web-80",
        "commit map @7 /m",
    ]


def test_answers_of_3_0_11():
    assert haproxy_api.variable("ORCA_STRUCTURE=864a2b5be308f218") == "864a2b5be308f218"
    assert haproxy_api.variable("Variable not found") is None
    for good in (
        "Transaction updated for certificate /a.pem!",
        "Committing /a.pem\nSuccess!",
        "New empty certificate store '/a.pem'!",
        "Server deleted.",
        "",
    ):
        assert haproxy_api.worked(good)
    assert not haproxy_api.worked("inconsistencies between private key and certificate\nCan't commit /a.pem!")


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ({"t 1": READY}, "target t 1 of web-80: .* cannot name a target"),
        ({"t": {**READY, "address": "web"}}, "target t of web-80"),
        ({"t": {**READY, "port": 0}}, "0 is no port"),
        ({"t": {**READY, "weight": 257}}, "weight 257 is not from 0 to 256"),
        ({"t": {**READY, "state": "away"}}, "state 'away' is not ready or drain"),
    ],
)
def test_targets_that_make_no_sense_are_refused_by_name(targets, message):
    with pytest.raises(ValueError, match=message):
        planned(targets={"web-80": targets})


def backends(**changes):
    return {"backends": {"web-80": {**PLAIN, **changes}}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"listeners": [{"port": 80, "protocol": "udp"}]}, "protocol 'udp' is not one of http"),
        ({"listeners": [{"port": 65530, "protocol": "http"}]}, "65530 cannot be the port"),
        ({"backends": {"a b": PLAIN}}, "'a b' is not a name"),
        (backends(algorithm="best"), "'best' is not one of roundrobin"),
        (backends(protocol="udp"), "protocol 'udp' is not http, h2 or tcp"),
        (backends(cookie={"name": "a b", "mode": "insert"}), "'a b' is not the name of a cookie"),
        (backends(cookie={"name": "a", "mode": "eat"}), "'eat' is not insert"),
        (backends(cookie={**COOKIE, "domain": "a b"}), "'a b' is not a domain"),
        (backends(application_cookie={"name": "a\nb", "length": 1, "seconds": 1}), "not the name of a cookie"),
        (backends(check={**CHECK, "expect": "2xx"}), "'2xx' is not a list of status codes"),
        (backends(check={**CHECK, "http": {"method": "GET", "path": "/a\nb"}}), "is not a request"),
        ({"custom": {"global": "a\0b"}}, "line 1 of global"),
    ],
)
def test_what_haproxy_should_not_read_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        balancer_text.configuration({**ITEM, **changes}, {})


@pytest.mark.parametrize(
    ("route", "message"),
    [
        ({"port": 81, "backend": "web-80"}, "port 81, which has no listener"),
        ({"port": 80, "backend": "nobody"}, "'nobody', which is no backend"),
        ({"port": 80, "backend": "web-80", "host": "a b"}, "'a b' is not a host"),
    ],
)
def test_routes_that_lead_nowhere_are_refused(route, message):
    with pytest.raises(ValueError, match=message):
        balancer.maps({**ITEM, "routes": [route]})
