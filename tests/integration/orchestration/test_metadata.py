# SPDX-License-Identifier: Apache-2.0
"""Metadata on its way: a container's own with its item, the project's only to hosts where somebody asks."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from pretended import PretendedAgent, PretendedHost, eventually

from orca import wire
from orca.hoststate.plan.items import METADATA
from orca.orchestration.metadata import feed
from orca.resources import rows
from orca.wire import names

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "images/dns"))

from metadata_service import tree

TEXT = """
web: {image: ok/web, links: ["db:mysql"], environment: {PASSWORD: s3cret}, labels: {color: blue}}
db: {image: ok/db, labels: {io.rancher.sidekicks: backup}}
backup: {image: ok/backup}
"""
RANCHER = "web: {scale: 2, metadata: {debug: true}}"


class Reader:
    """A host on which somebody asks: what it was told, as its metadata service keeps it."""

    def __init__(self, agent: PretendedAgent) -> None:
        self.agent, self.reached = agent, 0
        self.objects: dict[str, Any] = {}
        self._read = 0

    def ask(self) -> None:
        self.agent.agent.tell(names.METADATA_ASKED, wire.MetadataAsked(reached=self.reached))
        self.agent.flush()

    def take(self) -> None:
        received = self.agent.received
        for event in received[self._read :]:
            if event.name == names.METADATA_UPDATE:
                update = event.read(wire.MetadataUpdate)
                assert update.base in (0, self.reached)
                self.objects = ({} if update.base == 0 else self.objects) | update.objects
                self.reached = update.reached
        self._read = len(received)

    def tree(self) -> dict[str, Any]:
        self.take()
        return tree.tree({key: each for key, each in self.objects.items() if each is not None}, "latest")

    def named(self, kind: str) -> list[str]:
        return [each["name"] for each in self.tree()[kind]]


@pytest.fixture
async def hosts(platform, monkeypatch):
    monkeypatch.setattr(feed, "PAUSE_SECONDS", 0.0)
    return [await platform.join(PretendedHost(f"h{number}", f"192.0.2.{number}")) for number in (1, 2)]


async def shop(platform):
    texts = {"dockerCompose": TEXT, "rancherCompose": RANCHER}
    await platform.create("environment", name="shop", startOnCreate=True, **texts)
    return {row.name: row for row in await platform.running(4)}


def about(agents: list[PretendedAgent]) -> list[int]:
    """How many frames with metadata each host got."""
    items = [sum(any(METADATA.holds(item.name) for item in each.items) for each in a.host.updates) for a in agents]
    return [
        count + sum(e.name == names.METADATA_UPDATE for e in a.received) for count, a in zip(items, agents, strict=True)
    ]


async def test_a_host_knows_its_own_containers(platform, hosts):
    found = await shop(platform)
    web = found["shop_web_1"]
    agent = next(each for each in hosts if each.host.by_uuid(web.uuid))
    name = METADATA.item(web.primaryIpAddress)
    item = agent.host.item(name)
    assert item["self"] == web.uuid
    container = item["objects"][f"container/{web.uuid}"]
    assert (container["primary_ip"], container["create_index"]) == (web.primaryIpAddress, web.createIndex)
    known = item["objects"] | agent.host.item("metadata/host")["objects"]
    own = tree.own_values(known, f"container/{web.uuid}", None)
    assert own["service"]["links"] == {"shop/db": "mysql"}
    assert own["service"]["metadata"] == {"debug": True}
    assert own["service"]["labels"]["color"] == "blue"
    assert (own["stack"]["name"], own["host"]["name"]) == ("shop", agent.host.name)
    assert "s3cret" not in json.dumps(item), "variables are never among them"

    backup = found["shop_db_backup_1"]
    there = next(each for each in hosts if each.host.by_uuid(backup.uuid))
    own = tree.tree(there.host.item(METADATA.item(backup.primaryIpAddress))["objects"], "latest")["containers"]
    assert [each["service_name"] for each in own] == ["backup"]

    service = await platform.read(lambda tx: tx.first(rows.Service, name="web"))
    await platform.change("service", service.id, metadata={"debug": False})
    await agent.until(
        lambda: agent.host.item(name)["objects"][f"service/{service.uuid}"]["metadata"] == {"debug": False}
    )
    await platform.act("container", web.id, "stop")
    await agent.until(lambda: agent.host.item(name) is None)


async def test_the_project_goes_where_somebody_asks(platform, hosts):
    reader, quiet = Reader(hosts[0]), hosts[1]
    found = await shop(platform)
    reader.ask()
    await hosts[0].until(lambda: reader.named("containers") == sorted(found))
    assert [(each["name"], each["stack_name"]) for each in reader.tree()["services"]] == [
        ("backup", "shop"),
        ("db", "shop"),
        ("web", "shop"),
    ]
    assert reader.named("stacks") == ["shop"]
    assert sorted(reader.named("hosts")) == ["h1", "h2"]
    assert "s3cret" not in json.dumps(reader.objects)

    service = await platform.read(lambda tx: tx.first(rows.Service, name="web"))
    reader.take()
    before = len(reader.agent.received)
    await platform.change("service", service.id, scale=3)
    await hosts[0].until(lambda: "shop_web_3" in reader.named("containers"))
    sent = [e.data for e in reader.agent.received[before:] if e.name == names.METADATA_UPDATE]
    assert not any(f"container/{found['shop_web_1'].uuid}" in each["objects"] for each in sent), "only what changed"
    assert not any(event.name == names.METADATA_UPDATE for event in quiet.received)


async def test_a_start_elsewhere_costs_a_quiet_host_nothing(platform, hosts):
    await shop(platform)
    for agent in hosts:
        await agent.until(lambda agent=agent: agent.host.item("metadata/host"))
    own, other = about(hosts)
    service = await platform.read(lambda tx: tx.first(rows.Service, name="db"))
    where = (await platform.read(lambda tx: tx.first(rows.Host, name="h1") or tx.find(rows.Host)[0])).id
    await platform.create("container", imageUuid="docker:ok", requestedHostId=where)
    await platform.running(5)
    await hosts[0].until(lambda: about(hosts)[0] > own)
    assert about(hosts)[1] == other
    await platform.change("service", service.id, scale=2)
    await platform.running(7)
    assert sum(about(hosts)) <= own + other + 3, "a sibling's start changes the item of no other container"


async def test_another_project_is_never_among_it(platform, hosts):
    reader = Reader(hosts[0])
    await shop(platform)
    other = await platform.create("project", name="other")

    def theirs(name: str) -> Any:
        return platform.core.db.write(lambda tx: tx.insert(rows.Environment, accountId=other.id, name=name))

    await theirs("theirs")
    reader.ask()
    await hosts[0].until(lambda: reader.named("stacks") == ["shop"])
    await theirs("theirs too")
    await platform.create("environment", name="ours")
    await hosts[0].until(lambda: reader.named("stacks") == ["ours", "shop"])


async def test_a_host_that_went_or_stopped_asking_is_told_no_more(platform, hosts):
    reader = Reader(hosts[0])
    reader.ask()
    await hosts[0].until(lambda: len(reader.named("hosts")) == 2)
    followed = platform.core.part(feed.Feed)._projects
    (asking,) = followed[platform.project_id].readers.values()
    asking.until = 0.0
    await platform.create("environment", name="late")
    await eventually(lambda: not followed)
    reader.ask()
    await hosts[0].until(lambda: reader.named("stacks") == ["late"])
    await platform.disconnect(platform.connection_of(hosts[0]))
    await eventually(lambda: not followed)
