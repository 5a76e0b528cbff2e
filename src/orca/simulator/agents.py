# SPDX-License-Identifier: Apache-2.0
"""The life of a simulated agent: who may make one, and what its processes do."""

from __future__ import annotations

from functools import partial
from typing import Any

from orca.engine import Behaviour, Call, Failed, Run
from orca.provision.hosts.agent_account import open_account
from orca.resources import rows
from orca.resources.errors import Refused
from orca.simulator import knobs, resources
from orca.simulator.fleet import Fleet
from orca.store import ReadTx, Tx

AT_ONCE = 5
"""Most machines that one unit makes, since an agent may have a thousand."""

behaviour = Behaviour()


@behaviour.create("agent")
def create(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.Agent:
    """Create an agent that the server reaches by its uri, instead of one that registers.

    Raises:
        Refused: the caller may not create one, the uri is missing or taken, or the knobs are not valid.
    """
    uri = fields.get("uri")
    if call.role != "superadmin" and not (call.core.server.simulates and knobs.is_simulated(uri)):
        raise Refused("Forbidden", "agents register; simulated ones need a server with --sim", status=403)
    if not uri:
        raise Refused("MissingRequired", "uri is required", field="uri")
    data = {name: value for name, value in (fields.pop("data", None) or {}).items() if name != "fields"}
    if call.role != "superadmin":
        data = {"agentResourcesAccountId": call.account_id}
    row = tx.insert(rows.Agent, **{**fields, "accountId": None, "kind": "agent", "data": data})
    if knobs.is_simulated(uri):
        _check(tx, row)
    call.request(tx, row, "create")
    return row


def _check(tx: Tx, agent: rows.Agent) -> None:
    try:
        wanted = knobs.read(agent.data)
    except knobs.BadKnobs as error:
        raise Refused("InvalidFormat", str(error), field="data") from error
    if resources.account_of(tx, agent, wanted) is None:
        raise Refused("InvalidReference", "agentResourcesAccountId: there is no such project", field="data")


@behaviour.process("agent.create")
async def open(run: Run) -> None:
    """Give the agent an account of its own with a key, unless it has one."""

    def unit(tx: Tx) -> None:
        if run.resource(tx, rows.Agent).accountId is None:
            open_account(tx, run.resource(tx, rows.Agent))

    run.finish(unit)


@behaviour.process("agent.activate", "agent.reconnect")
async def connect(run: Run) -> None:
    """Make the machines of a simulated agent and connect it; any other agent connects by itself."""
    agent = await run.read(lambda tx: run.resource(tx, rows.Agent))
    if not knobs.is_simulated(agent.uri):
        return
    try:
        wanted = knobs.read(agent.data)
    except knobs.BadKnobs as error:
        raise Failed(str(error)) from error
    hosts: list[int] = []
    for first in range(0, wanted.hosts, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, wanted.hosts))
        hosts += await run.step(f"machines {first}", partial(_machines, run=run, numbers=numbers))
    await run.core.part(Fleet).connect(run.resource_id, hosts)


@behaviour.process("agent.deactivate")
async def disconnect(run: Run) -> None:
    """Disconnect the agent: the server sends nothing to an agent that is not active."""
    run.core.part(Fleet).disconnect(run.resource_id)
    run.finish(lambda tx: _silence(tx, run.resource_id, "inactive"))


def _machines(tx: Tx, run: Run, numbers: range) -> list[int]:
    agent = run.resource(tx, rows.Agent)
    wanted = knobs.read(agent.data)
    account_id = resources.account_of(tx, agent, wanted)
    if account_id is None:
        raise Failed("the project of this agent was removed")
    return resources.ensure(tx, run.core, agent, account_id, wanted, numbers)


def _silence(tx: Tx, agent_id: int, state: str) -> None:
    for host in _hosts(tx, agent_id):
        tx.update(host, agentState=state)


def _hosts(tx: ReadTx, agent_id: int) -> list[rows.Host]:
    return tx.find(rows.Host, agentId=agent_id)
