# SPDX-License-Identifier: Apache-2.0
"""An agent that is back before everybody has heard that it was away."""

from pretended import PretendedAgent, PretendedHost, eventually

from orca.provision.hosts import agents
from orca.provision.hosts.lifecycle import CONNECTED
from orca.resources import rows


async def test_an_end_that_is_told_late_does_not_undo_the_next_hello(platform):
    first = await platform.join(PretendedHost("h1", "192.0.2.1"))
    old = platform.connection_of(first)
    # The old connection ends. Other parts are told first (the mesh: a row per peer), while the agent is back already.
    first.stop()
    old.hang_up()
    assert platform.core.agents.detach(old)
    again = PretendedAgent(first.host)
    new = await platform.connect(old.agent_id, again)
    await eventually(lambda: platform.core.agents.get(old.agent_id) is new)
    await agents.disconnected(platform.core, old, None)
    host = await platform.read(lambda tx: tx.first(rows.Host, agentId=old.agent_id))
    assert host.agentState == CONNECTED
