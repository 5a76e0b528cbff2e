# SPDX-License-Identifier: Apache-2.0
"""Registration tokens: three parts, a lifetime, revocation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orca.provision.hosts.tokens import DAY_MS, TokenRefused, issue, verify

NOW = 1_770_000_000_000
SECRETS = {"KEY": b"s3cret"}


def test_a_token_has_three_parts_and_reads_the_same_all_day():
    token = issue("KEY", b"s3cret", NOW)
    assert len(token.split(":")) == 3
    start = NOW - NOW % DAY_MS
    assert issue("KEY", b"s3cret", start) == issue("KEY", b"s3cret", start + DAY_MS - 1) == token


def test_a_valid_token_names_its_key():
    assert verify(issue("KEY", b"s3cret", NOW), SECRETS.get, NOW) == "KEY"


def test_an_expired_token_says_so():
    token = issue("KEY", b"s3cret", NOW)
    assert verify(token, SECRETS.get, NOW + DAY_MS, lifetime=DAY_MS) == "KEY"
    with pytest.raises(TokenRefused, match="expired"):
        verify(token, SECRETS.get, NOW + 3 * DAY_MS, lifetime=DAY_MS)


def test_a_short_lifetime_is_honoured():
    token = issue("KEY", b"s3cret", NOW, lifetime=1000)
    assert verify(token, SECRETS.get, NOW + 999, lifetime=1000) == "KEY"
    with pytest.raises(TokenRefused, match="expired"):
        verify(token, SECRETS.get, NOW + 2000, lifetime=1000)


def test_a_revoked_key_opens_nothing():
    with pytest.raises(TokenRefused, match="revoked"):
        verify(issue("KEY", b"s3cret", NOW), lambda key: None, NOW)


def test_a_token_from_the_future_is_refused():
    with pytest.raises(TokenRefused, match="future"):
        verify(issue("KEY", b"s3cret", NOW + 3 * DAY_MS), SECRETS.get, NOW)


@given(st.text(max_size=40))
def test_noise_is_refused(text: str):
    with pytest.raises(TokenRefused):
        verify(text, SECRETS.get, NOW)


@given(st.integers(0, 200), st.characters(codec="ascii", exclude_characters=""))
def test_a_changed_token_is_refused(position: int, character: str):
    token = issue("KEY", b"s3cret", NOW)
    position %= len(token)
    changed = token[:position] + character + token[position + 1 :]
    if changed != token:
        with pytest.raises(TokenRefused):
            verify(changed, SECRETS.get, NOW)
