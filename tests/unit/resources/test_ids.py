# SPDX-License-Identifier: Apache-2.0
"""Ids on the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orca.resources import TYPES, ids

STORED = sorted(name for name, type in TYPES.items() if type.table)


@given(st.sampled_from(STORED), st.integers(min_value=0, max_value=2**53))
def test_what_is_shown_can_be_read(type, number):
    assert ids.parse(ids.show(type, number)) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1h5", 5),
        ("1a12", 12),
        ("1pm3", 3),
        ("7", 7),
        ("17", 17),
        (7, 7),
        ("1h", None),
        ("", None),
        (None, None),
        (True, None),
        ("1h5x", None),
        ("1h-5", None),
        ("1h" + "9" * 40, None),
        ("9" * 40, None),
        ("1!abc", None),
        (["1h5"], None),
        ("1h٣", None),
    ],
)
def test_reading(text, number):
    assert ids.parse(text) == number


@given(st.text())
def test_any_text_is_an_id_or_not(text):
    number = ids.parse(text)
    assert number is None or 0 <= number < 10**18
