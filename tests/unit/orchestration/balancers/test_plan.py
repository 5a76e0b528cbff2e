# SPDX-License-Identifier: Apache-2.0
"""What a balancer is to do, from its listeners and links."""

import re

import pytest

from orca.orchestration.balancers.plan import Link, Listener, Settings, Source, plan
from orca.orchestration.syntax.rules import parse

HTTP = Listener(80, "http", 8080, "http")
CHECK = {"port": 80, "http": None, "interval": 2000}


def links(**rules):
    """Services 1, 2, ... with these rules."""
    return [Link(number, tuple(map(parse, texts))) for number, texts in enumerate(rules.values(), 1)]


def routes(found):
    """Each route in short, with its sources."""
    return [
        (
            route["port"],
            route["host"],
            route["path"],
            *(tuple(source) for source in map(_pair, found.sources[route["backend"]])),
        )
        for route in found.description["routes"]
    ]


def _pair(source):
    return source.service_id, source.port


def test_a_service_without_rules_gets_everything_at_every_listener():
    found = plan([HTTP, Listener(81, "http", 81, "http")], links(web=[]), Settings())
    assert routes(found) == [(80, None, None, (1, 8080)), (81, None, None, (1, 81))]
    assert found.description["listeners"] == [
        {"port": 80, "protocol": "http", "proxy": False},
        {"port": 81, "protocol": "http", "proxy": False},
    ]
    assert found.description["backends"]["80"] == {
        "protocol": "http",
        "algorithm": "roundrobin",
        "proxy": False,
        "check": None,
        "cookie": None,
        "application_cookie": None,
    }


def test_a_service_with_rules_gets_what_they_say_and_nothing_else():
    found = plan([HTTP, Listener(81, "http", 81, "http")], links(web=["A.example:80/x=9000", "b.example"]), Settings())
    assert routes(found) == [
        (80, "a.example", "/x", (1, 9000)),
        (80, "b.example", None, (1, 8080)),
        (81, "b.example", None, (1, 81)),
    ]


def test_services_with_the_same_rule_share_a_backend():
    found = plan([HTTP], links(web=["a.example"], canary=["a.example=9000"], other=[]), Settings())
    assert routes(found) == [(80, None, None, (3, 8080)), (80, "a.example", None, (1, 8080), (2, 9000))]
    assert found.services == {1, 2, 3}
    (shared,) = found.backends_of(2)
    assert found.backends_of(1) == {shared}


def test_the_name_of_a_backend_is_that_of_its_route():
    alone = plan([HTTP], links(web=["a.example/x"]), Settings())
    together = plan([HTTP], links(web=["a.example/x"], more=["a.example/x", "a.example-x"]), Settings())
    assert alone.sources.keys() < together.sources.keys()
    assert all(re.fullmatch(r"80-a-example-x-[0-9a-f]{8}", name) for name in together.sources)


@pytest.mark.parametrize("protocol", ["tcp", "tls"])
def test_what_is_no_http_has_one_backend(protocol):
    listener = Listener(443, protocol, 8443, "tcp")
    found = plan([listener], links(web=["a.example/x=1", "b.example=2"], more=[]), Settings(certificates=("c",)))
    assert routes(found) == [(443, None, None, (1, 1), (2, 8443))]


def test_tls_that_passes_through_goes_by_name():
    found = plan([Listener(443, "sni", 8443, "tcp")], links(web=["a.example/x"], more=["*.example"]), Settings())
    assert routes(found) == [(443, "*.example", None, (2, 8443)), (443, "a.example", None, (1, 8443))]


def test_a_listener_that_ends_tls_waits_for_a_certificate():
    secure = Listener(443, "https", 8080, "http")
    bare = plan([HTTP, secure], links(web=[]), Settings())
    assert [each["port"] for each in bare.description["listeners"]] == [80]
    assert bare.sources.keys() == {"80"}
    given = plan([HTTP, secure], links(web=[]), Settings(certificates=("c1", "c2"), default_certificate="c1"))
    assert [each["port"] for each in given.description["listeners"]] == [80, 443]
    assert (given.certificates, given.description["default_certificate"]) == (("c1", "c2"), "c1")


def test_of_two_listeners_at_one_port_the_first_counts():
    found = plan([HTTP, Listener(80, "tcp", 1, "tcp")], links(web=[]), Settings())
    assert found.description["listeners"] == [{"port": 80, "protocol": "http", "proxy": False}]


def test_services_that_are_checked_differently_share_no_check():
    def check(*checks):
        found = plan([HTTP], [Link(number, (), each) for number, each in enumerate(checks)], Settings())
        return found.description["backends"]["80"]["check"]

    assert check(CHECK) == check(CHECK, dict(CHECK)) == CHECK
    assert check(CHECK, None) is check(CHECK, {**CHECK, "port": 81}) is None


def test_cookies_are_for_http():
    cookie = {"name": "shop", "mode": "insert"}
    settings = Settings(cookie=cookie, application_cookie={"name": "JSESSIONID", "length": 32, "seconds": 60})
    found = plan([HTTP, Listener(81, "tcp", 81, "tcp"), Listener(82, "http", 82, "h2")], links(web=[]), settings)
    assert {name: each["cookie"] for name, each in found.description["backends"].items()} == {
        "80": cookie,
        "81": None,
        "82": cookie,
    }


def test_the_lowest_priority_of_a_route_counts():
    found = plan([HTTP], links(web=["a.example=@20", "b.example"], more=["a.example=8080@3"]), Settings())
    assert [route["priority"] for route in found.description["routes"]] == [3, None]
    assert found.sources["80-a-example-" + found.description["routes"][0]["backend"][-8:]] == (
        Source(1, 8080),
        Source(2, 8080),
    )
