# SPDX-License-Identifier: Apache-2.0
"""Names of services without containers, and of the healthy, on the host where they are asked for."""

from dataclasses import replace

import pytest
from inprocess import Platform
from pretended import PretendedAgent, PretendedHost

from orca.hoststate.apply import kinds
from orca.hoststate.plan.items import CHECK, DNS, FAMILIES, NAMES
from orca.resources import rows
from orca.resources.errors import Refused
from orca.wire import now_ms

TEXT = """
web: {image: ok/web, links: [data, "legacy:old", api]}
db: {image: ok/db}
cache: {image: ok/cache}
data: {image: rancher/dns-service, links: [db, cache]}
legacy: {image: rancher/external-service}
api: {image: rancher/external-service}
"""
RANCHER = "legacy: {external_ips: [192.0.2.20, 192.0.2.3]}\napi: {hostname: api.example.com}"


class Seen:
    """What the only container of service `web` sees, where it is asked for."""

    def __init__(self, platform, agent, stack, address):
        self.platform, self.agent, self.stack, self.address = platform, agent, stack, address

    async def until(self, **answers):
        def shown():
            names = self.agent.host.names(self.address)
            return all(names.get(name) == answer for name, answer in answers.items())

        await self.agent.until(shown)

    async def service(self, name):
        return await self.platform.until(
            lambda tx: row if (row := tx.first(rows.Service, name=name)).transitioning is None else None
        )

    async def addresses(self, *services):
        found = await self.platform.read(
            lambda tx: [
                row.primaryIpAddress
                for name in services
                for row in tx.find(rows.Instance, serviceId=tx.first(rows.Service, name=name).id, state="running")
            ]
        )
        return sorted(found, key=lambda address: [int(part) for part in address.split(".")])


@pytest.fixture
async def seen(platform):
    agent = await platform.join(PretendedHost("h1", "192.0.2.1"))
    stack = await platform.create(
        "environment", name="shop", dockerCompose=TEXT, rancherCompose=RANCHER, startOnCreate=True
    )
    found = {row.name: row for row in await platform.running(3)}
    return Seen(platform, agent, stack, found["shop_web_1"].primaryIpAddress)


async def test_a_link_to_an_alias_or_to_something_elsewhere_is_answered(seen):
    behind = await seen.addresses("db", "cache")
    await seen.until(
        **{
            "data": behind,
            "data.shop": behind,
            "old": ["192.0.2.3", "192.0.2.20"],
            "legacy.shop": ["192.0.2.3", "192.0.2.20"],
            "api": "api.example.com",
            "api.shop": "api.example.com",
            "legacy": None,
        }
    )


async def test_an_alias_follows_what_it_is_linked_to(seen, platform):
    data, db, cache = [await seen.service(name) for name in ("data", "db", "cache")]
    await platform.act("service", data.id, "removeservicelink", serviceLink={"serviceId": cache.id})
    await seen.until(data=await seen.addresses("db"))
    await platform.change("service", db.id, scale=2)
    await platform.running(4)
    await seen.until(data=await seen.addresses("db"))
    await platform.act("service", (await seen.service("db")).id, "deactivate")
    await seen.until(data=None)


async def test_what_is_elsewhere_follows_its_fields(seen, platform):
    legacy = await seen.service("legacy")
    await platform.change("service", legacy.id, externalIpAddresses=["192.0.2.9"])
    await seen.until(old=["192.0.2.9"])
    await platform.change("service", legacy.id, externalIpAddresses=None, hostname="old.example.com")
    await seen.until(old="old.example.com")


async def test_names_of_services_that_are_not_active_are_not_answered(seen, platform):
    for name in ("data", "legacy", "api"):
        await platform.act("service", (await seen.service(name)).id, "deactivate")
    await seen.until(data=None, old=None, api=None, **{"data.shop": None, "legacy.shop": None})
    for name in ("data", "legacy", "api"):
        await platform.act("service", (await seen.service(name)).id, "activate")
    await seen.until(old=["192.0.2.3", "192.0.2.20"], api="api.example.com", data=await seen.addresses("db", "cache"))


async def test_aliases_in_a_circle_are_answered_all_the_same(seen, platform):
    data = await seen.service("data")
    second = await platform.create("dnsService", name="more", environmentId=seen.stack.id, startOnCreate=True)
    await platform.act("service", second.id, "setservicelinks", serviceLinks=[{"serviceId": data.id}])
    await platform.act("service", data.id, "addservicelink", serviceLink={"serviceId": second.id})
    behind = await seen.addresses("db", "cache")
    await seen.until(**{"data": behind, "more.shop": behind})


async def test_the_unhealthy_are_never_answered(seen, platform):
    launch = {"imageUuid": "docker:ok/x", "healthCheck": {"port": 80, "strategy": "none"}}
    made = await platform.create(
        "service", name="checked", environmentId=seen.stack.id, launchConfig=launch, scale=2, startOnCreate=True
    )
    found = [row for row in await platform.running(5) if row.serviceId == made.id]
    every = await seen.addresses("checked")
    await seen.until(**{"checked.shop": None})

    async def report(row, health):
        def unit(tx):
            agent = tx.require(rows.Agent, tx.first(rows.Host, name="h1").agentId)
            call = replace(platform.call("agent"), account_id=agent.accountId)
            uuid = tx.first(rows.HealthcheckInstanceHostMap, instanceId=row.id).uuid
            fields = {"healthcheckUuid": uuid, "reportedHealth": health, "externalTimestamp": now_ms()}
            return platform.core.behaviour.creates["serviceEvent"](tx, call, fields)

        await platform.core.db.write(unit)

    await report(found[0], "UP")
    await seen.until(**{"checked.shop": [found[0].primaryIpAddress]})
    await report(found[1], "UP")
    await seen.until(**{"checked.shop": every})
    await report(found[0], "DOWN")
    await seen.until(**{"checked.shop": [found[1].primaryIpAddress]})
    await report(found[1], "DOWN")
    await seen.until(**{"checked.shop": None})
    await report(found[0], "UP")
    await seen.until(**{"checked.shop": [found[0].primaryIpAddress]})


async def test_where_no_agent_checks_the_unjudged_are_answered(platform):
    known = [family.name for family in FAMILIES if family.name != CHECK.name]
    agent = await platform.join(PretendedHost("h1", "192.0.2.1", families=known))
    rancher = f"{RANCHER}\ndb: {{health_check: {{port: 80}}}}\n"
    await platform.create("environment", name="shop", dockerCompose=TEXT, rancherCompose=rancher, startOnCreate=True)
    found = {row.name: row for row in await platform.running(3)}
    address = found["shop_web_1"].primaryIpAddress
    expected = [found["shop_db_1"].primaryIpAddress]
    await agent.until(lambda: agent.host.names(address).get("db.shop") == expected)


async def test_a_host_name_that_cannot_be_looked_up_is_refused(seen, platform):
    api = await seen.service("api")
    for hostname in ("a b", "x/y", "192.0.2.1", "-a", "a" * 64):
        with pytest.raises(Refused, match="is not a host name") as refused:
            await platform.change("service", api.id, hostname=hostname)
        assert refused.value.field == "hostname"


async def test_an_agent_that_knows_no_scopes_is_told_all_names_until_it_is_upgraded(platform):
    agent = await platform.join(PretendedHost("h1", "192.0.2.1", families=[]))
    await platform.create("environment", name="shop", dockerCompose=TEXT, rancherCompose=RANCHER, startOnCreate=True)
    found = {row.name: row for row in await platform.running(3)}
    address = found["shop_web_1"].primaryIpAddress
    behind = [found[name].primaryIpAddress for name in ("shop_db_1", "shop_cache_1")]
    await agent.until(lambda: len(agent.host.names(address).get("data", [])) == 2)
    seen = agent.host.names(address)
    assert set(seen["data"]) == set(behind)
    assert agent.host.item(DNS.item(address)) == {"names": seen}
    assert not agent.host.named(NAMES)

    await platform.disconnect(platform.connection_of(agent))
    agent.host.families = list(kinds.families())
    agent_id = await platform.read(lambda tx: tx.first(rows.Host, name="h1").agentId)
    await platform.connect(agent_id, agent)
    await agent.until(lambda: "scopes" in agent.host.item(DNS.item(address)))
    assert agent.host.names(address) == seen
    # It was never without names: what it had before holds until the scopes are there.
    for update in agent.host.updates:
        named = [item.name for item in update.items if NAMES.holds(item.name) or DNS.holds(item.name)]
        if DNS.item(address) in named and any(NAMES.holds(name) for name in named):
            assert DNS.holds(named[-1])


async def test_names_are_the_same_after_a_restart_and_nothing_is_sent_again(tmp_path, database):
    host = PretendedHost("h1", "192.0.2.1")
    async with Platform.start(tmp_path, database) as first:
        agent = await first.join(host)
        await first.create("environment", name="shop", dockerCompose=TEXT, rancherCompose=RANCHER, startOnCreate=True)
        found = {row.name: row for row in await first.running(3)}
        address = found["shop_web_1"].primaryIpAddress
        await agent.until(lambda: len(agent.host.names(address).get("data", [])) == 2)
        await first.settled()
        before, versions = agent.host.names(address), {name: version for name, (version, _) in host.items.items()}
    async with Platform.start(tmp_path, database) as second:
        agent = PretendedAgent(host)
        agent_id = await second.read(lambda tx: tx.first(rows.Host, name="h1").agentId)
        await second.connect(agent_id, agent)
        await second.core.agents.wait(agent_id)
        await second.settled()
        # What was compared at the hello has arrived by the time of anything that is made now.
        made = await second.create("container", imageUuid="docker:ok")
        await second.until(lambda tx: tx.require(rows.Instance, made.id).state == "running")
        assert agent.host.names(address) == before
        assert {name: host.items[name].version for name in versions} == versions


async def test_a_stack_on_a_new_host_costs_that_host_its_scopes_and_the_others_what_is_new(platform):
    first = await platform.join(PretendedHost("h1", "192.0.2.1"))
    text = "".join(f"s{number}: {{image: ok}}\n" for number in range(10))
    stack = await platform.create("environment", name="big", dockerCompose=text, startOnCreate=True)
    await platform.running(10)
    await platform.settled()
    second = await platform.join(PretendedHost("h2", "192.0.2.2"))
    first.host.updates.clear()
    launch = {"imageUuid": "docker:ok", "labels": {"io.rancher.scheduler.affinity:container_label_ne": "a=b"}}
    launch["requestedHostId"] = await platform.read(lambda tx: tx.first(rows.Host, name="h2").id)
    await platform.create("service", name="new", environmentId=stack.id, launchConfig=launch, startOnCreate=True)
    (row,) = [row for row in await platform.running(11) if row.name == "big_new_1"]
    await second.until(lambda: len(second.host.names(row.primaryIpAddress) or ()) == 23)
    changed = {item.name for update in first.host.updates for item in update.items if NAMES.holds(item.name)}
    assert len(changed) == 1


async def test_a_project_may_be_seen_as_a_whole(platform):
    agent = await platform.join(PretendedHost("h1", "192.0.2.1"))
    for stack in ("shop", "store"):
        await platform.create("environment", name=stack, dockerCompose="web: {image: ok}", startOnCreate=True)
    await platform.create("container", name="Alone", imageUuid="docker:ok")
    found = {row.name: row.primaryIpAddress for row in await platform.running(3)}
    web, others = found["shop_web_1"], {"alone", "web.store", "store_web_1"}
    assert not others & agent.host.names(web).keys()
    await platform.change("project", platform.project_id, dnsScope="project")
    await agent.until(lambda: others <= agent.host.names(web).keys())
    await agent.until(lambda: "web.shop" in (agent.host.names(found["Alone"]) or {}))
    assert agent.host.names(web)["web"] == [web]
    await platform.change("project", platform.project_id, dnsScope="link")
    await agent.until(lambda: not others & agent.host.names(web).keys())
    await agent.until(lambda: agent.host.names(found["Alone"]) is None)
