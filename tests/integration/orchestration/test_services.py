# SPDX-License-Identifier: Apache-2.0
"""Services and stacks: scale, names, links, what happens when containers come and go."""

import pytest
import yaml
from inprocess import addresses_of_containers
from pretended import PretendedHost

from orca.hoststate.plan.items import DNS, NAMES, PORT
from orca.resources import rows
from orca.resources.errors import Refused

SHOP = """
web:
  image: ok/web
  ports: ["8080:80"]
  links: [memcached]
memcached:
  image: ok/memcached
"""


async def hosts(platform, count: int = 2):
    return [await platform.join(PretendedHost(f"h{number}", f"192.0.2.{number}")) for number in range(1, count + 1)]


async def up(platform, text: str = SHOP, rancher: str = "web: {scale: 2}", name: str = "shop"):
    return await platform.create(
        "environment", name=name, dockerCompose=text, rancherCompose=rancher, environment={}, startOnCreate=True
    )


def named(tx, name: str):
    return tx.first(rows.Service, name=name)


async def service(platform, name: str, state: str = "active"):
    return await platform.until(lambda tx: row if (row := named(tx, name)) and row.state == state else None)


async def names(platform):
    return await platform.read(lambda tx: sorted(row.name for row in tx.find(rows.Instance)))


async def test_a_stack_of_two_services(platform):
    first, second = await hosts(platform)
    stack = await up(platform)
    found = {row.name: row for row in await platform.running(3)}
    assert sorted(found) == ["shop_memcached_1", "shop_web_1", "shop_web_2"]
    assert found["shop_web_1"].hostId != found["shop_web_2"].hostId
    assert found["shop_web_1"].labels["io.rancher.stack_service.name"] == "shop/web"
    await service(platform, "web")
    await platform.until(lambda tx: tx.require(rows.Environment, stack.id).state == "active")
    memcached = found["shop_memcached_1"].primaryIpAddress
    for agent in (first, second):
        await agent.until(lambda agent=agent: len(agent.host.named(PORT)) == 1)
        web = next(c for c in agent.host.running() if c.name.startswith("shop_web"))
        await agent.until(
            lambda agent=agent, web=web: (agent.host.names(web.address) or {}).get("memcached") == [memcached]
        )
    home = first if memcached in {c.address for c in first.host.running()} else second
    await home.until(lambda: len(home.host.names(memcached).get("web.shop", [])) == 2)
    seen = home.host.names(memcached)
    assert "web" not in seen


async def test_a_starting_container_finds_its_names_on_its_host(platform):
    (agent,) = await hosts(platform, 1)
    stack = await up(platform, "db: {image: ok}", "")
    await platform.running(1)
    text = "db: {image: ok}\nweb: {image: hang, links: [db]}"
    await platform.change("environment", stack.id, dockerCompose=text)
    await agent.until(lambda: any("hang" in str(event.data.get("instance")) for event in agent.received))
    order = [(event.name, event.data) for event in agent.received]
    activate = next(i for i, (_, data) in enumerate(order) if "hang" in str(data.get("instance")))
    address = order[activate][1]["instance"]["address"]
    sent = {item["name"]: item["description"] for _, data in order[:activate] for item in data.get("items", [])}
    assert sent[DNS.item(address)]["scopes"]
    told = [item["names"] for name, item in sent.items() if NAMES.holds(name)]
    assert any("db" in names for names in told)


async def test_scale_follows_up_and_down(platform):
    await hosts(platform)
    await up(platform, "web: {image: ok}", "web: {scale: 2}")
    web = await service(platform, "web")
    await platform.running(2)
    await platform.change("service", web.id, scale=4)
    await platform.running(4)
    await service(platform, "web")
    await platform.change("service", web.id, scale=1)
    await platform.running(1)
    assert await names(platform) == ["shop_web_1"]
    assert (await service(platform, "web")).currentScale == 1


async def test_two_quick_changes_of_scale_the_last_wins(platform):
    await hosts(platform)
    await up(platform, "web: {image: slow}", "web: {scale: 1}")
    web = await service(platform, "web")
    await platform.change("service", web.id, scale=6)
    await platform.change("service", web.id, scale=3)
    await platform.running(3)
    await service(platform, "web")


async def test_what_dies_or_is_removed_comes_back(platform):
    (agent,) = await hosts(platform, 1)
    await up(platform, "web: {image: ok}", "web: {scale: 2}")
    found = await platform.running(2)
    await service(platform, "web")
    agent.die(found[0].uuid)
    await platform.until(lambda tx: tx.require(rows.Instance, found[0].id).startCount == 2)
    container = agent.host.by_uuid(found[1].uuid)
    agent.vanish(container)
    await platform.until(lambda tx: tx.require(rows.Instance, found[1].id).removed)
    await platform.running(2)
    assert await names(platform) == ["shop_web_1", "shop_web_2"]


async def test_deactivate_keeps_and_activate_starts_again(platform):
    await hosts(platform, 1)
    await up(platform, "web: {image: ok}", "web: {scale: 2}")
    web = await service(platform, "web")
    await platform.act("service", web.id, "deactivate")
    await service(platform, "web", "inactive")
    assert await platform.read(lambda tx: {row.state for row in tx.find(rows.Instance)}) == {"stopped"}
    await platform.act("service", web.id, "activate")
    await service(platform, "web")
    assert len(await platform.running(2)) == 2


async def test_a_failing_service_tells_service_and_stack_until_it_is_cured(platform):
    (agent,) = await hosts(platform, 1)
    stack = await up(platform, "web: {image: missing}", "")
    web = await platform.until(lambda tx: row if (row := named(tx, "web")) and row.transitioning == "error" else None)
    reason = "shop_web_1: Image missing cannot be pulled: there is none"
    assert (web.state, web.transitioningMessage) == ("active", reason)
    shown = await platform.until(
        lambda tx: row if (row := tx.require(rows.Environment, stack.id)).transitioning == "error" else None
    )
    assert shown.transitioningMessage == f"web: {reason}"
    assert await platform.read(lambda tx: tx.find(rows.Instance) + addresses_of_containers(tx)) == []
    agent.host.room.images.add("missing")
    await platform.change("service", web.id)
    await platform.running(1)
    await platform.until(lambda tx: named(tx, "web").transitioning != "error")
    await platform.until(lambda tx: tx.require(rows.Environment, stack.id).transitioning != "error")


async def test_a_reason_goes_when_the_next_try_succeeds(platform, monkeypatch):
    monkeypatch.setattr("orca.orchestration.services.converge.RETRY_MS", (100, 200))
    (agent,) = await hosts(platform, 1)
    stack = await up(platform, "web: {image: missing}", "")
    await platform.until(lambda tx: (row := named(tx, "web")) and row.transitioning == "error")
    agent.host.room.images.add("missing")
    await platform.running(1)
    await platform.until(lambda tx: named(tx, "web").transitioning is None)
    await platform.until(lambda tx: tx.require(rows.Environment, stack.id).transitioning is None)


async def test_a_service_that_waits_for_a_host_starts_when_one_joins(platform, monkeypatch):
    monkeypatch.setattr("orca.orchestration.services.converge.RETRY_MS", (600_000, 600_000))
    await up(platform, "web: {image: ok}", "")
    await platform.until(lambda tx: (row := named(tx, "web")) and row.transitioning == "error")
    await hosts(platform, 1)
    await platform.running(1)


async def test_up_again_follows_the_text(platform):
    await hosts(platform)
    stack = await up(platform)
    await platform.running(3)
    await service(platform, "web")
    text = SHOP.replace("ok/memcached", "ok/other") + "db: {image: ok}\n"
    await platform.change("environment", stack.id, dockerCompose=text, rancherCompose="web: {scale: 1}")
    expected = ["shop_db_1", "shop_memcached_1", "shop_web_1"]
    await platform.until(lambda tx: sorted(row.name for row in tx.find(rows.Instance, state="running")) == expected)
    memcached = await platform.read(lambda tx: tx.first(rows.Instance, name="shop_memcached_1"))
    assert memcached.imageUuid == "docker:ok/memcached"
    log = await platform.read(
        lambda tx: [e["message"] for x in tx.find(rows.ProcessExecution) for e in x.log["entries"]]
    )
    assert "replace memcached: image ok/memcached -> ok/other: its containers stay until it is upgraded" in log
    await platform.change("environment", stack.id, dockerCompose="web: {image: ok/web}", rancherCompose="")
    await platform.until(lambda tx: [row.name for row in tx.find(rows.Service)] == ["web"])


async def test_a_stack_is_exported_as_it_is(platform):
    await hosts(platform)
    stack = await up(platform)
    await platform.running(3)
    shown = await platform.act("environment", stack.id, "exportconfig")
    assert shown["type"] == "composeConfig"
    assert yaml.safe_load(shown["dockerComposeConfig"])["web"] == {
        "image": "ok/web",
        "ports": ["8080:80/tcp"],
        "links": ["memcached"],
    }
    assert yaml.safe_load(shown["rancherComposeConfig"])["web"] == {"scale": 2}


async def test_removing_a_stack_removes_everything(platform):
    agents = await hosts(platform)
    stack = await up(platform)
    await platform.running(3)
    await platform.delete("environment", stack.id)
    await platform.until(lambda tx: tx.require(rows.Environment, stack.id).state == "removed")
    left = await platform.read(
        lambda tx: [
            row
            for type in ("instance", "service", "serviceConsumeMap", "serviceExposeMap", "port")
            for row in tx.find(type)
        ]
    )
    assert left == []
    for agent in agents:
        assert agent.host.containers == {}
        await agent.until(lambda agent=agent: not any(agent.host.named(family) for family in (DNS, NAMES, PORT)))


async def test_removing_a_stack_wins_over_a_hanging_start(platform):
    (agent,) = await hosts(platform, 1)
    stack = await up(platform, "web: {image: hang}", "web: {scale: 2}")
    await agent.until(lambda: sum(event.name == "compute.instance.activate" for event in agent.received) == 2)
    await platform.delete("environment", stack.id)
    await platform.until(lambda tx: tx.require(rows.Environment, stack.id).state == "removed")
    assert agent.host.containers == {}


async def test_links_open_and_close_names(platform):
    (agent,) = await hosts(platform, 1)
    await up(platform, "web: {image: ok}\ndb: {image: ok}", "")
    web, db = await service(platform, "web"), await service(platform, "db")
    found = {row.serviceId: row for row in await platform.running(2)}
    address = found[web.id].primaryIpAddress
    link = {"serviceId": db.id, "name": "database"}
    await platform.act("service", web.id, "addservicelink", serviceLink=link)
    await agent.until(lambda: "database" in agent.host.names(address))
    await platform.act("service", web.id, "removeservicelink", serviceLink=link)
    await agent.until(lambda: "database" not in agent.host.names(address))
    with pytest.raises(Refused, match="given twice"):
        await platform.act("service", web.id, "setservicelinks", serviceLinks=[link, link])


async def test_a_replaced_container_is_answered_with_its_new_address(platform):
    first, second = await hosts(platform)
    await up(platform)
    found = {row.name: row for row in await platform.running(3)}
    old = found["shop_memcached_1"]
    await platform.delete("instance", old.id)
    new = await platform.until(
        lambda tx: next(
            (
                row
                for row in tx.find(rows.Instance, serviceId=old.serviceId, state="running")
                if row.id != old.id and row.primaryIpAddress
            ),
            None,
        )
    )
    assert new.primaryIpAddress != old.primaryIpAddress
    for agent in (first, second):
        web = next(c for c in agent.host.running() if c.name.startswith("shop_web"))
        await agent.until(
            lambda agent=agent, web=web: agent.host.names(web.address).get("memcached") == [new.primaryIpAddress]
        )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("web: {image: ok, imagee: x}", "service 'web': unsupported config option 'imagee'"),
        ("web: {image: ok, links: [db]}", "there is no service 'db'"),
        ("web: {image: ok, ports: ['80:80:80:80']}", "does not have the form"),
    ],
)
async def test_bad_compose_text_makes_nothing(platform, text, message):
    with pytest.raises(Refused, match=message) as refusal:
        await up(platform, text, "")
    assert (refusal.value.status, refusal.value.field) == (422, "dockerCompose")
    assert await platform.read(lambda tx: tx.find(rows.Environment) + tx.find(rows.Service)) == []


async def test_an_external_link_to_nowhere_fails_the_stack_and_leaves_no_service(platform):
    await hosts(platform, 1)
    stack = await up(platform, "web: {image: ok, external_links: ['other/db']}", "")
    shown = await platform.until(
        lambda tx: row if (row := tx.require(rows.Environment, stack.id)).transitioning == "error" else None
    )
    assert shown.transitioningMessage == "service web: external_links: there is no stack other"
    assert await platform.read(lambda tx: tx.find(rows.Service)) == []


@pytest.mark.parametrize(
    "keys",
    [
        "ports: ['80:80', '80:81']",
        "volumes: [nowhere]",
        "labels: {io.rancher.container.volume_cleanup_strategy: some}",
    ],
)
async def test_what_no_container_can_be_is_refused_with_the_service(platform, keys):
    with pytest.raises(Refused) as error:
        await up(platform, f"web:\n  image: ok/web\n  {keys}\n", "web: {scale: 1}")
    assert (error.value.code, error.value.field) == ("InvalidFormat", "dockerCompose")
    assert await platform.read(lambda tx: tx.find(rows.Service)) == []


async def test_the_collection_decides_on_the_kind_of_a_service(platform):
    """The superadmin may give every field, and clients send back the kind that they were shown."""
    stack = await platform.create("environment", name="shop")
    for name, kind, other in (("web", "service", "dnsService"), ("alias", "dnsService", "service")):
        launch = {"launchConfig": {"imageUuid": "docker:ok/web"}} if kind == "service" else {}
        row = await platform.create(kind, _role="superadmin", name=name, environmentId=stack.id, kind=other, **launch)
        assert row.kind == row.type == kind
