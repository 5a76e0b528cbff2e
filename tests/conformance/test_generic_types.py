# SPDX-License-Identifier: Apache-2.0
"""docs/v1.md, section 7: types that nothing acts on follow the generic machine."""

from __future__ import annotations

import pytest

TYPES = (
    *("zone", "ipPool", "subnetIpPool", "vnet", "hostOnlyNetwork", "networkService", "dhcpService"),
    *("gatewayService", "hostNatGatewayService", "ipsecTunnelService", "linkService"),
    *("metadataService", "portService", "networkServiceProvider", "agentInstanceProvider", "subnetVnetMap"),
    *("hostVnetMap", "networkServiceProviderInstanceMap"),
)


CALLS = {"publish", "subscribe"}
"""What looks like a type, and is how events go and come."""


def test_whatever_superadmin_posts_is_made_or_refused(superadmin):
    makers = {name: type for name, type in superadmin.schema.types.items() if "POST" in type.collectionMethods}
    assert len(makers) > 80
    made = []
    for name in sorted(makers.keys() - CALLS):
        url = makers[name].links.collection
        answer = superadmin._session.post(url, data="{}", auth=superadmin._auth, timeout=20)
        assert answer.status_code < 500 or answer.json()["code"] == "Not Implemented", (name, answer.text)
        if answer.status_code == 201 and answer.json().get("state") is not None:
            made.append(superadmin.by_id(name, answer.json()["id"]))
    assert len(made) > 20
    for row in made:
        # No process of one without references hangs, or is tried for ever.
        row = superadmin.wait_success(row)
        superadmin.delete(row)


@pytest.mark.parametrize("type", TYPES)
def test_lives_the_generic_life(superadmin, type):
    made = superadmin.wait_success(superadmin.create(type, name="generic"))
    assert (made.type, made.state) == (type, "active")
    made = superadmin.wait_success(made.deactivate())
    assert made.state == "inactive"
    made = superadmin.wait_success(made.activate())
    assert made.state == "active"
    made = superadmin.wait_success(superadmin.wait_success(made.deactivate()).remove())
    assert made.state == "removed"
    assert made.removed is not None
    made = superadmin.wait_success(made.restore())
    assert (made.state, made.removed) == ("inactive", None)
    made = superadmin.wait_success(superadmin.wait_success(superadmin.delete(made)).purge())
    assert made.state == "purged"
