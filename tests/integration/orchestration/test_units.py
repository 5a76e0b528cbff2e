# SPDX-License-Identifier: Apache-2.0
"""Services over simulated hosts: sidekicks, global services, affinity, scale policies, kinds without containers."""

import pytest

from orca.orchestration.syntax.labels import AFFINITY
from orca.resources import rows
from orca.resources.errors import Refused
from orca.simulator import knobs


@pytest.fixture
async def hosts(platform):
    """Three simulated hosts."""
    agent = await platform.create("agent", _role="superadmin", uri="sim://three", data={knobs.KEY: {"hosts": 3}})
    return await platform.until(lambda tx: _active(tx, agent.id, 3))


@pytest.fixture
async def stack(platform):
    row = await platform.create("environment", name="shop")
    await platform.until(lambda tx: tx.require(rows.Environment, row.id).state == "active")
    return row


def _active(tx, agent_id, count):
    found = tx.find(rows.Host, agentId=agent_id, state="active")
    return found if len(found) == count else None


async def make(platform, stack, type="service", **fields):
    if type == "service":
        fields = {"launchConfig": {"imageUuid": "sim:1"}, **fields}
    return await platform.create(type, environmentId=stack.id, **{"name": "web", "startOnCreate": True, **fields})


async def is_(platform, service, state):
    def condition(tx):
        row = tx.require(rows.Service, service.id)
        return row if row.state == state and row.transitioning is None else None

    return await platform.until(condition)


def containers(tx, service):
    return {row.name: row for row in tx.find(rows.Instance, serviceId=service.id) if row.state == "running"}


SIDEKICKS = [
    {"name": "logs", "imageUuid": "sim:2", "dataVolumesFromLaunchConfigs": ["web"]},
    {"name": "proxy", "imageUuid": "sim:3", "networkLaunchConfig": "logs"},
]


async def test_sidekicks_share_a_unit_and_a_host(platform, hosts, stack):
    web = await make(platform, stack, scale=2, secondaryLaunchConfigs=SIDEKICKS)
    row = await is_(platform, web, "active")
    assert row.currentScale == 2
    found = await platform.read(lambda tx: containers(tx, web))
    assert sorted(found) == [
        "shop_web_1", "shop_web_2", "shop_web_logs_1", "shop_web_logs_2", "shop_web_proxy_1", "shop_web_proxy_2",
    ]  # fmt: skip
    unit = [found[name] for name in ("shop_web_1", "shop_web_logs_1", "shop_web_proxy_1")]
    assert len({row.hostId for row in unit}) == len({row.deploymentUnitUuid for row in unit}) == 1
    assert found["shop_web_1"].hostId != found["shop_web_2"].hostId
    assert unit[1].dataVolumesFrom == [unit[0].id]
    assert unit[2].networkContainerId == unit[1].id
    assert unit[1].labels["io.rancher.stack_service.name"] == "shop/web/logs"
    assert unit[1].labels["io.rancher.service.launch.config"] == "logs"


async def test_who_used_a_container_that_is_gone_is_made_anew(platform, hosts, stack):
    web = await make(platform, stack, secondaryLaunchConfigs=SIDEKICKS)
    await is_(platform, web, "active")
    before = await platform.read(lambda tx: containers(tx, web))
    await platform.delete("instance", before["shop_web_1"].id)

    def anew(tx):
        now = containers(tx, web)
        return now.keys() == before.keys() and not {r.id for r in now.values()} & {r.id for r in before.values()}

    await platform.until(anew)
    after = await platform.read(lambda tx: containers(tx, web))
    assert len({row.hostId for row in after.values()}) == 1


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"name": "-web"}, "InvalidCharacters", "name"),
        ({"launchConfig": {}}, "MissingRequired", "imageUuid"),
        ({"launchConfig": {"imageUuid": "rancher:x"}}, "InvalidImageInstanceKind", "imageUuid"),
        ({"launchConfig": {"imageUuid": "docker:rancher/none"}}, "InvalidOption", "selectorContainer"),
        ({"secondaryLaunchConfigs": [{"name": "WEB", "imageUuid": "sim:1"}]}, "NotUnique", "name"),
        (
            {"secondaryLaunchConfigs": [{"name": "a", "imageUuid": "sim:1", "networkLaunchConfig": "b"}]},
            "InvalidReference",
            "launchConfig",
        ),
        (
            {
                "launchConfig": {"imageUuid": "sim:1", "dataVolumesFromLaunchConfigs": ["a"]},
                "secondaryLaunchConfigs": [{"name": "a", "imageUuid": "sim:1", "networkLaunchConfig": "web"}],
            },
            "InvalidReference",
            "launchConfig",
        ),
        ({"scalePolicy": {"min": 3, "max": 2}}, "MaxLimitExceeded", "max"),
        ({"selectorLink": "a in ("}, "InvalidFormat", "selectorLink"),
    ],
)
async def test_what_cannot_be_is_refused(platform, stack, fields, code, field):
    with pytest.raises(Refused) as refused:
        await make(platform, stack, **fields)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert await platform.read(lambda tx: tx.count(rows.Service)) == 0


async def test_names_are_unique_across_kinds_and_sidekicks_until_removal(platform, stack):
    first = await make(
        platform, stack, startOnCreate=False, secondaryLaunchConfigs=[{"name": "logs", "imageUuid": "sim:1"}]
    )
    for type, name in (("dnsService", "Web"), ("externalService", "LOGS"), ("service", "web")):
        with pytest.raises(Refused) as refused:
            await make(platform, stack, type, name=name)
        assert (refused.value.code, refused.value.field) == ("NotUnique", "name")
    await is_(platform, first, "inactive")
    await platform.delete("service", first.id)
    await platform.until(lambda tx: tx.require(rows.Service, first.id).state == "removed")
    assert (await make(platform, stack, "dnsService", name="logs")).kind == "dnsService"


async def test_a_global_service_follows_the_hosts(platform, hosts, stack):
    labels = {"io.rancher.scheduler.global": "true", AFFINITY + "host_label": "disk=ssd"}
    await platform.change("host", hosts[0].id, labels={"Disk": "SSD"})
    web = await make(platform, stack, launchConfig={"imageUuid": "sim:1", "labels": labels})
    await is_(platform, web, "active")
    found = await platform.read(lambda tx: containers(tx, web))
    assert [row.hostId for row in found.values()] == [hosts[0].id]
    await platform.change("host", hosts[1].id, labels={"disk": "ssd"})
    await platform.until(lambda tx: len(containers(tx, web)) == 2)
    assert {row.hostId for row in (await platform.read(lambda tx: containers(tx, web))).values()} == {
        hosts[0].id, hosts[1].id,
    }  # fmt: skip


async def test_affinity_of_services_and_a_reason_when_nothing_fits(platform, hosts, stack):
    db = await make(platform, stack, name="db")
    await is_(platform, db, "active")
    home = (await platform.read(lambda tx: containers(tx, db)))["shop_db_1"].hostId
    near = {AFFINITY + "container_label": "io.rancher.stack_service.name=db"}
    web = await make(platform, stack, scale=2, launchConfig={"imageUuid": "sim:1", "labels": near})
    await is_(platform, web, "active")
    assert {row.hostId for row in (await platform.read(lambda tx: containers(tx, web))).values()} == {home}
    spread = {AFFINITY + "container_label_ne": "io.rancher.stack_service.name=${stack_name}/${service_name}"}
    wide = await make(platform, stack, name="wide", scale=4, launchConfig={"imageUuid": "sim:1", "labels": spread})
    row = await platform.until(
        lambda tx: found if (found := tx.require(rows.Service, wide.id)).transitioning == "error" else None
    )
    assert "not container label io.rancher.stack_service.name!=shop/wide" in row.transitioningMessage


async def test_a_scale_policy_goes_as_far_as_hosts_allow(platform, hosts, stack):
    spread = {AFFINITY + "container_label_ne": "io.rancher.stack_service.name=shop/web"}
    web = await make(
        platform,
        stack,
        scalePolicy={"min": 1, "max": 9, "increment": 2},
        launchConfig={"imageUuid": "sim:1", "labels": spread},
    )
    row = await is_(platform, web, "active")
    assert (row.currentScale, row.lockedScale) == (3, 3)


async def test_what_runs_once_is_not_started_again(platform, hosts, stack):
    config = {"imageUuid": "sim:1", "labels": {"io.rancher.container.start_once": "true"}}
    web = await make(platform, stack, launchConfig=config)
    await is_(platform, web, "active")
    (row,) = (await platform.read(lambda tx: containers(tx, web))).values()
    await platform.act("instance", row.id, "stop")
    await platform.until(lambda tx: tx.require(rows.Instance, row.id).state == "stopped")
    await platform.change("service", web.id, scale=2)
    await platform.until(lambda tx: tx.require(rows.Service, web.id).currentScale == 2)
    assert await platform.read(lambda tx: tx.require(rows.Instance, row.id).state) == "stopped"


async def test_an_external_service_stands_for_addresses_while_active(platform, stack):
    with pytest.raises(Refused) as refused:
        await make(platform, stack, "externalService", externalIpAddresses=["192.0.2.1"], hostname="example.org")
    assert refused.value.code == "InvalidOption"
    row = await make(platform, stack, "externalService", externalIpAddresses=["192.0.2.1", "192.0.2.2"])
    await is_(platform, row, "active")
    maps = await platform.read(lambda tx: tx.find(rows.ServiceExposeMap, serviceId=row.id))
    assert sorted(entry.ipAddress for entry in maps) == ["192.0.2.1", "192.0.2.2"]
    await platform.change("service", row.id, externalIpAddresses=None, hostname="example.org")
    await platform.until(
        lambda tx: [m.hostName for m in tx.find(rows.ServiceExposeMap, serviceId=row.id)] == ["example.org"]
    )
    await is_(platform, row, "active")
    await platform.act("service", row.id, "deactivate")
    await is_(platform, row, "inactive")
    assert not await platform.read(lambda tx: tx.find(rows.ServiceExposeMap, serviceId=row.id))


async def test_links_are_checked_and_give_containers_theirs(platform, hosts, stack):
    db = await make(platform, stack, name="db")
    web = await make(platform, stack)
    await is_(platform, web, "active")
    for entry, code in (
        ({"serviceId": web.id}, "InvalidReference"),
        ({"serviceId": 12345}, "InvalidReference"),
        ({"serviceId": db.id, "name": "a..b"}, "InvalidCharacters"),
        ({"serviceId": db.id, "name": "-a"}, "InvalidCharacters"),
        ({"serviceId": db.id, "name": "a" * 64}, "MaxLengthExceeded"),
    ):
        with pytest.raises(Refused) as refused:
            await platform.act("service", web.id, "addservicelink", serviceLink=entry)
        assert refused.value.code == code
    both = [{"serviceId": db.id, "name": "one"}, {"serviceId": db.id, "name": "two"}]
    await platform.act("service", web.id, "setservicelinks", serviceLinks=both)
    links = await platform.read(lambda tx: tx.find(rows.InstanceLink))
    assert sorted(link.linkName for link in links) == ["one", "two"]
    await platform.act("service", web.id, "removeservicelink", serviceLink=both[0])
    assert [link.linkName for link in await platform.read(lambda tx: tx.find(rows.InstanceLink))] == ["two"]
    with pytest.raises(Refused) as refused:
        await platform.act("service", web.id, "setservicelinks", serviceLinks=[both[0], both[0]])
    assert (refused.value.code, refused.value.field) == ("NotUnique", "serviceId")


async def test_a_selector_links_what_comes_later(platform, stack):
    web = await make(platform, stack, startOnCreate=False, selectorLink="tier=db")
    config = {"imageUuid": "sim:1", "labels": {"tier": "db"}}
    await make(platform, stack, name="other", startOnCreate=False)
    db = await make(platform, stack, name="db", startOnCreate=False, launchConfig=config)
    consumed = await platform.read(lambda tx: tx.find(rows.ServiceConsumeMap, serviceId=web.id))
    assert [row.consumedServiceId for row in consumed] == [db.id]
    await is_(platform, web, "inactive")
    await platform.change("service", web.id, selectorLink="tier=none")
    assert not await platform.read(lambda tx: tx.find(rows.ServiceConsumeMap, serviceId=web.id))


async def test_virtual_addresses_differ(platform, stack):
    first = await make(platform, stack, startOnCreate=False, assignServiceIpAddress=True)
    second = await make(platform, stack, name="b", startOnCreate=False, assignServiceIpAddress=True)
    given = await make(platform, stack, name="c", startOnCreate=False, vip="10.1.1.1")
    assert (first.vip, second.vip, given.vip) == ("169.254.64.1", "169.254.64.2", "10.1.1.1")
