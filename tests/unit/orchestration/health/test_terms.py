# SPDX-License-Identifier: Apache-2.0
"""What a check asks for."""

import pytest

from orca.orchestration.health import command
from orca.orchestration.health.terms import BadRequest, check_bounds, request, terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("GET /health HTTP/1.0", {"method": "GET", "path": "/health", "host": None}),
        ("HEAD /", {"method": "HEAD", "path": "/", "host": None}),
        ("GET /a?b=1;c HTTP/1.1\r\nHost: shop.example", {"method": "GET", "path": "/a?b=1;c", "host": "shop.example"}),
        (r"GET / HTTP/1.1\r\nHost:\ shop.example:80", {"method": "GET", "path": "/", "host": "shop.example:80"}),
    ],
)
def test_requests_as_they_were_written_in_2015(text, expected):
    assert request(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("BREW /pot HTTP/1.0", "'BREW /pot HTTP/1.0' is not a request such as GET /path HTTP/1.0, with one of GET"),
        ("GET health", "is not a request"),
        ("GET /a b HTTP/1.0", "is not a request"),
        ("GET / HTTP/2", "is not a request"),
        ("GET / HTTP/1.1\r\nCookie: a=b", "'Cookie: a=b' is not a header Host"),
        (f"GET /{'a' * 2048}", "'GET /a{75}' is not a request"),
        (f"GET / HTTP/1.1\r\nHost: {'a' * 256}", "'Host: a{74}' is not a header Host"),
    ],
)
def test_what_no_checker_can_send(text, message):
    with pytest.raises(BadRequest, match=message):
        request(text)


@pytest.mark.parametrize(
    ("field", "value", "message", "kept"),
    [
        ("interval", 1, "interval 1 is not between 250 and 86400000", 250),
        ("interval", 2**31, "interval 2147483648 is not between 250 and 86400000", 86_400_000),
        ("responseTimeout", 2**31, "responseTimeout 2147483648 is not between 1 and 86400000", 86_400_000),
        ("healthyThreshold", 1001, "healthyThreshold 1001 is not between 1 and 1000", 1000),
        ("unhealthyThreshold", 2**31, "unhealthyThreshold 2147483648 is not between 1 and 1000", 1000),
    ],
)
def test_numbers_that_make_no_sense_are_refused_and_kept_ones_moved_into_their_bounds(field, value, message, kept):
    with pytest.raises(BadRequest, match=message) as refused:
        check_bounds({"port": 80, field: value})
    assert refused.value.field == field
    names = {"responseTimeout": "timeout", "healthyThreshold": "rise", "unhealthyThreshold": "fall"}
    assert terms({"port": 80, field: value})[names.get(field, field)] == kept
    check_bounds({"port": 80, field: kept})


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ({"test": ["curl", "x"]}, "test: 'curl' is none of NONE, CMD and CMD-SHELL, with which it begins"),
        ({"test": ["CMD"]}, "test: a command follows after CMD or CMD-SHELL, and nothing after NONE"),
        ({"test": ["NONE", "x"]}, "test: a command follows after CMD or CMD-SHELL, and nothing after NONE"),
        ({"test": ["CMD"] * 1001}, "test: a command has at most 1000 words"),
        ({"interval": 1}, "interval: 1 ms is not between 250 ms and 86400000 ms"),
        ({"startInterval": 249}, "startInterval: 249 ms is not between 250 ms and 86400000 ms"),
        ({"timeout": -1}, "timeout: -1 ms is not between 1 ms and 86400000 ms"),
        ({"retries": -1}, "retries: -1 is not between 1 and 1000"),
    ],
)
def test_what_no_engine_checks(check, message):
    assert command.wrong(check) == message


def test_what_engines_check():
    for test in (["NONE"], ["CMD", "true"], ["CMD-SHELL", "exit 1"], None):
        assert command.wrong({"test": test, "interval": 250, "retries": 0, "startPeriod": None}) is None


def test_what_is_not_said_is_as_in_2015():
    assert terms({"port": 80}) == {
        "port": 80,
        "http": None,
        "expect": "200-399",
        "interval": 2000,
        "timeout": 2000,
        "rise": 2,
        "fall": 3,
    }
