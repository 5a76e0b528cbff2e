# SPDX-License-Identifier: Apache-2.0
"""Floor 3, beside the behaviour that it stands in for: agents with the uri ``sim://…``, which live in the server.

They serve tests of the API and of scale. No other package imports this one. Source: docs/v1.md, section 10.
"""

from orca.engine import Assembly
from orca.simulator import agents
from orca.simulator.disk import Disk
from orca.simulator.fleet import Fleet


def install(assembly: Assembly) -> None:
    """Add simulated agents; the caller has installed every package whose behaviour they use."""
    fleet = Fleet(assembly, Disk(assembly.server.data_dir / "simulated.jsonl"))
    assembly.provide(fleet)
    assembly.add(agents.behaviour)
    assembly.at_start(fleet.take_up)
    assembly.background("simulated agents", fleet.run)


__all__ = ["install"]
