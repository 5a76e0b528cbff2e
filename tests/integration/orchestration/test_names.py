# SPDX-License-Identifier: Apache-2.0
"""Names of services without containers, and of the healthy, on the host where they are asked for."""

from dataclasses import replace

import pytest
from fakeagent import FakeHost

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

    def __init__(self, platform, machine, stack, address):
        self.platform, self.machine, self.stack, self.address = platform, machine, stack, address

    async def until(self, **answers):
        def shown():
            names = self.machine.host.names(self.address)
            return all(names.get(name) == answer for name, answer in answers.items())

        await self.machine.until(shown)

    async def service(self, name):
        return await self.platform.until(
            lambda tx: row if (row := tx.first("service", name=name)).transitioning is None else None
        )

    async def addresses(self, *services):
        rows = await self.platform.read(
            lambda tx: [
                row.primaryIpAddress
                for name in services
                for row in tx.find("instance", serviceId=tx.first("service", name=name).id, state="running")
            ]
        )
        return sorted(rows, key=lambda address: [int(part) for part in address.split(".")])


@pytest.fixture
async def seen(platform):
    machine = await platform.join(FakeHost("h1", "192.0.2.1"))
    stack = await platform.create(
        "environment", name="shop", dockerCompose=TEXT, rancherCompose=RANCHER, startOnCreate=True
    )
    rows = {row.name: row for row in await platform.running(3)}
    return Seen(platform, machine, stack, rows["shop_web_1"].primaryIpAddress)


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


async def test_the_unhealthy_are_not_answered_while_others_are_healthy(seen, platform):
    launch = {"imageUuid": "docker:ok/x", "healthCheck": {"port": 80, "strategy": "none"}}
    made = await platform.create(
        "service", name="checked", environmentId=seen.stack.id, launchConfig=launch, scale=2, startOnCreate=True
    )
    rows = [row for row in await platform.running(5) if row.serviceId == made.id]
    every = await seen.addresses("checked")
    await seen.until(**{"checked.shop": every})

    async def report(row, health):
        def unit(tx):
            agent = tx.require("agent", tx.first("host", name="h1").agentId)
            call = replace(platform.call("agent"), account_id=agent.accountId)
            uuid = tx.first("healthcheckInstanceHostMap", instanceId=row.id).uuid
            fields = {"healthcheckUuid": uuid, "reportedHealth": health, "externalTimestamp": now_ms()}
            return platform.services.behaviour.creates["serviceEvent"](tx, call, fields)

        await platform.services.db.write(unit)

    await report(rows[0], "UP")
    await seen.until(**{"checked.shop": [rows[0].primaryIpAddress]})
    await report(rows[1], "UP")
    await seen.until(**{"checked.shop": every})
    await report(rows[0], "DOWN")
    await seen.until(**{"checked.shop": [rows[1].primaryIpAddress]})
    await report(rows[1], "DOWN")
    await seen.until(**{"checked.shop": every})


async def test_a_host_name_that_cannot_be_looked_up_is_refused(seen, platform):
    api = await seen.service("api")
    for hostname in ("a b", "x/y", "192.0.2.1", "-a", "a" * 64):
        with pytest.raises(Refused, match="is not a host name") as refused:
            await platform.change("service", api.id, hostname=hostname)
        assert refused.value.field == "hostname"
