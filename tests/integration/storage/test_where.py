# SPDX-License-Identifier: Apache-2.0
"""Where containers go because of their volumes, and what their hosts are told about these."""

import pytest
from pretended import PretendedHost

from orca.orchestration.units import units
from orca.resources import rows
from orca.resources.errors import Refused

SHARE = {"type": "nfs", "o": "addr=192.0.2.9,rw", "device": ":/export"}
GLOBAL = {"io.rancher.scheduler.global": "true"}


@pytest.fixture
async def agents(platform):
    return [await platform.join(PretendedHost(f"h{number}", f"192.0.2.{number}")) for number in (1, 2, 3)]


async def service(platform, *mounts, name="web", scale=1, labels=None, **launch):
    stack = await platform.read(lambda tx: tx.first(rows.Environment))
    stack = stack or await platform.create("environment", name="shop")
    config = {"imageUuid": "docker:ok", "dataVolumes": list(mounts), "labels": labels or {}, **launch}
    row = await platform.create("service", environmentId=stack.id, name=name, scale=scale, launchConfig=config)
    await platform.until(lambda tx: tx.require(rows.Service, row.id).state == "inactive")
    await platform.act("service", row.id, "activate")
    await active(platform, row)
    return row


async def active(platform, row):
    await platform.until(lambda tx: tx.require(rows.Service, row.id).state == "active")


async def seats(platform, row):
    """The host of each running container of a service, by number."""
    found = await platform.read(lambda tx: tx.find(rows.Instance, serviceId=row.id, state="running"))
    return {one.number: one.hostId for one in found}


async def lose(platform, row, *numbers):
    """Remove units of a service, and wait for their successors."""
    before = await platform.read(lambda tx: tx.find(rows.Instance, serviceId=row.id))
    gone = [one for one in before if one.number in numbers]
    for one in gone:
        await platform.delete("instance", one.id)
    await platform.until(lambda tx: all(tx.require(rows.Instance, one.id).state == "removed" for one in gone))
    await platform.until(lambda tx: len(tx.find(rows.Instance, serviceId=row.id, state="running")) == len(before))


async def volumes(platform, name):
    return await platform.read(lambda tx: tx.find(rows.Volume, name=name))


async def upgrade(platform, row, *mounts):
    config = {"imageUuid": "docker:ok2", "dataVolumes": list(mounts)}
    await platform.act("service", row.id, "upgrade", inServiceStrategy={"launchConfig": config, "startFirst": True})
    await platform.until(lambda tx: tx.require(rows.Service, row.id).state == "upgraded")
    await platform.act("service", row.id, "finishupgrade")
    await active(platform, row)


async def test_units_spread_with_a_volume_each_and_their_successors_come_back_to_them(platform, agents):
    row = await service(platform, "data:/data", scale=3)
    before = await seats(platform, row)
    assert len(set(before.values())) == 3
    await lose(platform, row, 2, 3)
    assert (await seats(platform, row))[1] == before[1]
    assert set((await seats(platform, row)).values()) == set(before.values())
    assert len(await volumes(platform, "data")) == 3


@pytest.mark.parametrize(("mount", "waits"), [("data:/data", True), ("/data", False), ("/srv:/data", False)])
async def test_a_successor_waits_until_the_former_container_has_let_go_of_its_volume(platform, agents, mount, waits):
    row = await service(platform, mount, scale=2)

    def leaving(tx):
        """The plan while the first unit is still on its way out."""
        one = next(each for each in tx.find(rows.Instance, serviceId=row.id) if each.number == 1)
        tx.update(one, state="removing")
        found = units.plan(tx, tx.require(rows.Service, row.id))
        tx.update(one, state="running")
        return found

    found = await platform.core.db.write(leaving)
    assert [new.number for new in found.later] == [1] * waits
    assert [new.number for new in found.create] == [3] * (not waits)


async def test_an_upgrade_that_starts_first_finds_the_data_of_the_former_container(platform, agents):
    row = await service(platform, "data:/data")
    before = await seats(platform, row)
    await upgrade(platform, row, "data:/data")
    assert await seats(platform, row) == before
    assert len(await volumes(platform, "data")) == 1


async def test_a_declared_volume_is_one_thing_and_a_container_that_cannot_go_there_is_told(platform, agents):
    await platform.create("volume", name="db", driver="local", labels={"tier": "gold"})
    first = await service(platform, "db:/data", name="app", scale=2)
    second = await service(platform, "db:/data:ro", name="backup")
    (home,) = set((await seats(platform, first)).values()) | set((await seats(platform, second)).values())
    (volume,) = await volumes(platform, "db")
    assert volume.hostId == home
    host = await platform.read(lambda tx: tx.require(rows.Host, home))
    await platform.act("host", home, "deactivate")
    await platform.until(lambda tx: tx.require(rows.Host, home).state == "inactive")
    late = await platform.create("container", imageUuid="docker:ok", dataVolumes=["db:/data"])
    failed = await platform.until(
        lambda tx: row if (row := tx.require(rows.Instance, late.id)).state == "removed" else None
    )
    assert f"{host.name}: is inactive" in failed.transitioningMessage
    assert failed.transitioningMessage.count(f"volume db is on {host.name}") == 2


async def test_each_unit_has_a_volume_of_its_own_where_that_is_asked_for(platform, agents):
    await platform.create("volume", name="db", driver="local", perUnit=True, labels={"tier": "gold"})
    row = await service(platform, "db:/data", scale=2)
    before = await seats(platform, row)
    wanted = {f"db_shop_web_{number}": host for number, host in before.items()}
    found = await platform.read(lambda tx: tx.find(rows.Volume, name=list(wanted)))
    assert {volume.name: volume.hostId for volume in found} == wanted
    orders = [order for agent in agents for order in agent.host.orders.values()]
    assert {order["namedVolumes"][0]["name"] for order in orders} == set(wanted)
    assert {order["volumes"][0] for order in orders} == {f"{name}:/data" for name in wanted}
    assert all(order["namedVolumes"][0]["labels"] == {"tier": "gold"} for order in orders)
    await lose(platform, row, 1)
    await upgrade(platform, row, "db:/data")
    assert await seats(platform, row) == before


async def test_a_global_service_has_a_declared_volume_on_each_host(platform, agents):
    await platform.create("volume", name="logs", driver="local", driverOpts={"type": "tmpfs", "device": "tmpfs"})
    await platform.create("volume", name="db", driver="local")
    row = await service(platform, "db:/data", labels=GLOBAL)
    assert len(set((await seats(platform, row)).values())) == 3
    assert {volume.hostId for volume in await volumes(platform, "db")} == set((await seats(platform, row)).values())


async def test_a_shared_volume_is_made_on_every_host_that_needs_it_and_removed_from_all(platform, agents):
    volume = await platform.create("volume", name="home", driver="local", driverOpts=SHARE)
    row = await service(platform, "home:/home", scale=3)
    assert len(set((await seats(platform, row)).values())) == 3
    (found,) = await volumes(platform, "home")
    assert (found.hostId, found.state) == (None, "active")
    for agent in agents:
        (order,) = agent.host.orders.values()
        expected = {"uuid": volume.uuid, "name": "home", "driver": "local", "driverOpts": SHARE}
        assert order["namedVolumes"] == [expected]
    await platform.delete("service", row.id)
    await platform.until(lambda tx: tx.require(rows.Volume, volume.id).state == "inactive")
    await platform.until(lambda tx: not tx.find(rows.Mount, volumeId=volume.id))
    await platform.delete("volume", volume.id)
    await platform.until(lambda tx: tx.require(rows.Volume, volume.id).state == "removed")
    assert [agent.host.removed_volumes for agent in agents] == [["home"]] * 3


TEXT = """
services:
  web:
    image: ok
    volumes: ["data:/data", "home:/home", "own:/own", "old:/old", "said:/said", "/cache"]
volumes:
  data:
  home: {driver_opts: {type: nfs, o: "addr=192.0.2.9,rw", device: ":/export"}, labels: {tier: gold}}
  own: {per_container: true}
  old: {external: true}
  said: {name: exactly}
"""
FILES = {"name": "shop", "files": {"compose.yml": TEXT}}


async def test_the_volumes_of_a_file_belong_to_its_stack(platform, agents):
    with pytest.raises(Refused, match="volume old: there is none of that name"):
        await platform.act_on_all("environment", "apply", **FILES)
    await platform.create("volume", name="old", driver="local")
    await platform.act_on_all("environment", "apply", **FILES)
    (row,) = await platform.running(1)
    order = next(agent.host.orders[row.uuid] for agent in agents if agent.host.orders)
    own = "shop_own_web_1"
    assert order["volumes"] == [
        "shop_data:/data",
        "shop_home:/home",
        f"{own}:/own",
        "old:/old",
        "exactly:/said",
        "/cache",
    ]
    made = {volume["name"]: volume for volume in order["namedVolumes"]}
    assert sorted(made) == ["exactly", "old", "shop_data", "shop_home", own]
    assert (made["shop_home"]["driverOpts"], made["shop_home"]["labels"]) == (SHARE, {"tier": "gold"})
    await platform.until(lambda tx: tx.first(rows.Environment, name="shop").state == "active")
    await lose(platform, await platform.read(lambda tx: tx.first(rows.Service, name="web")), 1)
    same = await platform.act_on_all("environment", "plan", **FILES)
    assert (same["changed"], same["lines"]) == (False, [])
    other = {"compose.yml": TEXT.replace("192.0.2.9", "192.0.2.8")}
    with pytest.raises(Refused, match="volume shop_home: it exists with another driver, other options"):
        await platform.act_on_all("environment", "plan", name="shop", files=other)


async def test_a_stack_keeps_the_names_of_volumes_that_it_has(platform, agents):
    await platform.create("environment", name="shop", dockerCompose="web: {image: ok, volumes: ['data:/data']}")
    await platform.until(lambda tx: tx.first(rows.Service, name="web"))
    text = "services: {web: {image: ok, volumes: ['data:/data', 'more:/more']}}"
    plan = await platform.act_on_all("environment", "plan", name="shop", files={"compose.yml": text})
    assert plan["lines"] == ["create volume shop_more", "start web", "replace web: volumes"]


async def test_members_without_host_powers_get_no_volumes_of_the_host(platform, agents):
    text = "services: {web: {image: ok, volumes: ['d:/d']}}\nvolumes: {d: {driver_opts: {o: bind, device: /etc}}}"
    with pytest.raises(Refused, match=r"volume 'shop_d': driver_opts\.device gives power over the host") as refused:
        await platform.create("environment", _role="restricted", name="shop", dockerCompose=text)
    assert refused.value.status == 403
