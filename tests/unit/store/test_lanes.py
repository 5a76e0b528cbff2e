# SPDX-License-Identifier: Apache-2.0
"""Who is next among those who wait."""

from hypothesis import given
from hypothesis import strategies as st

from orca.store.lanes import Lanes


def filled(*items):
    lanes = Lanes()
    for lane, item in items:
        lanes.put(lane, item)
    return lanes


def emptied(lanes, busy=()):
    return [lanes.take(busy) for _ in range(len(lanes))]


def test_each_lane_has_its_turn():
    lanes = filled(*(("a", number) for number in range(5)), ("b", "x"), ("c", "y"), ("b", "z"))
    assert emptied(lanes) == [0, "x", "y", 1, "z", 2, 3, 4]
    assert len(lanes) == 0
    assert lanes.take() is None


def test_a_lane_that_comes_late_waits_for_one_item_of_each_other_lane():
    lanes = filled(*((lane, number) for lane in "ab" for number in range(100)))
    lanes.take()
    lanes.put("late", "here")
    assert [lanes.take() for _ in range(3)][-1] == "here"


def test_busy_lanes_are_passed_over_and_keep_their_turn():
    lanes = filled(("a", 1), ("b", 2), ("a", 3))
    assert lanes.take(busy={"a"}) == 2
    assert lanes.take(busy={"a"}) is None
    assert emptied(lanes) == [1, 3]


def test_nobody_is_an_owner_too():
    assert emptied(filled((None, 1), ("a", 2), (None, 3))) == [1, 2, 3]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers())))
def test_everything_comes_once_and_in_its_lanes_order(items):
    taken = emptied(filled(*((lane, (lane, value)) for lane, value in items)))
    assert sorted(taken) == sorted(items)
    for lane in range(5):
        assert [item for item in taken if item[0] == lane] == [item for item in items if item[0] == lane]
