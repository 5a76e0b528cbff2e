# SPDX-License-Identifier: Apache-2.0
"""When a silent host counts as dead."""

import pytest

from orca.provision.hosts.verdict import Crowd, Evidence, judge

FEW = (Crowd(1, 3), Crowd(1, 9))
NOBODY = {"a": False, "b": False}


@pytest.mark.parametrize(
    ("words", "tried", "crowds", "on_time", "expected"),
    [
        (NOBODY, None, FEW, True, "dead"),
        ({**NOBODY, "c": True}, None, FEW, True, "agent lost"),
        ({"a": False}, False, (Crowd(1, 2),), True, "dead"),
        ({"a": False}, True, (Crowd(1, 2),), True, "agent lost"),
        ({"a": False}, None, FEW, True, "undecided"),
        ({}, False, (Crowd(1, 3),), True, "undecided"),
        ({}, False, (Crowd(1, 1),), True, "undecided"),
        (NOBODY, None, (Crowd(2, 4), Crowd(2, 9)), True, "dead"),
        (NOBODY, None, (Crowd(3, 5), Crowd(3, 9)), True, "undecided"),
        (NOBODY, None, (Crowd(1, 3), Crowd(5, 9)), True, "undecided"),
        (NOBODY, None, FEW, False, "undecided"),
        ({"a": True}, None, FEW, False, "undecided"),
    ],
)
def test_verdicts(words, tried, crowds, on_time, expected):
    found = judge(Evidence(words, tried, crowds, on_time))
    assert found.liveness == expected
    assert found.reason
