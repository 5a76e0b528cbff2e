# SPDX-License-Identifier: Apache-2.0
"""Lines as HAProxy 3.0.11 wrote them, and the words for why a check failed."""

import pytest

from orca.agent.checks.lines import read_line, read_statistics, words
from orca.hoststate.plan.haproxy import Server

REFUSED = 'reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms, status: 0/2 DOWN.'
STATUS = 'reason: Layer7 wrong status, code: 503, info: "Service Unavailable", check duration: 15ms, status: 0/2 DOWN.'

LINES = [
    (f"a failed, {REFUSED}", False, "connection refused"),
    (f"a failed, {STATUS}", False, "HTTP 503"),
    ("a failed, reason: Layer7 timeout, check duration: 2001ms, status: 0/2 DOWN.", False, "timeout after 2 s"),
    ("a failed, reason: Layer4 timeout, check duration: 250ms, status: 2/3 UP.", True, ""),
    ("a succeeded, reason: Layer4 check passed, check duration: 0ms, status: 3/3 UP.", True, ""),
]


@pytest.mark.parametrize(("line", "up", "reason"), LINES)
def test_a_check_that_ended(line, up, reason):
    said = read_line(f"Health check for server tcp-2000/{line}\n")
    assert (said.server, said.up) == (Server("tcp-2000", "a"), up)
    assert not reason or said.reason == reason


@pytest.mark.parametrize(
    "line",
    [
        "Server tcp-2000/a is UP/READY (leaving forced maintenance).\n",
        "Server tcp-2000/a is DOWN, changed from CLI. 0 active and 0 backup servers left.\n",
        "backend tcp-2000 has no server available!\n",
        # On its way up, and without a socket, it says nothing yet.
        "Health check for server b/a succeeded, reason: Layer4 check passed, check duration: 7ms, status: 1/2 DOWN.\n",
        "Health check for server b/a failed, reason: Socket error, check duration: 0ms, status: 0/2 DOWN.\n",
        "",
    ],
)
def test_other_lines_say_nothing(line):
    assert read_line(line) is None


@pytest.mark.parametrize(
    ("reason", "code", "info", "duration", "expected"),
    [
        ("Layer7 invalid response", "", "", "1", "no HTTP answer"),
        ("Layer4 connection problem", "", "No route to host", "3", "no route to host"),
        ("Layer4 timeout", "", "", "254", "timeout after 0.3 s"),
        ("Socket error", "", "", "", "Socket error"),
    ],
)
def test_words(reason, code, info, duration, expected):
    assert words(reason, code, info, duration) == expected


def test_statistics_tell_the_same():
    head = "# pxname,svname,status,check_status,check_code,check_duration,last_chk,check_desc,"
    row = "http-2000-get-200-399,a,DOWN,L7STS,503,1,Service Unavailable,Layer7 wrong status,"
    assert read_statistics(f"{head}\n{row}") == "HTTP 503"
    assert read_statistics(head) == ""
