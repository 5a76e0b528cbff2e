# SPDX-License-Identifier: Apache-2.0
"""How much one body may hold."""

import pytest

from orca.resources import limits
from orca.resources.errors import Refused


def nested(depth):
    value = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_what_is_just_allowed_passes():
    limits.check({})
    limits.check({str(number): 0 for number in range(limits.MOST_ITEMS)})
    limits.check({"a": [[0] * (limits.MOST_ITEMS - 1)] * 9})
    limits.check({"a": nested(limits.MOST_DEPTH - 1)})
    limits.check({"a": 10**limits.MOST_DIGITS - 1, "b": -(10**limits.MOST_DIGITS) + 1, "c": "1" * 1_000_000})


@pytest.mark.parametrize(
    ("body", "field", "word"),
    [
        ({str(number): 0 for number in range(limits.MOST_ITEMS + 1)}, None, "10000 entries"),
        ({"command": [""] * (limits.MOST_ITEMS + 1)}, "command", "10000 entries"),
        ({"a": {"environment": {str(number): "" for number in range(200_000)}}}, "a", "10000 entries"),
        ({"a": [[0] * limits.MOST_ITEMS] * 11}, "a", "100000 values"),
        ({"a": nested(limits.MOST_DEPTH)}, "a", "64 deep"),
        ({"memory": 10**limits.MOST_DIGITS}, "memory", "40 digits"),
        ({"a": [{"b": -(10**limits.MOST_DIGITS)}]}, "a", "40 digits"),
    ],
)
def test_what_holds_too_much_is_refused_with_field_limit_and_cure(body, field, word):
    with pytest.raises(Refused) as refused:
        limits.check(body)
    assert (refused.value.status, refused.value.field) == (422, field)
    assert word in refused.value.message
    assert ";" in refused.value.message, "a cure is named"


def test_many_small_lists_inside_each_other_are_not_counted_to_their_end():
    """Ten references to one list of ten, six times over, is a million values in a few lists."""
    value = [0] * 10
    for _ in range(6):
        value = [value] * 10
    with pytest.raises(Refused):
        limits.check({"a": value})
