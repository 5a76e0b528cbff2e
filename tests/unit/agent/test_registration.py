# SPDX-License-Identifier: Apache-2.0
"""What needs no server: URLs, scripts, pins."""

import pytest

from orca.agent.errors import RegistrationError
from orca.agent.registration import is_loopback, parse_settings, register


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://198.51.100.7:8080/v1/scripts/A:1:s", "must begin with https://"),
        ("https://198.51.100.7:8080/v1/other", "must look like"),
        ("https://198.51.100.7:port/v1/scripts/A:1:s", "not a URL"),
        ("ftp://198.51.100.7/v1/scripts/A:1:s", "must look like"),
        ("", "must look like"),
        ("https://198.51.100.7:8080/v1/scripts/A:1:s", "SHA-256 of the server's CA is needed"),
        ("https://198.51.100.7:8080/v1/scripts/A:1:s#abc", "SHA-256 of the server's CA is needed"),
    ],
)
def test_a_wrong_url_is_refused_before_anything_is_sent(url: str, said: str) -> None:
    with pytest.raises(RegistrationError, match=said):
        register(url, "", "key")


def test_a_script_is_read_and_not_run() -> None:
    script = "#!/bin/sh\n# comment\nexport A='x y'\nexport B=\"$(rm -rf /)\"\nC=1\nif [ 1 ]; then\nexport D='unclosed\n"
    assert parse_settings(script) == {"A": "x y", "B": "$(rm -rf /)", "C": "1"}


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("10.0.0.1", False), ("localhost.example.com", False)],
)
def test_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
