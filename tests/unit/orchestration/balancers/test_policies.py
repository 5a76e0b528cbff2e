# SPDX-License-Identifier: Apache-2.0
"""A balancer's configuration as callers give it."""

import pytest

from orca.orchestration.balancers import policies
from orca.resources.errors import Refused


def test_nothing_given_is_nothing_wanted():
    found = policies.settings({}, "c1")
    assert (found.cookie, found.application_cookie, found.custom) == (None, None, {})


def test_a_cookie_has_the_name_of_its_configuration_unless_it_says_another():
    assert policies.settings({"lbCookieStickinessPolicy": {"nocache": True}}, "c1").cookie == {
        "name": "lbCookie_c1",
        "mode": "insert",
        "indirect": False,
        "nocache": True,
        "postonly": False,
        "domain": None,
    }
    named = policies.settings({"lbCookieStickinessPolicy": {"cookie": "shop", "mode": "prefix"}}, "c1").cookie
    assert (named["name"], named["mode"]) == ("shop", "prefix")


def test_the_life_of_an_application_cookie_is_in_milliseconds():
    def read(**policy):
        return policies.settings({"appCookieStickinessPolicy": {"cookie": "SID", **policy}}, "c1").application_cookie

    assert read(maxLength=32, timeout=90_000) == {"name": "SID", "length": 32, "seconds": 90}
    assert read(maxLength=0, timeout=5) == {"name": "SID", "length": 64, "seconds": 1}


def test_empty_lines_of_users_are_none():
    assert policies.settings({"haproxyConfig": {"global": "maxconn 9", "defaults": ""}}, "c1").custom == {
        "global": "maxconn 9"
    }


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"lbCookieStickinessPolicy": {"cookie": "a b"}}, "'a b' is not the name of a cookie"),
        ({"lbCookieStickinessPolicy": {"cookie": "a", "domain": "a\nb"}}, "is not a domain"),
        ({"appCookieStickinessPolicy": {"cookie": "", "maxLength": 1, "timeout": 1}}, "'' is not the name of a cookie"),
        ({"haproxyConfig": {"global": "maxconn 9\nlog\0"}}, "line 2 of global has a NUL character"),
    ],
)
def test_what_no_host_could_use_is_refused(given, words):
    with pytest.raises(Refused) as refused:
        policies.check(given)
    assert (refused.value.status, refused.value.field) == (422, "loadBalancerConfig")
    assert words in refused.value.message
