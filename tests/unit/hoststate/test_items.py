# SPDX-License-Identifier: Apache-2.0
"""From config items to the description of a kind."""

import pytest

from orca.hoststate.plan import items

NETWORK = {"cidr": "10.42.0.0/16", "subnet": "10.42.1.0/24", "images": {"net": "n", "dns": "d"}}
PORT = {"publicPort": 80, "privatePort": 8080, "protocol": "tcp", "bindAddress": "", "address": "10.42.1.10"}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("network", "network"),
        ("mesh", "mesh"),
        ("peer/a", "mesh"),
        ("port/a", "firewall"),
        ("dns/10.42.1.10", "dns"),
        ("names/stack-1/7", "dns"),
    ],
)
def test_kind_of_an_item(name, kind):
    assert items.kind_of(name) == kind


def test_names_of_items():
    """What hosts keep and servers send, since 0.1.0: no name of these may change."""
    assert (items.NETWORK.item(), items.MESH.item()) == ("network", "mesh")
    assert (items.PEER.item("u"), items.PORT.item("u")) == ("peer/u", "port/u")
    assert (items.DNS.item("10.42.1.10"), items.NAMES.item("stack-1", "7")) == ("dns/10.42.1.10", "names/stack-1/7")
    assert items.PORT.of({"port/a": 1, "peer/b": 2, "port": 3, "port/": 4}) == {"a": 1}
    for family, key in ((items.NETWORK, ("u",)), (items.PEER, ())):
        with pytest.raises(ValueError, match=family.name):
            family.item(*key)


@pytest.mark.parametrize("name", ["", "peer", "peer/", "network/x", "mesh/", "route/1"])
def test_unknown_items_are_refused(name):
    with pytest.raises(ValueError, match="unknown config item"):
        items.kind_of(name)


def test_a_change_affects_its_kind_and_the_network_all():
    assert items.affected_kinds(["port/a", "peer/b"]) == ("firewall", "mesh")
    assert items.affected_kinds(["network"]) == items.KINDS


def test_without_a_network_nothing_is_wanted():
    assert all(items.describe(kind, {"port/a": PORT}) is None for kind in items.KINDS)


def test_a_description_is_complete_in_itself():
    wanted = {
        "network": NETWORK,
        "port/a": PORT,
        "dns/10.42.1.10": {"scopes": ["service-1", "stack-1"]},
        "dns/10.42.1.11": {"names": {"db": ["10.42.2.10"]}},
        "names/service-1": {"names": {"db": ["10.42.2.10"]}},
        "names/stack-1/2": {"names": {"db.shop": ["10.42.2.10"]}},
        "names/stack-1/3": {"names": {"web.shop": ["10.42.1.10"]}},
    }
    base = {"cidr": "10.42.0.0/16", "subnet": "10.42.1.0/24"}
    assert items.describe("firewall", wanted) == {**base, "bridge": "orca0", "ports": {"a": PORT}}
    assert items.describe("dns", wanted) == {
        **base,
        "scopes": {
            "service-1": {"db": ["10.42.2.10"]},
            "stack-1": {"db.shop": ["10.42.2.10"], "web.shop": ["10.42.1.10"]},
        },
        # The second is what a server of 0.1.0 says.
        "clients": {"10.42.1.10": ["service-1", "stack-1"], "10.42.1.11": {"db": ["10.42.2.10"]}},
    }
    assert items.describe("mesh", wanted) is None, "no certificate yet"
    own = {"id": "h1", "certificate": "c", "ca": "a"}
    peer = {"name": "two", "address": "192.0.2.2", "subnet": "10.42.2.0/24"}
    assert items.describe("mesh", {**wanted, "mesh": own, "peer/h2": peer}) == {**base, **own, "peers": {"h2": peer}}


def test_digest_does_not_depend_on_order():
    assert items.digest({"a": 1, "b": ["ä"]}) == items.digest({"b": ["ä"], "a": 1})
    assert items.digest({"a": 1}) != items.digest({"a": 2})
