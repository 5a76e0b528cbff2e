# SPDX-License-Identifier: Apache-2.0
"""Command lines are split as Docker Compose 2.40.3 splits them."""

import re
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orca.orchestration.compose.command import split


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("  ", []),
        ("a\n b\n\tc ", ["a", "b", "c"]),
        ("echo 'a b' \"c d\" e\\ f", ["echo", "a b", "c d", "e f"]),
        ("echo \"a\"'b'c", ["echo", "abc"]),
        ("''", [""]),
        ("echo \"a\\tb\" 'a\\tb' a\\tb", ["echo", "atb", "a\\tb", "atb"]),
        ("echo \\# a#b #c # d", ["echo", "#", "a#b", "#c", "#", "d"]),
        ('echo $(a b) `a b` "$(date)" $HOME', ["echo", "$(a b)", "`a b`", "$(date)", "$HOME"]),
        ('echo a\\;b ";"', ["echo", "a;b", ";"]),
        ("sh -c 'a; b && c > d'", ["sh", "-c", "a; b && c > d"]),
    ],
)
def test_words(text: str, words: list[str]):
    assert split(text) == words


@pytest.mark.parametrize("sign", ["echo a; echo b", "echo a && b", "echo a|b", "echo a > /x", "a 2>/x", "echo (a)"])
def test_what_compose_would_cut_off_is_refused(sign: str):
    with pytest.raises(ValueError, match=re.escape("is a sign of shells, and none runs here: write [sh, -c, '...']")):
        split(sign)


@pytest.mark.parametrize("text", ["echo 'a", 'echo "a', "echo a\\", "echo `a", 'a "b\\"'])
def test_what_has_no_end_is_refused(text: str):
    with pytest.raises(ValueError, match="there is no end to what"):
        split(text)


def test_words_are_counted():
    assert len(split("a " * 10_000)) == 10_000
    with pytest.raises(ValueError, match="at most 10000 words"):
        split("a " * 10_001)


@given(st.lists(st.text(max_size=8), max_size=6))
def test_what_a_shell_would_need_quoted_comes_back(words: list[str]):
    assert split(shlex.join(words)) == words
