# SPDX-License-Identifier: Apache-2.0
"""Hosts that die, are cut off, or only lose their agent: what moves, what waits, and what follows their return."""

from dataclasses import dataclass, field

import pytest
from inprocess import Platform
from pretended import PretendedAgent, PretendedHost

from orca import wire
from orca.orchestration.services import moving
from orca.provision.hosts import doubts
from orca.resources import rows
from orca.resources.errors import ActionNotAvailable
from orca.simulator.host import agent as simulated
from orca.simulator.host.path import DataPath
from orca.wire import names

pytestmark = pytest.mark.usefixtures("hurry")


@pytest.fixture
def hurry(monkeypatch):
    """Seconds become hundredths; the server's own try reaches nobody."""
    monkeypatch.setattr(doubts, "CALM_SECONDS", 0.05)
    monkeypatch.setattr(doubts, "LAST_SECONDS", 0.02)
    monkeypatch.setattr(doubts, "SILENT_SECONDS", 0.0)
    monkeypatch.setattr(doubts, "AGAIN_SECONDS", 0.05)
    monkeypatch.setattr(doubts, "START_SECONDS", 0.5)
    monkeypatch.setattr(simulated, "PROBE_MS", 20)

    async def nobody(address):
        return False

    monkeypatch.setattr(doubts, "_try", nobody)


@dataclass
class Site:
    """Hosts that probe each other over one data path."""

    platform: Platform
    path: DataPath = field(default_factory=DataPath)
    agents: list[PretendedAgent] = field(default_factory=list)

    async def grow(self, count: int) -> None:
        for number in range(1, count + 1):
            host = PretendedHost(f"h{number}", f"192.0.2.{number}", path=self.path)
            self.agents.append(await self.platform.join(host))

    async def kill(self, *agents: PretendedAgent) -> list[int]:
        """The hosts die, and their connections end. Returns their agents' ids."""
        connections = [self.platform.connection_of(agent) for agent in agents]
        for agent, connection in zip(agents, connections, strict=True):
            self.path.take_away(agent.host.uuid)
            await self.platform.disconnect(connection)
        return [connection.agent_id for connection in connections]

    async def back(self, agent_id: int, host: PretendedHost) -> PretendedAgent:
        self.path.bring_back(host.uuid)
        again = PretendedAgent(host)
        await self.platform.connect(agent_id, again)
        return again

    async def liveness(self, name: str, wanted: str | None) -> rows.Host:
        def condition(tx):
            host = tx.first(rows.Host, name=name)
            return host if host.liveness == wanted else None

        return await self.platform.until(condition)

    async def up(self, text: str, rancher: str = "") -> None:
        stack = await self.platform.create(
            "environment", name="shop", dockerCompose=text, rancherCompose=rancher, environment={}, startOnCreate=True
        )
        await self.platform.until(lambda tx: tx.require(rows.Environment, stack.id).state == "active")
        await self.platform.until(lambda tx: all(row.state == "active" for row in tx.find(rows.Service)))

    def made(self) -> int:
        """How many containers were made, on all hosts together."""
        return sum(agent.host.creates.total() for agent in self.agents)

    def running(self) -> dict[str, list[str]]:
        """Names of the running containers, by host."""
        return {agent.host.name: sorted(c.name[:-9] for c in agent.host.running()) for agent in self.agents}


@pytest.fixture
async def site(platform):
    return Site(platform)


async def on(platform, name: str):
    """The live containers of a host, as (name, state)."""

    def look(tx):
        host = tx.first(rows.Host, name=name)
        return sorted((row.name, row.state) for row in tx.find(rows.Instance, hostId=host.id))

    return await platform.read(look)


def ready(tx, count: int):
    """The containers that run on hosts that live, if they are so many."""
    dead = {host.id for host in tx.find(rows.Host) if host.liveness == "dead"}
    found = [row for row in tx.find(rows.Instance, state="running") if not row.lost and row.hostId not in dead]
    return found if len(found) == count else None


async def test_what_a_dead_host_ran_runs_elsewhere_once_and_nothing_twice_when_it_is_back(site, platform):
    await site.grow(3)
    await site.up("web: {image: ok}", "web: {scale: 6}")
    await platform.until(lambda tx: ready(tx, 6))
    first = site.agents[0]
    gone = {container.uuid for container in first.host.running()}
    assert len(gone) == 2
    (agent_id,) = await site.kill(first)
    host = await site.liveness("h1", "dead")
    assert host.livenessReason == "its agent is silent, and h2 and h3 cannot reach it"
    moved = await platform.until(lambda tx: ready(tx, 6))
    assert {row.name for row in moved} == {f"shop_web_{number}" for number in range(1, 7)}
    assert {row.hostId for row in moved}.isdisjoint({host.id})
    await platform.until(lambda tx: tx.first(rows.Service, name="web").state == "active")
    assert [state for _, state in await on(platform, "h1")] == ["stopping"] * 2
    assert site.made() == 8
    # The host was only cut off: its containers still run, and end as soon as it is back.
    assert len(first.host.running()) == 2
    again = await site.back(agent_id, first.host)
    await again.until(lambda: first.host.epoch is not None and first.host.epoch.epoch == 1)
    assert set(first.host.epoch.moved) == gone
    await again.until(lambda: not first.host.running())
    await site.liveness("h1", None)
    await platform.until(lambda tx: len(tx.find(rows.Instance)) == 6)
    assert site.made() == 8


async def test_a_lost_agent_moves_nothing(site, platform):
    await site.grow(3)
    await site.up("web: {image: ok}", "web: {scale: 3}")
    await platform.until(lambda tx: ready(tx, 3))
    first = site.agents[0]
    connection = platform.connection_of(first)
    await platform.disconnect(connection)
    host = await site.liveness("h1", "agent lost")
    assert "can reach the host" in host.livenessReason
    assert await platform.read(lambda tx: ready(tx, 3))
    # The host itself dies later: a peer misses its answers.
    site.path.take_away(first.host.uuid)
    site.agents[1].tell(names.PEER_SILENT, wire.PeerSilent(peer=first.host.uuid))
    await site.liveness("h1", "dead")
    await platform.until(lambda tx: ready(tx, 3))
    await site.back(connection.agent_id, first.host)
    await site.liveness("h1", None)


@pytest.mark.parametrize("silent", [2, 3])
async def test_more_than_half_of_the_hosts_at_once_move_nothing(site, platform, silent):
    await site.grow(3)
    await site.up("web: {image: ok}", "web: {scale: 3}")
    await platform.until(lambda tx: ready(tx, 3))
    dying = site.agents[:silent]
    ids = await site.kill(*dying)
    host = await site.liveness("h1", "undecided")
    assert host.livenessReason.startswith(f"{silent} of 3 hosts are silent at once")
    assert await platform.read(lambda tx: ready(tx, 3))
    for agent_id, agent in zip(ids, dying, strict=True):
        await site.back(agent_id, agent.host)
    await site.liveness("h1", None)
    assert await platform.read(lambda tx: ready(tx, 3))


@pytest.mark.parametrize("tried", [True, False])
async def test_of_two_hosts_the_other_one_and_the_server_itself_decide(site, platform, monkeypatch, tried):
    async def own_try(address):
        assert address == "192.0.2.1"
        return tried

    monkeypatch.setattr(doubts, "_try", own_try)
    await site.grow(2)
    await site.up("web: {image: ok}", "web: {scale: 2}")
    await platform.until(lambda tx: ready(tx, 2))
    await site.kill(site.agents[0])
    host = await site.liveness("h1", "agent lost" if tried else "dead")
    assert host.livenessReason.endswith("reach the host's address" if tried else "h2 and the server cannot reach it")
    assert len(await platform.until(lambda tx: ready(tx, 2))) == 2
    assert bool(site.running()["h2"] == ["shop_web_1", "shop_web_2"]) is not tried


async def test_with_one_host_nothing_moves(site, platform):
    await site.grow(1)
    await site.up("web: {image: ok}")
    await platform.until(lambda tx: ready(tx, 1))
    (agent_id,) = await site.kill(*site.agents)
    host = await site.liveness("h1", "undecided")
    assert host.livenessReason.startswith("1 of 1 hosts")
    assert await platform.read(lambda tx: ready(tx, 1))
    await site.back(agent_id, site.agents[0].host)
    await site.liveness("h1", None)


BOUND = """
db: {image: ok, volumes: ["data:/var/lib/db"]}
each: {image: ok, labels: {io.rancher.scheduler.global: "true"}}
clock: {image: ok, volumes: ["/etc/localtime:/etc/localtime:ro", "/srv/files:/files", "/scratch"]}
"""


async def test_what_is_bound_to_the_host_waits_and_says_why(site, platform):
    await site.grow(1)
    await site.up(BOUND)
    alone = await platform.create("container", name="alone", imageUuid="docker:ok")
    await platform.until(lambda tx: ready(tx, 4))
    first = site.agents[0]
    for number in (2, 3):
        site.agents.append(await platform.join(PretendedHost(f"h{number}", f"192.0.2.{number}", path=site.path)))
    await platform.until(lambda tx: ready(tx, 6))
    (agent_id,) = await site.kill(first)
    await site.liveness("h1", "dead")

    def waiting(tx):
        found = {row.name: row for row in tx.find(rows.Instance) if row.lost and not row.leaving}
        return found if len(found) == 3 else None

    found = await platform.until(waiting)
    reasons = {name.removeprefix("shop_"): row.transitioningMessage for name, row in found.items()}
    each = next(name for name in reasons if name.startswith("each"))
    assert reasons == {
        "db_1": "waits for host h1, which is dead: its volume data lies on h1",
        each: "waits for host h1, which is dead: its service has one container on each host",
        "alone": "waits for host h1, which is dead: it belongs to no service",
    }
    assert {row.healthState for row in found.values()} == {"unhealthy"}
    # Only the clock moved. Nobody is sent to those that wait, and their services say so.
    await platform.until(lambda tx: ready(tx, 3))
    db = found["shop_db_1"]
    await platform.until(lambda tx: tx.require(rows.Service, db.serviceId).healthState != "healthy")
    await site.back(agent_id, first.host)

    def well(tx):
        rows_ = ready(tx, 6)
        return rows_ and all(row.healthState is None and row.transitioning is None for row in rows_)

    await platform.until(well)
    assert alone.id in {row.id for row in await platform.read(lambda tx: ready(tx, 6))}
    assert first.host.creates[db.uuid] == 1
    await platform.until(lambda tx: tx.require(rows.Service, db.serviceId).healthState == "healthy")


async def fenced(site, platform):
    """A fenced container on a host that died; returns its row."""
    await site.grow(3)
    await site.up('db: {image: ok, labels: {io.orca.fence: "stop"}}')
    (row,) = await platform.until(lambda tx: ready(tx, 1))
    home = await platform.read(lambda tx: tx.require(rows.Host, row.hostId))
    agent = next(each for each in site.agents if each.host.name == home.name)
    assert agent.host.orders[row.uuid]["fenced"] is True
    await site.kill(agent)
    return await platform.until(lambda tx: found if (found := tx.require(rows.Instance, row.id)).lost else None), home


async def test_what_is_fenced_waits_until_an_operator_says_that_the_host_is_off(site, platform):
    row, home = await fenced(site, platform)
    assert f"orca host fence {home.name}" in row.transitioningMessage
    await platform.act("host", home.id, "fence")
    (successor,) = await platform.until(lambda tx: ready(tx, 1))
    assert successor.hostId != home.id


async def test_what_is_fenced_moves_once_the_lease_of_its_host_has_run_out(site, platform, monkeypatch):
    monkeypatch.setattr(moving, "LEASE_MS", 700)
    row, home = await fenced(site, platform)
    assert "once its lease has run out" in row.transitioningMessage
    (successor,) = await platform.until(lambda tx: ready(tx, 1))
    since = (await platform.read(lambda tx: tx.require(rows.Host, home.id))).livenessSince
    assert successor.hostId != home.id
    assert successor.created >= since + 700


async def test_only_a_dead_host_can_be_fenced(site, platform):
    await site.grow(1)
    host = await site.liveness("h1", None)
    with pytest.raises(ActionNotAvailable):
        await platform.act("host", host.id, "fence")


async def test_a_restart_of_the_server_moves_only_what_is_dead(tmp_path, database):
    async with Platform.start(tmp_path, database) as platform:
        site = Site(platform)
        await site.grow(3)
        await site.up("web: {image: ok}", "web: {scale: 3}")
        await platform.until(lambda tx: ready(tx, 3))
        ids = [platform.connection_of(agent).agent_id for agent in site.agents]
    first, *others = site.agents
    site.path.take_away(first.host.uuid)
    async with Platform.start(tmp_path, database) as platform:
        site.platform = platform
        for agent_id, agent in zip(ids[1:], others, strict=True):
            await site.back(agent_id, agent.host)
        await site.liveness("h1", "dead")
        await platform.until(lambda tx: ready(tx, 3))
        assert site.made() == 4


async def test_when_all_come_back_at_once_nothing_moves(site, platform):
    await site.grow(4)
    await site.up("web: {image: ok}", "web: {scale: 4}")
    before = {row.uuid for row in await platform.until(lambda tx: ready(tx, 4))}
    connections = [platform.connection_of(agent) for agent in site.agents]
    for connection in connections:
        await platform.disconnect(connection)
    for agent, connection in zip(site.agents, connections, strict=True):
        await site.back(connection.agent_id, agent.host)
    await platform.until(lambda tx: all(host.agentState == "active" for host in tx.find(rows.Host)))
    assert {row.uuid for row in await platform.read(lambda tx: ready(tx, 4))} == before
    assert all(count == 1 for agent in site.agents for count in agent.host.creates.values())
