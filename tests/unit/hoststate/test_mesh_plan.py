# SPDX-License-Identifier: Apache-2.0
"""Files for strongSwan."""

import pytest

from orca.hoststate.plan import mesh

PEER = {"name": "two", "address": "192.0.2.2", "subnet": "10.42.2.0/24"}
OWN = {
    "id": "h1",
    "cidr": "10.42.0.0/16",
    "subnet": "10.42.1.0/24",
    "certificate": "C",
    "ca": "A",
    "peers": {"h2": PEER},
}


def test_one_side_begins_and_rekeys_the_other_answers():
    lower = mesh.plan(OWN).peers["h2"]
    upper = mesh.plan(
        {**OWN, "id": "h2", "subnet": "10.42.2.0/24", "peers": {"h1": {**PEER, "subnet": "10.42.1.0/24"}}}
    ).peers["h1"]
    assert "start_action = start" in lower
    assert "rekey_time = 1h" in lower
    assert "start_action = none" in upper
    assert "rekey_time = 1h" not in upper


def test_the_end_of_a_tunnel_begins_no_other():
    """Ending a duplicate would otherwise make the next one; the network agent begins what is missing."""
    text = mesh.plan(OWN).peers["h2"]
    assert "close_action = none" in text
    assert "dpd_action = clear" in text


def test_identity_and_subnet_are_bound_to_the_peer():
    text = mesh.plan(OWN).peers["h2"]
    assert "id = h2" in text
    assert "remote_ts = 10.42.2.0/24" in text
    assert "remote_addrs = 192.0.2.2, 0.0.0.0/0" in text


@pytest.mark.parametrize(
    "wrong",
    [
        {"h2": {**PEER, "address": "192.0.2.2\n}"}},
        {"h2\n}": PEER},
        {"h2": {**PEER, "subnet": "10.42.1.0/25"}},
        {"../x": PEER},
    ],
)
def test_nothing_can_be_smuggled_into_the_file(wrong):
    with pytest.raises(ValueError):
        mesh.plan({**OWN, "peers": wrong})


def test_a_name_is_only_a_comment():
    text = mesh.connection(OWN, "h2", {**PEER, "name": "x\nconnections {"})
    assert text.splitlines()[1] == "connections {"


def test_a_tunnel_is_begun_anew_only_where_it_is_begun_and_only_for_a_reason():
    before = mesh.connection(OWN, "h2", PEER)
    moved = mesh.connection(OWN, "h2", {**PEER, "address": "192.0.2.9"})
    renamed = mesh.connection(OWN, "h2", {**PEER, "name": "three"})
    assert mesh.restarts(before, moved)
    assert not mesh.restarts(before, renamed)
    upper = {**OWN, "subnet": "10.42.9.0/24"}
    assert not mesh.restarts(
        mesh.connection(upper, "h2", PEER), mesh.connection(upper, "h2", {**PEER, "address": "192.0.2.9"})
    )
