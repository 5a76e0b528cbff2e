# SPDX-License-Identifier: Apache-2.0
"""Layout of a host's range."""

import ipaddress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orca.hoststate.plan.addressing import MAX_PREFIX, MIN_PREFIX, HostRange, initiates


def test_layout_of_the_default_range():
    host = HostRange("10.42.1.0/24")
    assert (host.gateway, host.net_agent, host.dns) == ("10.42.1.1", "10.42.1.2", "10.42.1.3")
    assert host.ip_range == "10.42.1.240/28"
    pool = list(host.pool())
    assert (pool[0], pool[-1], len(pool)) == ("10.42.1.10", "10.42.1.239", 230)


@pytest.mark.parametrize("subnet", ["10.42.1.1/24", "10.42.0.0/27", "10.0.0.0/8", "fd00::/64", "nonsense"])
def test_what_is_no_host_range_is_refused(subnet):
    with pytest.raises(ValueError):
        HostRange(subnet)


@settings(deadline=None)
@given(prefix=st.integers(MIN_PREFIX + 5, MAX_PREFIX), number=st.integers(0, 2**32 - 1))
def test_the_parts_of_a_range_never_overlap(prefix, number):
    network = ipaddress.IPv4Network((number & ~(2 ** (32 - prefix) - 1), prefix))
    host = HostRange(str(network))
    fixed = {host.gateway, host.net_agent, host.dns}
    pool = list(host.pool())
    by_hand = ipaddress.IPv4Network(host.ip_range)
    assert len(fixed) == 3
    assert len(pool) == len(set(pool)) == host.pool_size > 0
    assert not fixed & set(pool)
    assert all(host.assignable(address) for address in (pool[0], pool[-1]))
    assert not any(host.assignable(address) for address in fixed)
    assert by_hand.subnet_of(network)
    assert int(ipaddress.IPv4Address(pool[-1])) + 1 == int(by_hand.network_address)
    assert by_hand.broadcast_address == network.broadcast_address
    assert all(address in host for address in (pool[0], pool[-1], host.gateway))


def test_exactly_one_side_of_a_pair_initiates():
    assert initiates("10.42.1.0/24", "10.42.2.0/24")
    assert not initiates("10.42.2.0/24", "10.42.1.0/24")
    assert initiates("10.42.9.0/24", "10.42.10.0/24"), "numbers are compared, not texts"


def test_documents_name_the_sizes_of_ranges():
    root = Path(__file__).parents[3]
    said = f"`network.host.prefix` lies between {MIN_PREFIX} and {MAX_PREFIX}"
    assert said in (root / "docs/operations.md").read_text()
    said = f"between /{MIN_PREFIX} and /{MAX_PREFIX}"
    assert said in (root / "plugins/doc_fragments/host_kind.py").read_text()
