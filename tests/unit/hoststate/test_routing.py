# SPDX-License-Identifier: Apache-2.0
"""Maps of a balancer's routes against the rule: the first route of the order that matches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orca.hoststate.plan import routing

HOSTS = ["", "a.example", "b.a.example", "example", "*.example", "*.a.example", "a.*", "b.*", "b.a.*"]
PATHS = ["", "/", "/x", "/x/y", "/xy", "/z"]
ASKED_HOSTS = [
    "a.example",
    "b.a.example",
    "c.a.example",
    "c.example",
    "example",
    "a.test",
    "b.a.test",
    "b.test",
    "",
    "t",
]
ASKED_PATHS = ["/", "/x", "/x/y/z", "/xyz", "/z", "/q"]

ROUTES = st.lists(
    st.builds(
        routing.Route,
        host=st.sampled_from(HOSTS),
        path=st.sampled_from(PATHS),
        priority=st.none() | st.integers(0, 3),
        backend=st.sampled_from(["one", "two", "three"]),
    ),
    max_size=12,
)


def looked_up(maps, host, path):
    """What HAProxy finds: map_beg takes the longest prefix, map_end the first suffix."""

    def longest(table, text):
        return max((key for key in table if text.startswith(key)), key=len, default=None)

    key = longest(maps.routes, host + path)
    if key is None:
        suffix = next((each for each in maps.suffixes if host.endswith(each)), "")
        prefix = longest(maps.prefixes, host) or ""
        key = longest(maps.routes, suffix + "|" + prefix + path)
    return None if key is None else maps.routes[key]


@given(ROUTES, st.sampled_from(ASKED_HOSTS), st.sampled_from(ASKED_PATHS))
def test_the_first_route_that_matches_is_found(routes, host, path):
    order = sorted(routes, key=lambda route: route.rank)
    wanted = next((each.backend for each in order if each.takes_host(host) and path.startswith(each.path)), None)
    assert looked_up(routing.maps(routes), host, path) == wanted


def ranked(*routes):
    found = [routing.route({"backend": str(number), **each}) for number, each in enumerate(routes)]
    return [each.backend for each in sorted(found, key=lambda route: route.rank)]


def test_the_order_of_routes():
    assert ranked(
        {"priority": 1, "path": "/"},
        {"priority": 2, "host": "a.example", "path": "/x"},
        {"host": "a.example", "path": "/long"},
        {"host": "a.example", "path": "/x"},
        {"host": "*.a.example", "path": "/long"},
        {"host": "a.example"},
        {"host": "*.a.example"},
        {"host": "*.example"},
        {"path": "/long"},
        {"path": "/x"},
        {},
    ) == [str(number) for number in range(11)]


def test_tables_hold_what_can_win():
    routes = [
        routing.route({"host": "A.example", "path": "/x", "backend": "x"}),
        routing.route({"path": "/x/deep", "priority": 1, "backend": "deep"}),
        routing.route({"path": "/x", "priority": 0, "backend": "first"}),
        routing.route({"backend": "all"}),
    ]
    assert routing.maps(routes) == ({"a.example/x": "first", "a.example/": "all", "|/x": "first", "|/": "all"}, {}, {})


@pytest.mark.parametrize("wrong", [{"host": "*.a.*"}, {"host": "a b"}, {"host": "*"}, {"path": "x"}, {"path": "/a b"}])
def test_what_cannot_be_a_route_is_refused(wrong):
    with pytest.raises(ValueError, match="is not a"):
        routing.route({"backend": "web", **wrong})


def test_too_many_pairs_of_wildcards_are_refused():
    routes = [routing.Route(each, "", None, "web") for n in range(32) for each in (f"*.h{n}", f"h{n}.*")]
    with pytest.raises(ValueError, match="more than 1000 pairs"):
        routing.maps(routes)
