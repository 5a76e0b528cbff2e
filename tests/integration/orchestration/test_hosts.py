# SPDX-License-Identifier: Apache-2.0
"""Hosts join and leave, the mesh follows, the rest stays untouched."""

import asyncio

import pytest
import sqlalchemy as sa
from pretended import PretendedAgent, PretendedHost, signing_request

from orca import wire
from orca.hoststate.plan.items import PEER
from orca.network import mesh_reports, peers
from orca.network.matrix import age_of
from orca.network.pki import public_key_of
from orca.orchestration.containers import host_removal
from orca.provision.hosts.agents import host_change
from orca.provision.settings import values as settings
from orca.resources import rows
from orca.store.queue import WriteQueue

IMAGES = {"net": "orca/net", "dns": "orca/dns", "haproxy": "orca/haproxy"}


async def hosts(platform, count: int):
    return [await platform.join(PretendedHost(f"h{number}", f"192.0.2.{number}")) for number in range(1, count + 1)]


async def meshed(agents):
    for agent in agents:
        await agent.until(
            lambda agent=agent: len(agent.host.named(PEER)) == len(agents) - 1 and agent.host.item("mesh")
        )


async def test_hosts_get_ranges_peers_and_certificates(platform):
    agents = await hosts(platform, 3)
    await meshed(agents)
    subnets = [agent.host.item("network")["subnet"] for agent in agents]
    assert subnets == ["10.42.1.0/24", "10.42.2.0/24", "10.42.3.0/24"]
    first = agents[0].host
    assert first.item(PEER.item(agents[1].host.uuid)) == {
        "name": "h2",
        "address": "192.0.2.2",
        "subnet": "10.42.2.0/24",
    }
    assert public_key_of(first.item("mesh")["certificate"]) == public_key_of(first.csr)
    shown = await platform.read(lambda tx: tx.first(rows.Host, name="h1"))
    assert (shown.agentState, shown.agentIpAddress, shown.info["cpuInfo"]) == ("active", "192.0.2.1", {"count": 2})


async def test_a_fourth_host_costs_each_host_one_peer_item(platform):
    agents = await hosts(platform, 3)
    await meshed(agents)
    before = [len(agent.host.updates) for agent in agents]
    fourth = await platform.join(PretendedHost("h4", "192.0.2.4"))
    await meshed([*agents, fourth])
    for agent, count in zip(agents, before, strict=True):
        items = [item.name for update in agent.host.updates[count:] for item in update.items]
        assert items == [PEER.item(fourth.host.uuid)]


async def test_units_of_a_host_that_joins_or_leaves_are_no_larger_with_more_hosts(platform, monkeypatch):
    monkeypatch.setattr(peers, "PEERS", 1)
    monkeypatch.setattr(peers, "ROWS", 1)
    monkeypatch.setattr(host_removal, "AT_ONCE", 1)
    sizes = []
    run = WriteQueue.run

    def counted(self, job, tx):
        run(self, job, tx)
        sizes.append(len(tx.touched))

    monkeypatch.setattr(WriteQueue, "run", counted)

    async def largest(number):
        """Of the units while one more host joins, has containers, and leaves."""
        sizes.clear()
        agent = await platform.join(PretendedHost(f"h{number}", f"192.0.2.{number}"))
        await platform.until(lambda tx: not tx.first(rows.Host, name=f"h{number}").data.get("joining"))
        for name in range(number):
            agent.run_by_hand(f"by hand {name}")
        await platform.until(lambda tx: tx.count(rows.Instance, name=f"by hand {number - 1}"))
        await settled(platform)
        host = await platform.read(lambda tx: tx.first(rows.Host, name=f"h{number}"))
        await platform.act("host", host.id, "deactivate")
        await platform.until(lambda tx: tx.require(rows.Host, host.id).state == "inactive")
        await platform.delete("host", host.id)
        await platform.until(lambda tx: tx.require(rows.Host, host.id).removed is not None)
        return max(sizes)

    agents = await hosts(platform, 2)
    await meshed(agents)
    few = await largest(3)
    agents += [await platform.join(PretendedHost(f"h{n}", f"192.0.2.{n}")) for n in range(4, 13)]
    await meshed(agents)
    assert await largest(13) <= few


async def test_hosts_that_join_and_leave_at_the_same_time_know_each_other_or_not(platform, monkeypatch):
    """Whatever of their parts comes first: peers are exactly those that are there."""
    monkeypatch.setattr(peers, "PEERS", 1)
    agents = await hosts(platform, 3)
    leaving = await platform.read(lambda tx: tx.first(rows.Host, name="h2"))
    new = [PretendedHost(f"h{number}", f"192.0.2.{number}") for number in range(4, 9)]
    joined, _ = await asyncio.gather(
        asyncio.gather(*(platform.join(host) for host in new)),
        platform.act("host", leaving.id, "deactivate", remove=True),
    )
    await platform.until(lambda tx: tx.require(rows.Host, leaving.id).removed is not None)
    await meshed([agents[0], agents[2], *joined])


async def test_peers_that_a_crash_kept_from_being_told_are_told_at_the_next_hello(platform, monkeypatch):
    agents = await hosts(platform, 3)
    await meshed(agents)
    await settled(platform)
    write = platform.core.db.write

    async def cut(unit):
        if getattr(unit, "func", None) is peers._meet:
            raise ConnectionError
        return await write(unit)

    monkeypatch.setattr(platform.core.db, "write", cut)
    connection = platform.connection_of(agents[0])
    with pytest.raises(ConnectionError):
        await host_change(platform.core, connection, wire.HostFacts(addresses=["192.0.2.99"]))
    monkeypatch.setattr(platform.core.db, "write", write)
    agents[0].host.address = "192.0.2.99"
    await back_again(platform, agents[0])
    peer = PEER.item(agents[0].host.uuid)
    for agent in agents[1:]:
        await agent.until(lambda agent=agent: agent.host.item(peer)["address"] == "192.0.2.99")


async def test_registering_again_is_the_same_host(platform):
    (agent,) = await hosts(platform, 1)
    connection = platform.connection_of(agent)
    await platform.disconnect(connection)
    await platform.until(lambda tx: tx.first(rows.Host).agentState == "reconnecting")
    assert await platform.register(agent.host) == connection.agent_id
    assert len(await platform.read(lambda tx: tx.find(rows.Host))) == 1


async def settled(platform):
    """Every item is applied."""
    await platform.until(
        lambda tx: all(row.appliedVersion == row.requestedVersion for row in tx.find(rows.ConfigItemStatus))
    )


async def back_again(platform, agent):
    """A host's agent goes and comes back; the updates that it got since."""
    connection = platform.connection_of(agent)
    count = len(agent.host.updates)
    await platform.disconnect(connection)
    await platform.until(lambda tx: tx.first(rows.Host, agentId=connection.agent_id).agentState == "reconnecting")
    await platform.connect(connection.agent_id, agent)
    await platform.until(lambda tx: tx.first(rows.Host, agentId=connection.agent_id).agentState == "active")
    await platform.core.agents.wait(connection.agent_id)
    return agent.host.updates[count:]


async def test_an_unchanged_host_gets_nothing_when_it_is_back(platform):
    agents = await hosts(platform, 3)
    await meshed(agents)
    await settled(platform)
    await back_again(platform, agents[0])  # a host that joined in several steps may be compared once
    await settled(platform)
    before = await platform.read(
        lambda tx: tx.values(rows.ConfigItemStatus, "id", "requestedVersion", "appliedUpdated")
    )
    assert await back_again(platform, agents[0]) == []
    assert (
        await platform.read(lambda tx: tx.values(rows.ConfigItemStatus, "id", "requestedVersion", "appliedUpdated"))
        == before
    )


async def test_an_unchanged_host_of_0_1_0_is_compared_by_versions(platform):
    agents = await hosts(platform, 2)
    await meshed(agents)
    await settled(platform)
    agents[0].says_digest = False
    await back_again(platform, agents[0])
    await agents[0].until(lambda: agents[0].host.updates[-1].complete)
    update = agents[0].host.updates[-1]
    assert {item.name for item in update.items} == set(agents[0].host.items)
    assert not any(isinstance(item.description, dict) for item in update.items)


async def test_a_host_that_lost_an_item_gets_it_again(platform):
    agents = await hosts(platform, 2)
    await meshed(agents)
    await settled(platform)
    peer = PEER.item(agents[1].host.uuid)
    del agents[0].host.items[peer]
    await back_again(platform, agents[0])
    await agents[0].until(lambda: agents[0].host.item(peer))


async def test_a_renamed_host_is_told_at_its_next_hello(platform):
    agents = await hosts(platform, 2)
    await meshed(agents)
    host = await platform.read(lambda tx: tx.first(rows.Host, name="h1"))
    await platform.core.db.write(lambda tx: tx.update(host, name="renamed") and None)
    await back_again(platform, agents[0])
    peer = PEER.item(agents[0].host.uuid)
    await agents[1].until(lambda: agents[1].host.item(peer)["name"] == "renamed")


async def test_what_changed_meanwhile_is_told_at_hello(platform):
    agents = await hosts(platform, 2)
    await meshed(agents)
    connection = platform.connection_of(agents[0])
    await platform.disconnect(connection)
    gone = await platform.read(lambda tx: tx.first(rows.Host, name="h2"))
    await platform.delete("host", gone.id)
    await platform.until(lambda tx: tx.require(rows.Host, gone.id).state == "removed")
    await platform.connect(connection.agent_id, agents[0])
    await agents[0].until(lambda: not agents[0].host.named(PEER))


async def test_a_new_outer_address_reaches_the_peers(platform):
    agents = await hosts(platform, 2)
    await meshed(agents)
    report = wire.HostFacts(addresses=["198.51.100.9"])
    agents[0].tell("host.change", report)
    peer = PEER.item(agents[0].host.uuid)
    await agents[1].until(lambda: agents[1].host.item(peer)["address"] == "198.51.100.9")


async def test_who_encrypts_stands_in_the_hosts_row_and_in_the_matrix(platform):
    agents = await hosts(platform, 2)
    await meshed(agents)
    agents[0].tell("host.change", wire.HostFacts(encryption="userspace"))
    edge = wire.MeshEdge(peer=agents[1].host.uuid, state="up", at=wire.now_ms())
    agents[0].tell("mesh.edge", edge)
    (row,) = await platform.until(lambda tx: tx.find(rows.MeshLink, state="up"))
    assert row.encryption == "userspace"
    assert sorted(str(row.encryption) for row in await platform.read(lambda tx: tx.find(rows.Host))) == [
        "None",
        "userspace",
    ]


async def test_a_new_key_gets_a_new_certificate(platform):
    (agent,) = await hosts(platform, 1)
    await agent.until(lambda: agent.host.item("mesh"))
    connection = platform.connection_of(agent)
    await platform.disconnect(connection)
    agent.host.csr = signing_request()
    await platform.connect(connection.agent_id, agent)
    await agent.until(lambda: public_key_of(agent.host.item("mesh")["certificate"]) == public_key_of(agent.host.csr))


async def test_removing_a_live_host(platform):
    agents = await hosts(platform, 3)
    await meshed(agents)
    stack = "web: {image: ok}"
    await platform.create(
        "environment", name="s", dockerCompose=stack, rancherCompose="web: {scale: 3}", startOnCreate=True
    )
    await platform.running(3)
    leaving = await platform.read(lambda tx: tx.first(rows.Host, name="h2"))
    await platform.delete("host", leaving.id)
    await platform.until(lambda tx: tx.require(rows.Host, leaving.id).state == "removed")
    for agent in (agents[0], agents[2]):
        await agent.until(lambda agent=agent: len(agent.host.named(PEER)) == 1)
    assert agents[1].host.containers == {}
    assert agents[1].host.items == {}
    found = await platform.running(3)
    assert leaving.id not in {row.hostId for row in found}
    agent = await platform.read(lambda tx: tx.require(rows.Agent, leaving.agentId))
    assert agent.state == "removed"
    assert await platform.read(lambda tx: tx.find(rows.Credential, accountId=agent.accountId)) == []


async def test_removing_a_dead_host_and_joining_again(platform):
    agents = await hosts(platform, 2)
    await meshed(agents)
    await platform.create("container", imageUuid="docker:ok", count=4)
    await platform.running(4)
    await platform.disconnect(platform.connection_of(agents[1]))
    dead = await platform.read(lambda tx: tx.first(rows.Host, name="h2"))
    await platform.delete("host", dead.id)
    await platform.until(lambda tx: tx.require(rows.Host, dead.id).state == "removed")
    await agents[0].until(lambda: not agents[0].host.named(PEER))
    assert len(await platform.read(lambda tx: tx.find(rows.Instance))) == 2
    await restored_in_vain(platform, agents, dead)
    agents[1].host.items.clear()
    agents[1].host.containers.clear()
    again = await platform.join(agents[1].host)
    assert again.host.item("network")["subnet"] == "10.42.2.0/24"
    await meshed([agents[0], again])


async def restored_in_vain(platform, agents, dead):
    """Its agent cannot come back, so it gets no range, and the others no peer."""
    told = len(agents[0].host.updates)
    await platform.act("host", dead.id, "restore")
    await platform.until(lambda tx: tx.require(rows.Host, dead.id).state == "inactive")
    await platform.act("host", dead.id, "activate")
    failed = await platform.until(
        lambda tx: row if (row := tx.require(rows.Host, dead.id)).transitioning == "error" else None
    )
    assert failed.state == "inactive"
    assert failed.transitioningMessage.endswith("remove this host, then register it again")
    assert not await platform.read(lambda tx: tx.find(rows.Subnet, hostId=dead.id))
    await platform.delete("host", dead.id)
    await platform.until(lambda tx: tx.require(rows.Host, dead.id).state == "removed")
    assert len(agents[0].host.updates) == told


async def test_a_changed_image_setting_reaches_the_hosts(platform):
    (agent,) = await hosts(platform, 1)
    await agent.until(lambda: agent.host.item("network"))
    await platform.core.db.write(lambda tx: settings.put(tx, "network.agent.image", "orca/net:2"))
    await agent.until(lambda: agent.host.item("network")["images"] == IMAGES | {"net": "orca/net:2"})


async def test_a_deactivated_host_takes_nothing_new(platform):
    agents = await hosts(platform, 2)
    host = await platform.read(lambda tx: tx.first(rows.Host, name="h1"))
    await platform.act("host", host.id, "deactivate")
    await platform.until(lambda tx: tx.require(rows.Host, host.id).state == "inactive")
    await platform.create("container", imageUuid="docker:ok", count=3)
    await platform.running(3)
    assert agents[0].host.containers == {}


async def test_the_host_ranges_can_be_used_up(platform):
    await platform.core.db.write(
        lambda tx: tx.update(tx.first(rows.Network), cidr="10.42.0.0/23"),
    )
    await platform.join(PretendedHost("h1", "192.0.2.1"))
    agent_id = await platform.register(second := PretendedHost("h2", "192.0.2.2"))
    await platform.connect(agent_id, PretendedAgent(second))
    host = await platform.until(
        lambda tx: row if (row := tx.first(rows.Host, name="h2")) and row.transitioning == "error" else None
    )
    assert host.state == "inactive"
    assert "10.42.0.0/23 is used up" in host.transitioningMessage


@pytest.mark.parametrize(
    ("cidr", "prefix", "said"), [("10.42.0.0/16", "28", "/17 and /26"), ("10.42.0.0/24", "24", "/25 and /26")]
)
async def test_a_host_that_no_range_fits_says_so_and_joins_once_one_does(platform, cidr, prefix, said):
    """The setting of an earlier version, or of a day when projects got larger networks."""

    def before(tx):
        tx.update(tx.first(rows.Network), cidr=cidr)
        tx.update(tx.first(rows.Setting, name=settings.HOST_PREFIX), value=prefix)

    await platform.core.db.write(before)
    agent_id = await platform.register(fake := PretendedHost("h1", "192.0.2.1"))
    await platform.connect(agent_id, agent := PretendedAgent(fake))
    host = await platform.until(
        lambda tx: row if (row := tx.first(rows.Host, name="h1")) and row.transitioning == "error" else None
    )
    assert host.state == "inactive"
    assert f"choose between {said} (setting network.host.prefix)" in host.transitioningMessage

    await platform.core.db.write(lambda tx: settings.put(tx, settings.HOST_PREFIX, "26"))
    await platform.act("host", host.id, "activate")
    await platform.until(lambda tx: tx.require(rows.Host, host.id).state == "active")
    await agent.until(lambda: agent.host.item("network"))
    assert agent.host.item("network")["subnet"].endswith("/26")
    await platform.create("container", imageUuid="docker:ok")
    await platform.running(1)


async def test_two_machines_with_one_identity_are_both_named(platform):
    (agent,) = await hosts(platform, 1)
    connection = platform.connection_of(agent)
    copy = PretendedAgent(
        PretendedHost("copy", "198.51.100.7", uuid=agent.host.uuid, csr=agent.host.csr),
    )
    second = await platform.connect(connection.agent_id, copy)
    reason = await second.refused
    assert "192.0.2.1" in reason
    assert "198.51.100.7" in reason
    assert (await platform.read(lambda tx: tx.first(rows.Host))).hostname == "h1"


async def test_somebody_elses_credentials_are_refused(platform):
    (agent,) = await hosts(platform, 1)
    agent_id = platform.connection_of(agent).agent_id
    await platform.disconnect(platform.connection_of(agent))
    stranger = await platform.connect(agent_id, PretendedAgent(PretendedHost("x", "192.0.2.9")))
    assert "these credentials were given to host" in await stranger.refused


async def test_the_matrix_names_a_broken_pair(platform, monkeypatch):
    monkeypatch.setattr(mesh_reports, "PATIENCE", 0.0)
    agents = await hosts(platform, 2)
    await meshed(agents)
    peer = agents[1].host.uuid
    agents[0].tell(
        "mesh.summary",
        wire.MeshSummary(peers=[wire.PeerState(peer=peer, state="up", rtt_ms=0.4, age=60, last_probe=1)]),
    )
    link = await platform.until(lambda tx: tx.first(rows.MeshLink, state="up"))
    assert link.rttMs == 0.4
    assert 60 <= age_of(wire.now_ms(), link) <= 62
    edge = wire.MeshEdge(peer=peer, state="down", at=wire.now_ms(), reason="no answer to 3 probes")
    agents[0].tell("mesh.edge", edge)
    link = await platform.until(lambda tx: tx.first(rows.MeshLink, state="down"))
    assert link.reason == "no answer to 3 probes"
    await platform.disconnect(platform.connection_of(agents[0]))
    await platform.until(lambda tx: tx.first(rows.MeshLink, state="unknown"))


async def test_an_agent_that_is_back_soon_costs_the_matrix_nothing(platform, monkeypatch):
    monkeypatch.setattr(mesh_reports, "PATIENCE", 0.0)
    agents = await hosts(platform, 3)
    await meshed(agents)
    peers = [
        wire.PeerState(peer=agent.host.uuid, state="up", rtt_ms=0.4, age=60, last_probe=wire.now_ms())
        for agent in agents[1:]
    ]
    agents[0].tell("mesh.summary", wire.MeshSummary(peers=peers))
    await platform.until(lambda tx: tx.count(rows.MeshLink, state="up") == 2)

    def told(tx):
        return tx.execute(sa.text("SELECT count(*) FROM event WHERE resource_type = 'meshLink'")).scalar_one()

    before = await platform.read(told)
    connection = platform.connection_of(agents[0])
    monkeypatch.setattr(mesh_reports, "PATIENCE", 60.0)
    await platform.disconnect(connection)
    connection = await platform.connect(connection.agent_id, agents[0])
    await platform.core.agents.wait(connection.agent_id)
    for peer in peers:
        peer.last_probe += 5000
    await mesh_reports.summary(platform.core, connection, wire.MeshSummary(peers=peers))
    assert await platform.read(told) == before
    peers[0].state = "down"
    peers[1].last_probe += 60_000
    await mesh_reports.summary(platform.core, connection, wire.MeshSummary(peers=peers))
    assert await platform.read(told) == before + 2


async def test_what_agents_saw_in_the_last_life_is_unknown_unless_they_come_back(platform, monkeypatch):
    monkeypatch.setattr(mesh_reports, "PATIENCE", 0.0)
    agents = await hosts(platform, 2)
    await meshed(agents)
    for agent, peer in (agents, agents[::-1]):
        report = wire.PeerState(peer=peer.host.uuid, state="up", last_probe=1)
        agent.tell("mesh.summary", wire.MeshSummary(peers=[report]))
    await platform.until(lambda tx: tx.count(rows.MeshLink, state="up") == 2)
    platform.core.agents.detach(platform.connection_of(agents[0]))  # nobody heard of its end
    await mesh_reports.forget_those_away(platform.core)
    away = await platform.read(lambda tx: tx.first(rows.Host, name="h1"))
    (link,) = await platform.read(lambda tx: tx.find(rows.MeshLink, state="unknown"))
    assert link.hostId == away.id
