# SPDX-License-Identifier: Apache-2.0
"""Whom the server lets go when there are too many."""

from __future__ import annotations

import asyncio
import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orca.api.connections import visitors as module
from orca.api.connections.visitors import Visitor, Visitors
from orca.resources.errors import Refused

PROXY = "192.0.2.1"


class Crowd:
    """Visitors that remember who was cut off."""

    def __init__(self, capacity: int = 1000) -> None:
        self.visitors = Visitors((ipaddress.ip_network("192.0.2.0/24"),), capacity)
        self.gone: list[Visitor] = []

    def enter(self, address: str) -> Visitor:
        visitor = self.visitors.enter(address)
        assert visitor is not None
        visitor.cut = lambda: self.gone.append(visitor)
        return visitor


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that a test reaches."""
    monkeypatch.setattr(module, "PER_ADDRESS", 3)
    monkeypatch.setattr(module, "STRANGERS", 8)
    monkeypatch.setattr(module, "PER_KEY", 4)


async def test_of_one_address_the_longest_waiting_goes() -> None:
    crowd = Crowd()
    first, second, third = (crowd.enter("203.0.113.1") for _ in range(3))
    first.served()
    first.waits()  # its next request
    crowd.enter("203.0.113.2")
    fourth = crowd.enter("203.0.113.1")
    await asyncio.sleep(0)
    assert crowd.gone == [second]
    assert {third, first, fourth}.isdisjoint(crowd.gone)
    assert crowd.visitors.cuts.total["address"] == 1


async def test_who_is_served_is_not_cut_off() -> None:
    crowd = Crowd()
    served = crowd.enter("203.0.113.1")
    served.asks("")
    served.served()
    for _ in range(6):
        crowd.enter("203.0.113.1")
    await asyncio.sleep(0)
    assert served not in crowd.gone
    assert len(crowd.gone) == 3


async def test_ipv6_counts_by_the_network_of_a_subscriber() -> None:
    crowd = Crowd()
    first = crowd.enter("2001:db8:0:1::1")
    for last in range(2, 5):
        crowd.enter(f"2001:db8:0:1::{last}")
    crowd.enter("2001:db8:0:2::1")
    await asyncio.sleep(0)
    assert crowd.gone == [first]


async def test_behind_a_proxy_the_forwarded_address_answers() -> None:
    crowd = Crowd()
    through = [crowd.enter(PROXY) for _ in range(6)]
    for visitor in through[:4]:
        visitor.asks("203.0.113.7")
    through[4].asks("203.0.113.8")
    await asyncio.sleep(0)
    assert crowd.gone == [through[0]]


async def test_nobody_becomes_another_by_a_header_of_ones_own() -> None:
    crowd = Crowd()
    for number in range(4):
        crowd.enter("203.0.113.1").asks(f"198.51.100.{number}")
    await asyncio.sleep(0)
    assert len(crowd.gone) == 1


async def test_after_the_credentials_the_key_answers() -> None:
    crowd = Crowd()
    agents = [crowd.enter("203.0.113.1") for _ in range(3)]
    for number, agent in enumerate(agents):
        agent.asks("")
        agent.shows(f"credential/{number}")
    others = [crowd.enter("203.0.113.1") for _ in range(3)]
    await asyncio.sleep(0)
    assert crowd.gone == []
    assert crowd.visitors.strangers == len(others)


async def test_a_key_has_a_bound_of_its_own() -> None:
    crowd = Crowd()
    idle = crowd.enter("203.0.113.1")
    idle.shows("credential/1")
    busy = [crowd.enter(f"203.0.113.{number}") for number in range(10, 14)]
    for visitor in busy:
        visitor.served()
        visitor.shows("credential/1")
    await asyncio.sleep(0)
    assert crowd.gone == [idle]
    with pytest.raises(Refused) as refused:
        one_more = crowd.enter("203.0.113.1")
        one_more.served()
        one_more.shows("credential/1")
    assert refused.value.status == 429
    busy[0].leaves()
    one_more.shows("credential/1")


async def test_without_room_strangers_go_first() -> None:
    crowd = Crowd(capacity=4)
    known = crowd.enter("203.0.113.1")
    known.shows("credential/1")
    stranger = crowd.enter("203.0.113.2")
    busy = crowd.enter("203.0.113.3")
    busy.served()
    crowd.enter("203.0.113.4")
    crowd.enter("203.0.113.5")
    await asyncio.sleep(0)
    assert crowd.gone == [stranger]
    for number in range(6, 8):
        crowd.enter(f"203.0.113.{number}")
    await asyncio.sleep(0)
    assert known not in crowd.gone
    for visitor in (crowd.enter("203.0.113.9"), crowd.enter("203.0.113.9")):
        visitor.served()
    crowd.enter("203.0.113.9").served()
    await asyncio.sleep(0)
    assert known in crowd.gone
    assert crowd.visitors.enter("203.0.113.9") is None
    assert busy not in crowd.gone
    assert crowd.visitors.cuts.total["refused"] == 1


STEP = st.tuples(
    st.sampled_from(["enter", "waits", "served", "asks", "shows", "leaves"]), st.integers(0, 5), st.integers(0, 3)
)


@settings(max_examples=300, deadline=None)
@given(st.lists(STEP, max_size=60))
def test_whatever_happens_the_bounds_hold_and_nothing_is_left(steps: list[tuple[str, int, int]]) -> None:
    async def live() -> None:
        crowd = Crowd(capacity=12)
        inside: list[Visitor] = []
        for what, which, number in steps:
            if what == "enter":
                entered = crowd.visitors.enter(f"203.0.113.{number}")
                if entered is not None:
                    entered.cut = lambda entered=entered: (inside.remove(entered), entered.leaves())
                    inside.append(entered)
            elif inside:
                visitor = inside[which % len(inside)]
                try:
                    if what == "asks":
                        visitor.asks("")
                    elif what == "shows":
                        visitor.shows(f"credential/{number}")
                    else:
                        getattr(visitor, what)()
                except Refused:
                    pass
                if what == "leaves":
                    inside.remove(visitor)
            await asyncio.sleep(0)
            assert len(crowd.visitors) == len(inside) <= 12
            assert crowd.visitors.strangers <= 8
        for visitor in inside:
            visitor.leaves()
        assert len(crowd.visitors) == crowd.visitors.strangers == 0
        assert not crowd.visitors.make_room()
        assert not crowd.visitors._of_key

    asyncio.run(live())
