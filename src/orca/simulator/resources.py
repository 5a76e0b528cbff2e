# SPDX-License-Identifier: Apache-2.0
"""The rows of a simulated agent's machines: physical host, hosts, storage pools, addresses."""

from __future__ import annotations

from typing import Any

from orca.engine import Core
from orca.provision.hosts import parts as host_parts
from orca.provision.hosts.lifecycle import CONNECTED
from orca.resources import ids, rows
from orca.simulator.knobs import Knobs
from orca.store import ReadTx, Tx

KIND = "sim"


def account_of(tx: ReadTx, agent: rows.Agent, knobs: Knobs) -> int | None:
    """The project that an agent's machines belong to; None if there is no such project."""
    named = knobs.agent_resources_account_id or agent.agentResourcesAccountId
    project = tx.get(rows.Account, ids.parse(named)) if named is not None else tx.first(rows.Project)
    return None if project is None or project.kind != "project" or project.removed is not None else int(project.id)


def ensure(tx: Tx, core: Core, agent: rows.Agent, account_id: int, knobs: Knobs, numbers: range) -> list[int]:
    """Make the missing rows of some of an agent's machines in a project; return the ids of their hosts."""
    physical_id = None
    if knobs.add_physical_host:
        uuid = knobs.external_id or f"{agent.uuid}-physical-host"
        physical_id = host_parts.machine_below(
            tx, core, agent, account_id, uuid, kind=KIND, externalId=knobs.external_id
        ).id
    hosts = []
    for number in numbers:
        uuid = knobs.external_id if knobs.external_id and number == 0 else f"{agent.uuid}-{number}"
        host = host_parts.ensure(
            tx,
            core,
            rows.Host,
            uuid,
            KIND,
            accountId=account_id,
            agentId=agent.id,
            physicalHostId=physical_id,
            name=f"testhost-{uuid}",
            hostname=f"testhost-{uuid}",
            agentIpAddress=knobs.ip_address,
            info=_info(knobs),
            labels={},
        )
        tx.update(host, agentState=CONNECTED)
        host_parts.equip(
            tx,
            core,
            host,
            knobs.ip_address,
            kind=KIND,
            pools=knobs.storage_pools_per_host,
            pool_size_mb=knobs.local_storage_mb,
        )
        hosts.append(int(host.id))
    return hosts


def _info(knobs: Knobs) -> dict[str, Any]:
    info: dict[str, Any] = {"osInfo": {"operatingSystem": "simulated"}}
    if knobs.milli_cpu:
        info["cpuInfo"] = {"count": max(1, knobs.milli_cpu // 1000)}
    if knobs.memory:
        info["memoryInfo"] = {"memTotal": knobs.memory // (1 << 20)}
    return info
