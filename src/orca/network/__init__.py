# SPDX-License-Identifier: Apache-2.0
"""Floor 3, the network: address ranges, certificates, config items, the mesh and its matrix, published ports."""

from orca.engine import Services
from orca.network import ip_pools, mesh_reports, port_changes
from orca.network.delivery import Delivery


def install(services: Services) -> None:
    """Add the delivery of config items, the mesh reports, what changed ports do, pools of addresses."""
    services.provide(Delivery(services))
    services.add(mesh_reports.behaviour)
    services.add(port_changes.behaviour)
    services.add(ip_pools.behaviour)
    services.background("views of agents that are away", lambda: mesh_reports.forget_those_away(services))


__all__ = ["Delivery", "install"]
