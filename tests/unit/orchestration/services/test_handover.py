# SPDX-License-Identifier: Apache-2.0
"""The scales of two services while one takes over from the other."""

from hypothesis import given
from hypothesis import strategies as st

from orca.orchestration.services.handover import moves


def test_example():
    assert list(moves(2, 0, final=5, batch=2)) == [(2, 2), (2, 4), (1, 4), (1, 5), (0, 5)]


@given(old=st.integers(0, 20), new=st.integers(0, 20), final=st.integers(1, 20), batch=st.integers(1, 7))
def test_nothing_is_taken_away_before_it_is_replaced(old: int, new: int, final: int, batch: int):
    before = min(old, final)
    steps = list(moves(old, new, final=final, batch=batch))
    for older, newer in steps:
        assert older + newer >= min(before, final)
        assert older <= old
    assert (steps or [(old, new)])[-1] == (0, final)
