# SPDX-License-Identifier: Apache-2.0
"""The rows of a simulated agent's machines: physical host, hosts, storage pools, addresses."""

from __future__ import annotations

from typing import Any

from orca.engine import Services
from orca.provision.hosts import CONNECTED
from orca.resources import ids
from orca.simulator.knobs import Knobs
from orca.store import ANY, ReadTx, Record, Tx

KIND = "sim"


def account_of(tx: ReadTx, agent: Record, knobs: Knobs) -> int | None:
    """The project that an agent's machines belong to; None when what is named is none."""
    named = knobs.agent_resources_account_id or agent.data.get("agentResourcesAccountId")
    project = tx.get("account", ids.parse(named)) if named is not None else tx.first("project")
    return None if project is None or project.kind != "project" or project.removed is not None else int(project.id)


def ensure(tx: Tx, services: Services, agent: Record, knobs: Knobs) -> list[int]:
    """Make what is missing of an agent's machines; returns the ids of its hosts."""
    account_id = account_of(tx, agent, knobs)
    assert account_id is not None, "checked when the agent was made"
    physical_id = None
    if knobs.add_physical_host:
        uuid = knobs.external_id or f"{agent.uuid}-physical-host"
        physical_id = _ensure(
            tx, services, "physicalHost", uuid, accountId=account_id, agentId=agent.id, externalId=knobs.external_id
        ).id
    hosts = []
    for number in range(knobs.hosts):
        uuid = knobs.external_id if knobs.external_id and number == 0 else f"{agent.uuid}-{number}"
        host = _ensure(
            tx,
            services,
            "host",
            uuid,
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
        _equip(tx, services, agent, host, knobs)
        hosts.append(int(host.id))
    return hosts


def _equip(tx: Tx, services: Services, agent: Record, host: Record, knobs: Knobs) -> None:
    """The storage pools and the address of a host."""
    for number in range(knobs.storage_pools_per_host):
        pool = _ensure(tx, services, "storagePool", f"{host.uuid}-{number}", accountId=host.accountId, agentId=agent.id)
        if tx.first("storagePoolHostMap", hostId=host.id, storagePoolId=pool.id) is None:
            tied = tx.insert("storagePoolHostMap", hostId=host.id, storagePoolId=pool.id)
            services.engine.request(tx, tied, "create")
    address = _ensure(
        tx,
        services,
        "ipAddress",
        f"{host.uuid}-ip",
        accountId=host.accountId,
        address=knobs.ip_address,
        role="primary",
        hostId=host.id,
    )
    if tx.first("hostIpAddressMap", hostId=host.id, ipAddressId=address.id) is None:
        tied = tx.insert("hostIpAddressMap", hostId=host.id, ipAddressId=address.id)
        services.engine.request(tx, tied, "create")


def _ensure(tx: Tx, services: Services, type: str, uuid: str, **fields: Any) -> Record:
    """The row of that uuid, made when there is none."""
    row = tx.first(type, uuid=uuid)
    if row is None:
        for gone in tx.find(type, uuid=uuid, removed=ANY):
            # It was there before; its old row gives the uuid up.
            tx.update(gone, uuid=f"{uuid}-{gone.id}")
        row = tx.insert(type, uuid=uuid, kind=KIND, **fields)
        services.engine.request(tx, row, "create")
    return row


def _info(knobs: Knobs) -> dict[str, Any]:
    info: dict[str, Any] = {"osInfo": {"operatingSystem": "simulated"}}
    if knobs.milli_cpu:
        info["cpuInfo"] = {"count": max(1, knobs.milli_cpu // 1000)}
    if knobs.memory:
        info["memoryInfo"] = {"memTotal": knobs.memory // (1 << 20)}
    return info
