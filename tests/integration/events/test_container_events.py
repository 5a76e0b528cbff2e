# SPDX-License-Identifier: Apache-2.0
"""Docker events that an agent reports through the API."""

from __future__ import annotations

import pytest
from inprocess import Platform
from pretended import PretendedHost

from orca.engine import Call
from orca.orchestration.containers import events as container_events
from orca.resources import rows
from orca.resources.errors import Refused
from orca.store import ANY


@pytest.fixture
async def platform(tmp_path, database):
    async with Platform.start(tmp_path, database) as running:
        yield running


async def report(platform, host, account_id, **fields):
    """What the agent of an account says about a container of a host."""
    call = Call(core=platform.core, role="agent", account_id=account_id, user_id=account_id)
    given = {"reportedHostUuid": host.uuid, "externalId": "c0ffee", **fields}
    return await platform.core.db.write(lambda tx: container_events.create(tx, call, given))


async def test_native_containers_come_follow_and_go(platform):
    host = PretendedHost("one", "192.0.2.11")
    agent = await platform.join(host)
    agent_id = platform.connection_of(agent).agent_id
    account = await platform.read(lambda tx: tx.require(rows.Agent, agent_id).accountId)
    inspect = {"Name": "/by-hand", "Config": {"Image": "busybox", "Labels": {"a": "b"}}}

    event = await report(platform, host, account, externalStatus="start", dockerInspect=inspect)
    await platform.until(lambda tx: tx.require(rows.ContainerEvent, event.id).state == "created")
    row = await platform.read(lambda tx: tx.first(rows.Instance, externalId="c0ffee"))
    assert (row.name, row.state, row.nativeContainer, row.labels) == ("by-hand", "running", True, {"a": "b"})
    assert (event.accountId, event.hostId) == (row.accountId, row.hostId)

    await report(platform, host, account, externalStatus="die")
    assert (await platform.read(lambda tx: tx.require(rows.Instance, row.id))).state == "stopped"
    await report(platform, host, account, externalStatus="destroy")
    assert (await platform.read(lambda tx: tx.require(rows.Instance, row.id))).state == "removed"
    assert await platform.read(lambda tx: tx.count(rows.Instance, externalId="c0ffee", removed=ANY)) == 1


async def test_an_agent_speaks_for_its_own_hosts_only(platform):
    own, other = PretendedHost("own", "192.0.2.11"), PretendedHost("other", "192.0.2.12")
    agent = await platform.join(own)
    await platform.join(other)
    agent_id = platform.connection_of(agent).agent_id
    account = await platform.read(lambda tx: tx.require(rows.Agent, agent_id).accountId)
    for host, account_id, code in (
        (other, account, "InvalidReference"),
        (own, platform.project_id, "CantVerifyAgent"),
    ):
        with pytest.raises(Refused) as refused:
            await report(platform, host, account_id, externalStatus="start")
        assert refused.value.code == code
    assert await platform.read(lambda tx: tx.count(rows.ContainerEvent)) == 0


@pytest.mark.parametrize("inspect", [None, {"Config": []}, {"Name": 1, "Config": {"Labels": {"a": 1}, "Image": {}}}])
async def test_an_inspection_of_another_form_does_no_harm(platform, inspect):
    host = PretendedHost("one", "192.0.2.11")
    agent = await platform.join(host)
    agent_id = platform.connection_of(agent).agent_id
    account = await platform.read(lambda tx: tx.require(rows.Agent, agent_id).accountId)
    await report(platform, host, account, externalStatus="start", dockerInspect=inspect)
    assert (await platform.read(lambda tx: tx.first(rows.Instance, externalId="c0ffee"))).state == "running"
