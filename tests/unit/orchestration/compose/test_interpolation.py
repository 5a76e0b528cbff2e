# SPDX-License-Identifier: Apache-2.0
"""Variables are filled in as Docker Compose 2.40.3 does, with A=a, E empty, D=$x, B=${A}, and no N and M."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orca.orchestration.compose import interpolation
from orca.orchestration.compose.interpolation import BadVariable, Filler

VARIABLES = {"A": "a", "E": "", "D": "$x", "B": "${A}"}


def fill(text: str) -> str:
    return Filler(VARIABLES, lambda name: None).fill(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$A", "a"),
        ("${A}x", "ax"),
        ("$A.x", "a.x"),
        ("$A$A-$N", "aa-"),
        ("$E$N${N}", ""),
        ("${N:-d}${N-d}${E:-d}${E-d}${A:-d}", "ddda"),
        ("${N:+d}${N+d}${E:+d}${E+d}${A:+d}", "dd"),
        ("${E?m}${A:?m}", "a"),
        ("${N:-${A}}", "a"),
        ("${N:-${M:-z}}", "z"),
        ("${N:-${M:-${A}}}", "a"),
        ("${N:-$A}", "a"),
        ("${N-$A}x", "ax"),
        ("${N:-x${A}y${A}z}", "xayaz"),
        ("${N:-${A}-${M:-q}}x", "a-qx"),
        ("${N:-${A}b${M-c}d}e", "abcde"),
        ("${A+${M:-q}}", "q"),
        ("${A:+${B}}", "${A}"),
        ("$B $D", "${A} $x"),
        ("${N:-a}b}", "ab}"),
        ("${N:-}}", "}"),
        ("${N:-${A}}}", "a}"),
        ("${N:-{}}", "{}"),
        ("${N:-{a}}", "{a}"),
        ("${N:-{{.Node.Hostname}}}", "{{.Node.Hostname}}"),
        ("${N:-a:-b}${N:-a?b}", "a:-ba?b"),
        ("${a-b}", "b"),
        ("${N:-a b\nc}", "a b\nc"),
        ("$$", "$"),
        ("$$A $$$A $$$$A", "$A $a $$A"),
        ("$${A} ${N:-$$A}", "${A} $A"),
        ("$", "$"),
        ("a$ $1 $- $(A) $é", "a$ $1 $- $(A) $é"),
        ("$a_é", "é"),
        ("{{.Node.Hostname}}", "{{.Node.Hostname}}"),
    ],
)
def test_filled_in(text: str, expected: str):
    assert fill(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${N:?say it}", "variable N is required: say it: give it a value"),
        ("${N?}", "variable N is required: give it a value"),
        ("${E:?m}", "variable E is required: m"),
        ("${N:?${A} needed}", "variable N is required: a needed"),
        ("${A:-${M:?no}}", "variable M is required: no"),
        ("${}", "${} is not a variable: write $$ for a dollar sign"),
        ("${1}", "${1} is not a variable"),
        ("${A B}", "${A B} is not a variable"),
        ("${ A }", "is not a variable"),
        ("${A:x}", "is not a variable"),
        ("${A:}", "is not a variable"),
        ("${A!x}", "is not a variable"),
        ("${é}", "is not a variable"),
        ("${a.b}", "is not a variable"),
        ("${", "${ has no closing brace: write $$ for a dollar sign"),
        ("${A:-", "${A:- has no closing brace"),
        ("${A:-" * 40 + "}" * 40, f"variables are at most {interpolation.MOST_NESTED} deep"),
    ],
)
def test_refused(text: str, message: str):
    with pytest.raises(BadVariable, match=re.escape(message)):
        fill(text)


def test_what_is_not_set_is_told():
    unset: list[str] = []
    Filler(VARIABLES, unset.append).fill("$N ${M} ${N:-x} $A ${X:-${Y}} $$Z")
    assert unset == ["N", "M", "Y"]


def test_the_work_is_bounded():
    bound = f"at most {interpolation.MOST_VARIABLES} dollar signs"
    with pytest.raises(BadVariable, match=bound):
        fill("$A" * (interpolation.MOST_VARIABLES + 1))
    filler = Filler({"A": "x" * 1024 * 1024}, lambda name: None)
    with pytest.raises(BadVariable, match=bound):
        filler.fill("$A" * 9)


@given(st.lists(st.sampled_from(["$", "{", "}", "A", "N", ":-", "?", "+", " ", "é"]), max_size=20).map("".join))
def test_any_text_is_filled_in_or_refused(text: str):
    try:
        filled = fill(text)
    except BadVariable as error:
        assert str(error)
    else:
        assert "$" in text or filled == text
