# SPDX-License-Identifier: Apache-2.0
"""Names of config items, and the one text of a description."""

import pytest

from orca.hoststate.plan import items


def test_names_of_items():
    """What hosts keep and servers send, since 0.1.0: no name of these may change."""
    assert (items.NETWORK.item(), items.MESH.item()) == ("network", "mesh")
    assert (items.PEER.item("u"), items.PORT.item("u")) == ("peer/u", "port/u")
    assert (items.DNS.item("10.42.1.10"), items.NAMES.item("stack-1", "7")) == ("dns/10.42.1.10", "names/stack-1/7")
    assert items.CHECK.item("u") == "check/u"
    assert items.PORT.of({"port/a": 1, "peer/b": 2, "port": 3, "port/": 4}) == {"a": 1}
    for family, key in ((items.NETWORK, ("u",)), (items.PEER, ())):
        with pytest.raises(ValueError, match=family.name):
            family.item(*key)


def test_digest_does_not_depend_on_order():
    assert items.digest({"a": 1, "b": ["ä"]}) == items.digest({"b": ["ä"], "a": 1})
    assert items.digest({"a": 1}) != items.digest({"a": 2})
