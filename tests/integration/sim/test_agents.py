# SPDX-License-Identifier: Apache-2.0
"""Simulated agents: what each brings with it, who may make one, what a restart finds."""

import asyncio

import pytest
from inprocess import Platform

from orca.engine import Call
from orca.network import Delivery, digests
from orca.provision.hosts import registration
from orca.resources import rows
from orca.resources.errors import Refused
from orca.simulator import knobs
from orca.simulator.fleet import Fleet
from orca.store import NotUnique


async def test_one_host_by_default(platform, simulate):
    agent, (host,) = await simulate()

    def parts(tx):
        return {
            type: [(row.kind, row.uuid, row.accountId) for row in tx.find(type)]
            for type in ("physicalHost", "storagePool")
        }

    assert (host.kind, host.uuid, host.agentState) == ("sim", f"{agent.uuid}-0", "active")
    assert host.name == host.hostname == f"testhost-{host.uuid}"
    assert await platform.read(parts) == {
        "physicalHost": [("sim", f"{agent.uuid}-physical-host", platform.project_id)],
        "storagePool": [("sim", f"{host.uuid}-0", platform.project_id)],
    }
    address = await platform.read(lambda tx: tx.first(rows.IpAddress, hostId=host.id))
    assert (address.address, address.kind, address.role) == ("192.168.0.21", "sim", "primary")
    account = await platform.read(lambda tx: tx.require(rows.Account, tx.require(rows.Agent, agent.id).accountId))
    assert account.kind == "agent"
    keys = await platform.read(lambda tx: tx.find(rows.Credential, accountId=account.id))
    assert [(key.kind, key.state) for key in keys] == [("agentApiKey", "active")]


async def test_knobs(platform, simulate):
    _, hosts = await simulate(
        hosts=2, storagePoolsPerHost=3, externalId="lab-7", ipAddress="192.0.2.7", localStorageMb=512, milliCpu=4000
    )
    assert {host.agentIpAddress for host in hosts} == {"192.0.2.7"}
    assert "lab-7" in {host.uuid for host in hosts}
    physical = await platform.read(lambda tx: tx.find(rows.PhysicalHost))
    assert [(row.uuid, row.externalId) for row in physical] == [("lab-7", "lab-7")]
    assert {host.physicalHostId for host in hosts} == {physical[0].id}
    assert {host.info["cpuInfo"]["count"] for host in hosts} == {4}
    pools = await platform.read(lambda tx: tx.find(rows.StoragePool))
    assert [row.physicalTotalSizeMb for row in pools] == [512] * 6
    for host in hosts:
        tied = await platform.read(lambda tx, id=host.id: tx.count(rows.StoragePoolHostMap, hostId=id))
        assert tied == 3


async def test_without_a_physical_host(platform, simulate):
    _, (host,) = await simulate(addPhysicalHost=False)
    assert host.physicalHostId is None
    assert await platform.read(lambda tx: tx.count(rows.PhysicalHost)) == 0


@pytest.mark.parametrize(
    "given", [{"hosts": "many"}, {"hosts": -1}, {"delay": 10**9}, {"agentResourcesAccountId": 999}]
)
async def test_knobs_that_are_none(platform, given):
    with pytest.raises(Refused) as refused:
        await platform.create("agent", _role="superadmin", uri="sim://bad", data={knobs.KEY: given})
    assert (refused.value.status, refused.value.field) == (422, "data")


async def test_an_uri_is_used_once(platform, simulate):
    await simulate("twice")
    with pytest.raises(NotUnique):
        await simulate("twice")


@pytest.mark.parametrize("role", ["owner", "admin", "service"])
async def test_only_superadmin_makes_agents(platform, role):
    with pytest.raises(Refused) as refused:
        await platform.create("agent", _role=role, uri="sim://mine")
    assert refused.value.status == 403
    assert await platform.read(lambda tx: tx.count(rows.Agent)) == 0


async def test_register_by_uri(platform):
    await platform.create("register", _role="superadmin", key="0123456789", agentUriFormat="sim://%s")
    host = await platform.until(lambda tx: tx.first(rows.Host, state="active"))
    agent = await platform.read(lambda tx: tx.require(rows.Agent, host.agentId))
    assert (agent.uri, agent.data["registrationKey"]) == ("sim://0123456789", "0123456789")

    def key(tx):
        row = tx.first(rows.Register, key="0123456789")
        who = {"role": "register", "account_id": platform.project_id, "user_id": 1}
        call = Call(core=platform.core, **who, query={"key": row.key})
        return registration.register_access_key(tx, call, row), registration.register_secret_key(tx, call, row)

    shown = await platform.read(key)
    assert all(shown)
    # As 0.1.0 left it.
    await platform.core.db.write(lambda tx: tx.update(agent, keyState=None))
    assert await platform.read(key) == shown


async def test_host_removed_takes_everything_along(platform, simulate):
    agent, (host,) = await simulate()
    await platform.create("container", imageUuid="sim:1")
    await platform.running(1)
    await platform.act("host", host.id, "deactivate", remove=True)
    await platform.until(lambda tx: tx.first(rows.Host) is None and tx.first(rows.Instance) is None)
    assert await platform.read(lambda tx: tx.get(rows.Agent, agent.id).state) == "removed"
    # Its connection is closed after the COMMIT that others may see before.
    async with asyncio.timeout(10):
        while platform.core.agents.get(agent.id) is not None:  # noqa: ASYNC110 (nothing tells of it)
            await asyncio.sleep(0.01)


async def test_a_crash_keeps_no_item_from_a_simulated_host(tmp_path, database):
    async with Platform.start(tmp_path, database) as first:
        await first.create("agent", _role="superadmin", uri="sim://stays")
        host = await first.until(lambda tx: tx.first("host", state="active"))
        await first.core.engine.idle()
        await first.settled()
        delivery = first.core.part(Delivery)
        delivery.leave(first.core.agents.get(host.agentId), host.id)  # it dies with the item on its way
        await first.core.db.write(lambda tx: delivery.items.put(tx, host.id, "port/1", {"publicPort": 1}))
        assert await first.read(digests.behind) == [host.id]
    async with Platform.start(tmp_path, database) as second:
        await second.until(lambda tx: not digests.behind(tx))
        (item,) = await second.read(lambda tx: tx.find("configItemStatus", name="port/1"))
        assert item.appliedVersion == item.requestedVersion


async def test_restart_finds_everything_and_writes_nothing(tmp_path, database):
    async with Platform.start(tmp_path, database) as first:
        await first.create("agent", _role="superadmin", uri="sim://stays")
        await first.until(lambda tx: tx.first(rows.Host, state="active"))
        await first.create("container", imageUuid="sim:1", count=3)
        before = {row.uuid: row.externalId for row in await first.running(3)}
        await first.core.engine.idle()
    async with Platform.start(tmp_path, database) as second:
        (host,) = await second.read(lambda tx: tx.find(rows.Host))
        assert host.agentState == "active"
        assert second.core.agents.get(host.agentId) is not None
        events = await second.read(lambda tx: tx.execute(tx.table("event").select()).all())
        await second.core.part(Fleet).ping()
        assert await second.read(lambda tx: tx.execute(tx.table("event").select()).all()) == events
        assert {row.uuid: row.externalId for row in await second.running(3)} == before
