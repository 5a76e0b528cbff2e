# SPDX-License-Identifier: Apache-2.0
"""Which hosts learn what of balancers: a change costs what it touches."""

import pytest

from orca.orchestration.balancers.board import Board, Given, Place, Target
from orca.orchestration.balancers.plan import Link, Listener, Settings, plan
from orca.orchestration.syntax.rules import parse

EDGE, WEB, SHOP = 1, 2, 3
HTTP = Listener(80, "http", 8080, "http")
SECURE = Listener(443, "https", 8080, "http")
READY = Target("10.42.1.7", 100)


def made(*links, listeners=(HTTP,), **settings):
    found = [Link(id, tuple(map(parse, rules))) for id, *rules in links]
    return plan(listeners, found, Settings(**settings))


def entry(target, port=8080, state="ready"):
    return {"address": target.address, "port": port, "weight": target.weight, "state": state}


@pytest.fixture
def board():
    """A balancer on hosts 10 and 20, with service WEB behind it; its target w1 is known, and all was given out."""
    board = Board()
    for host in (10, 20):
        board.learn_host(host, understands=True)
        board.learn_place(host, Place(EDGE, host, f"lb{host}"))
    assert board.learn_plan(EDGE, made((WEB,))) == {WEB}
    board.learn_targets(Given(WEB, 1, {"w1": READY}))
    board.items()
    return board


def test_a_host_learns_listeners_and_targets_of_its_containers(board):
    board.learn_place(30, Place(EDGE, 10, "another"))
    assert board.items() == {
        (10, "balancer/another"): {"instance": "another", **made((WEB,)).description},
        (10, "targets/another/80"): {"targets": {"w1": entry(READY)}},
    }
    assert board.items() == {}, "nothing changed since"


def test_an_edge_of_a_target_is_one_item_on_each_host_with_its_balancer(board):
    board.learn_plan(4, made((SHOP,)))
    board.learn_place(40, Place(4, 20, "other"))
    board.items()
    board.learn_targets(Given(WEB, 1, {"w1": READY._replace(draining=True)}))
    board.learn_targets(Given(WEB, 2, {"w2": Target("10.42.2.8", 5)}))
    wanted = {"targets": {"w1": entry(READY, state="drain"), "w2": entry(Target("10.42.2.8", 5))}}
    assert board.items() == {(10, "targets/lb10/80"): wanted, (20, "targets/lb20/80"): wanted}
    board.learn_targets(Given(WEB, 1, {}))
    board.learn_targets(Given(WEB, 2, {}))
    assert board.items() == {(10, "targets/lb10/80"): {"targets": {}}, (20, "targets/lb20/80"): {"targets": {}}}


def test_what_changes_nothing_gives_no_item(board):
    board.learn_targets(Given(WEB, 1, {"w1": READY}))
    board.learn_targets(Given(WEB, 9, {}))
    board.learn_targets(Given(SHOP, 1, {"s1": READY}))
    board.learn_plan(EDGE, made((WEB,)))
    board.learn_place(10, Place(EDGE, 10, "lb10"))
    board.learn_host(10, understands=True)
    assert board.items() == {}


def test_a_container_that_is_gone_takes_its_items_along(board):
    board.learn_place(10, None)
    assert board.items() == {(10, "balancer/lb10"): None, (10, "targets/lb10/80"): None}
    board.learn_targets(Given(WEB, 1, {}))
    assert board.items().keys() == {(20, "targets/lb20/80")}


def test_a_balancer_that_is_gone_leaves_nothing(board):
    board.learn_plan(EDGE, None)
    assert set(board.items().values()) == {None}
    assert not board.is_behind(WEB)
    board.learn_targets(Given(WEB, 1, {"w1": READY}))
    assert board.items() == {}


def test_another_route_is_another_backend(board):
    assert board.learn_plan(EDGE, made((WEB, "a.example"), (SHOP,))) == {SHOP}
    items = board.items()
    (named,) = (name for _, name in items if name.startswith("targets/lb10/80-a-example"))
    assert items[10, named] == {"targets": {"w1": entry(READY)}}
    assert items[10, "targets/lb10/80"] == {"targets": {}}, "nothing of the other service is known"
    board.learn_plan(EDGE, made((SHOP,)))
    assert board.items()[10, named] is None


def test_of_a_target_behind_two_services_the_first_counts(board):
    board.learn_plan(EDGE, made((WEB, "9000"), (SHOP, "9001")))
    board.learn_targets(Given(SHOP, 1, {"w1": READY}))
    assert board.items()[10, "targets/lb10/80"] == {"targets": {"w1": entry(READY, 9000)}}


def test_only_hosts_that_understand_get_items(board):
    board.learn_host(10, understands=False)
    assert board.items() == {(10, "balancer/lb10"): None, (10, "targets/lb10/80"): None}
    board.learn_targets(Given(WEB, 1, {}))
    assert board.items().keys() == {(20, "targets/lb20/80")}
    board.learn_host(10, understands=True)
    assert board.items()[10, "targets/lb10/80"] == {"targets": {}}


def test_certificates_reach_hosts_with_a_balancer_that_names_them(board):
    old, new = {"chain": "old", "key": "k"}, {"chain": "new", "key": "k"}
    board.learn_place(20, None)
    board.learn_certificate("c1", old)
    board.learn_certificate("c9", old)
    board.items()
    board.learn_plan(EDGE, made((WEB,), listeners=(HTTP, SECURE), certificates=("c1",)))
    first, *_ = board.items().items()
    assert first == ((10, "certificate/c1"), old), "it comes before the balancer that needs it"
    board.learn_certificate("c1", new)
    assert board.items() == {(10, "certificate/c1"): new}, "a renewal touches nothing else"
    board.learn_place(20, Place(EDGE, 20, "lb20"))
    assert board.items()[20, "certificate/c1"] == new
    board.learn_place(10, None)
    assert board.items()[10, "certificate/c1"] is None
    board.learn_plan(EDGE, made((WEB,)))
    assert board.items()[20, "certificate/c1"] is None
