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
