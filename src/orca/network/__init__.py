# SPDX-License-Identifier: Apache-2.0
"""Floor 3, the network: address ranges, certificates, config items, the mesh and its matrix, published ports."""

from orca.engine import Assembly
from orca.network import ip_pools, mesh_reports, port_changes
from orca.network.delivery import Delivery


def install(assembly: Assembly) -> None:
    """Add the delivery of config items, mesh reports, changes of ports, pools of addresses."""
    assembly.provide(Delivery(assembly))
    assembly.add(mesh_reports.behaviour)
    assembly.add(port_changes.behaviour)
    assembly.add(ip_pools.behaviour)
    assembly.background("views of agents that are away", lambda: mesh_reports.forget_those_away(assembly))


__all__ = ["Delivery", "install"]
