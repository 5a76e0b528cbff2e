# SPDX-License-Identifier: Apache-2.0
"""Host ranges and container addresses: never twice, never outside, a clear word when there is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orca.hoststate.plan.addressing import HostRange
from orca.network.ipam import PoolUsedUp, RangeRefused, in_range, next_address, next_host_range


def test_the_first_host_gets_the_second_range():
    assert next_host_range("10.42.0.0/16", 24, []) == "10.42.1.0/24"


def test_a_freed_range_is_given_again():
    assert next_host_range("10.42.0.0/16", 24, ["10.42.1.0/24", "10.42.3.0/24"]) == "10.42.2.0/24"


def test_ranges_of_another_size_are_respected():
    assert next_host_range("10.42.0.0/16", 26, ["10.42.0.0/24"]) == "10.42.1.0/26"


def test_a_small_pool_is_used_up():
    with pytest.raises(PoolUsedUp, match=r"10\.42\.0\.0/22 is used up: all 3 host ranges"):
        next_host_range("10.42.0.0/22", 24, ["10.42.1.0/24", "10.42.2.0/24", "10.42.3.0/24"])


def test_a_range_wider_than_the_network_is_refused():
    with pytest.raises(RangeRefused, match="does not fit"):
        next_host_range("10.42.0.0/24", 24, [])


@given(count=st.integers(1, 60), prefix=st.sampled_from([24, 25, 26]))
def test_ranges_never_overlap(count: int, prefix: int):
    taken: list[str] = []
    for _ in range(count):
        taken.append(next_host_range("10.42.0.0/16", prefix, taken))
    assert len(set(taken)) == count
    assert all(in_range(text.split("/")[0], "10.42.0.0/16") for text in taken)


def test_the_first_container_gets_ten():
    assert next_address("10.42.1.0/24", []) == "10.42.1.10"


def test_a_freed_address_rests():
    assert next_address("10.42.1.0/24", {"10.42.1.11"}, after="10.42.1.11") == "10.42.1.12"


@given(st.lists(st.booleans(), max_size=600))
def test_addresses_are_unique_and_in_the_pool(steps: list[bool]):
    """True takes an address, False frees the oldest."""
    pool = list(HostRange("10.42.7.0/24").pool())
    taken: list[str] = []
    last: str | None = None
    for take in steps:
        if not take:
            taken = taken[1:]
        elif len(taken) < len(pool):
            last = next_address("10.42.7.0/24", taken, after=last)
            assert last in pool
            assert last not in taken
            taken.append(last)


def test_a_full_range_says_so():
    pool = list(HostRange("10.42.7.0/24").pool())
    with pytest.raises(PoolUsedUp, match=rf"10\.42\.7\.0/24 is used up: all {len(pool)} container addresses"):
        next_address("10.42.7.0/24", pool)


def test_behind_the_last_address_it_begins_anew():
    pool = list(HostRange("10.42.7.0/24").pool())
    assert next_address("10.42.7.0/24", {pool[-1], pool[0]}, after=pool[-1]) == pool[1]
    assert next_address("10.42.7.0/24", [], after="10.42.9.1") == pool[0], "from a range that was the host's before"
