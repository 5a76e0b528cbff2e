# SPDX-License-Identifier: Apache-2.0
"""Floor 3, beside the behaviour it stands in for: agents with the uri ``sim://…``, which live inside the server.

For tests of the API and of scale. Nothing of the real path imports this package. Source: docs/v1.md, section 10.
"""

from orca.engine import Services
from orca.simulator import agents
from orca.simulator.disk import Disk
from orca.simulator.fleet import Fleet


def install(services: Services) -> None:
    """Add simulated agents; every package whose behaviour they use comes before."""
    fleet = Fleet(services, Disk(services.server.data_dir / "simulated.jsonl"))
    services.provide(fleet)
    services.add(agents.behaviour)
    services.at_start(fleet.take_up)
    services.background("simulated agents", fleet.run)


__all__ = ["install"]
