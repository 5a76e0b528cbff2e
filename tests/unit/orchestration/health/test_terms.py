# SPDX-License-Identifier: Apache-2.0
"""What a check asks for."""

import pytest

from orca.orchestration.health.terms import BadRequest, request, terms


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


@pytest.mark.parametrize("field", ["interval", "responseTimeout", "healthyThreshold", "unhealthyThreshold"])
def test_numbers_that_no_checker_can_hold(field):
    with pytest.raises(BadRequest, match=f"{field} is more than") as refused:
        terms({"port": 80, field: 2**31})
    assert refused.value.field == field


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
