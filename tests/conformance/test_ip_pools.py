# SPDX-License-Identifier: Apache-2.0
"""docs/v1.md, section 11: addresses acquired from a pool."""

from __future__ import annotations

import pytest
from cattle import ApiError


@pytest.fixture
def pool(superadmin):
    """Makes an active pool."""
    return lambda **fields: superadmin.wait_success(superadmin.create_subnet_ip_pool(**fields))


def refused(call):
    with pytest.raises(ApiError) as refusal:
        call()
    error = refusal.value.error
    return error.status, error.code, vars(error).get("fieldName")


def test_every_address_is_given_once_and_comes_back(superadmin, pool):
    made = pool(networkAddress="192.0.2.0", gateway="192.0.2.3", startAddress="192.0.2.2", endAddress="192.0.2.5")
    given = [made.acquire() for _ in range(3)]
    assert [(row.type, row.state) for row in given] == [("ipAddress", "active")] * 3
    assert [row.address for row in given] == ["192.0.2.2", "192.0.2.4", "192.0.2.5"]
    assert refused(made.acquire) == (422, "MaxLimitExceeded", None)
    superadmin.wait_success(superadmin.wait_success(given[1].deactivate()).remove())
    assert made.acquire().address == "192.0.2.4"
    assert refused(made.acquire) == (422, "MaxLimitExceeded", None)


def test_a_pool_that_says_only_its_network(pool):
    made = pool(networkAddress="198.51.100.16", cidrSize=28)
    assert [made.acquire().address for _ in range(9)] == [f"198.51.100.{last}" for last in range(18, 27)]
    assert refused(made.acquire) == (422, "MaxLimitExceeded", None)


def test_pools_do_not_take_from_one_another(pool):
    one, other = (pool(networkAddress="203.0.113.0") for _ in range(2))
    assert one.acquire().address == other.acquire().address == "203.0.113.2"


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({}, "MissingRequired", "networkAddress"),
        ({"networkAddress": "192.0.2.1"}, "InvalidFormat", "networkAddress"),
        ({"networkAddress": "192.0.2.0", "startAddress": "x"}, "InvalidFormat", "startAddress"),
        ({"networkAddress": "192.0.2.0", "endAddress": "192.0.3.9"}, "InvalidOption", "endAddress"),
    ],
)
def test_a_pool_without_a_proper_range(pool, fields, code, field):
    assert refused(pool(**fields).acquire) == (422, code, field)


def test_only_an_active_pool_gives(superadmin, pool):
    made = pool(networkAddress="192.0.2.0")
    link = made.actions.acquire
    resting = superadmin.wait_success(made.deactivate())
    assert "acquire" not in vars(resting.actions)
    assert superadmin._session.post(link, auth=superadmin._auth).status_code == 422


def test_pools_are_not_for_projects(superadmin, project, pool):
    made = pool(networkAddress="192.0.2.0")
    assert project._session.post(made.actions.acquire, auth=project._auth).status_code == 404
