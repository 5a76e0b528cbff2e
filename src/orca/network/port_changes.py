# SPDX-License-Identifier: Apache-2.0
"""Changes of a container's public port: in force at once while the container runs."""

from __future__ import annotations

from orca.engine import Behaviour, Run
from orca.network import ports
from orca.network.delivery import Delivery
from orca.resources import rows
from orca.store import Tx

behaviour = Behaviour()


@behaviour.process("port.update")
async def update(run: Run) -> None:
    """Send the change to the host. The row already guarantees that the port is free there."""

    def unit(tx: Tx) -> None:
        row = run.resource(tx, rows.Port)
        instance = tx.get(rows.Instance, row.instanceId)
        if row.state == "updating-active" and instance is not None and instance.primaryIpAddress:
            ports.publish(tx, run.core.part(Delivery).items, row, instance.primaryIpAddress)

    run.finish(unit)
