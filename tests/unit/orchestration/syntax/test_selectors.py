# SPDX-License-Identifier: Apache-2.0
"""Selectors of services and containers by their labels."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orca.orchestration.syntax.selectors import BadSelector, matches, parse


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        ("a=1", {"a": "1"}, True),
        ("a = 1", {"a": "2"}, False),
        ("a!=1", {"a": "2"}, True),
        ("a!=1", {}, True),
        ("a in (1, 2), b", {"a": "2", "b": ""}, True),
        ("a in (1,2),b", {"a": "2"}, False),
        ("a notin (1,2)", {"a": "2"}, False),
        ("a notin(1,2)", {"a": "3"}, True),
        ("!a", {}, True),
        ("!a", {"a": "x"}, False),
        ("", {"a": "1"}, False),
        (None, {}, False),
    ],
)
def test_matches(text: str | None, labels: dict[str, str], expected: bool):
    assert matches(text, labels) is expected


@pytest.mark.parametrize("text", ["a=1,", ",", "a in ()", "a in (1", "=1", "a=b=c", "a b", "!", "a in (1,,2)"])
def test_malformed(text: str):
    with pytest.raises(BadSelector):
        parse(text)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str):
    with contextlib.suppress(BadSelector):
        parse(text)


@given(st.dictionaries(st.sampled_from("abc"), st.sampled_from("12"), min_size=1))
def test_labels_are_selected_by_themselves(labels: dict[str, str]):
    assert matches(",".join(f"{key}={value}" for key, value in labels.items()), labels)
    assert not matches(",".join(f"{key}!={value}" for key, value in labels.items()), labels)
