# SPDX-License-Identifier: Apache-2.0
"""Who a request is from, behind proxies and without."""

from __future__ import annotations

import ipaddress

import pytest

from orca.api.requests.ask import take_apart

TRUSTED = (ipaddress.ip_network("192.0.2.0/24"),)
FORWARDED = {
    "x-forwarded-proto": "https",
    "x-forwarded-host": "orca.example",
    "x-forwarded-for": "198.51.100.1, 203.0.113.9, 192.0.2.2",
}


def ask(peer, **headers):
    headers = {"host": "inside:8080", **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {
        "scheme": "http",
        "client": (peer, 5000),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "path": "/v1/hosts",
    }
    return take_apart(scope, TRUSTED)


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "192.0.2.1"])
def test_a_trusted_proxy_speaks_for_whom_it_heard(peer):
    seen = ask(peer, **FORWARDED)
    assert seen.origin == "https://orca.example"
    assert seen.client == "203.0.113.9"


def test_anybody_else_speaks_for_themselves():
    seen = ask("203.0.113.9", **FORWARDED)
    assert seen.origin == "http://inside:8080"
    assert seen.client == "203.0.113.9"


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("", "192.0.2.1"),
        (" , ", "192.0.2.1"),
        ("127.0.0.1", "127.0.0.1"),
        ("203.0.113.9", "203.0.113.9"),
        ("127.0.0.1, 203.0.113.9", "203.0.113.9"),
        ("192.0.2.9, 192.0.2.2", "192.0.2.9"),
    ],
)
def test_the_last_that_nobody_trusted_speaks_for(forwarded, client):
    assert ask("192.0.2.1", x_forwarded_for=forwarded).client == client
