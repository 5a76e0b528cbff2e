# SPDX-License-Identifier: Apache-2.0
"""What is looked for is found at a cost that does not depend on its neighbours."""

from itertools import count

import pytest
from stepcount import counting

from orca.hoststate.plan.items import METADATA
from orca.network.config import ConfigItems
from orca.orchestration.metadata.feed import Feed
from orca.orchestration.metadata.items import MetadataItems
from orca.orchestration.news import News
from orca.orchestration.placement import constraints, retained
from orca.orchestration.placement.place import surroundings
from orca.orchestration.services import links
from orca.orchestration.services.keeper import Keeper
from orca.resources import rows, schema
from orca.store import Change, Database

PROJECT = 5
LAST = count(20)
FEW, MANY = 10, 210


class Bench:
    """A database with one stack; ``others``: how many neighbours there are of what a test looks for."""

    def __init__(self, db, others):
        self.db = db
        self.others = others

    def service(self, tx, name, **fields):
        return tx.insert(rows.Service, **{"accountId": PROJECT, "environmentId": 1, "name": name, **fields})

    def labelled(self, tx, name, **labels):
        service = self.service(tx, name, launchConfig={"labels": labels})
        links.apply_selectors(tx, service)
        return service

    def container(self, tx, name, **fields):
        given = {"accountId": PROJECT, "name": name, "state": "running", "imageUuid": "sim:ok", **fields}
        return tx.insert(rows.Container, **given)

    def address(self, tx, number, service_id):
        return tx.insert(rows.IpAddress, accountId=PROJECT, address=f"10.42.{number // 200}.{number % 200}", hostId=1,
                         role="retained", owner={"service": service_id, "number": number, "part": ""})  # fmt: skip


async def cost(folder, others, prepare, look):
    """What ``look(tx, found)`` costs after ``found = prepare(tx, bench)``, without what a first time costs more."""
    with counting() as taken:
        db = await Database.open(f"sqlite:///{folder}/{others}.db", schema())
        try:
            found = await db.write(lambda tx: prepare(tx, Bench(db, others)))
            await db.write(lambda tx: look(tx, found))
            taken()
            await db.write(lambda tx: look(tx, found))
            return taken()
        finally:
            await db.close()


async def flat(folder, prepare, look):
    few, many = [await cost(folder, others, prepare, look) for others in (FEW, MANY)]
    assert many - few < (MANY - FEW) / 4, (few, many)


async def test_the_keeper_takes_note_of_a_loss_without_reading_the_service(tmp_path):
    def prepare(tx, bench):
        service = bench.service(tx, "web", state="active", scale=bench.others)
        lost, *_ = [
            bench.container(tx, f"c{number}", state="stopped", serviceId=service.id) for number in range(bench.others)
        ]
        return Keeper(None), service, Change(1, "container", "instance", lost.id, PROJECT)

    def look(tx, found):
        keeper, service, change = found
        assert keeper.look(tx, News(tx, [change])).concerned == {service.id: None}

    await flat(tmp_path, prepare, look)


async def test_an_address_that_waits_is_found_beside_those_of_other_services(tmp_path):
    def prepare(tx, bench):
        service = bench.service(tx, "web", retainIp=True)
        for number in range(1, bench.others):
            bench.address(tx, number, service.id + 1 + number % 7)
        return service, bench.address(tx, 0, service.id), bench.container(tx, "new", serviceId=service.id, number=0)

    def look(tx, found):
        service, address, container = found
        assert retained.waiting_for(tx, container).id == address.id
        assert retained.numbers(tx, service) == {0: 1}

    await flat(tmp_path, prepare, look)


@pytest.mark.parametrize("wanted", ["name", "uuid"])
async def test_the_hosts_of_a_container_are_found_beside_other_containers(tmp_path, wanted):
    def prepare(tx, bench):
        for number in range(bench.others):
            bench.container(tx, f"c{number}", hostId=2)
        bench.container(tx, "Db", hostId=2, accountId=PROJECT + 1)
        return bench.container(tx, "was", hostId=3)

    def look(tx, container):
        container = tx.update(tx.own(container), name="DB")
        name = {"name": "dB", "uuid": container.uuid}[wanted]
        found = constraints.read({"io.rancher.scheduler.affinity:container_soft_ne": name}, {})
        assert list(surroundings(tx, PROJECT, found)) == [3]

    await flat(tmp_path, prepare, look)


@pytest.mark.parametrize("selector", ["tier=db", "tier in (db, cache), !old", "db, stage!=test", "any, tier=db"])
async def test_a_new_link_selector_reads_what_it_matches(tmp_path, selector):
    def prepare(tx, bench):
        for number in range(bench.others):
            bench.labelled(tx, f"s{number}", tier="web", any="")
        return bench.labelled(tx, "db", tier="db", db="", any="")

    def look(tx, target):
        consumer = tx.insert(rows.Service, accountId=PROJECT, environmentId=2, name=f"c{tx.now}", selectorLink=selector)
        links.apply_selectors(tx, consumer)
        (link,) = tx.find(rows.ServiceConsumeMap, serviceId=consumer.id)
        assert link.consumedServiceId == target.id
        links.unlink_all(tx, consumer)

    await flat(tmp_path, prepare, look)


async def test_the_start_of_a_container_is_metadata_of_its_own_host_only(tmp_path):
    def prepare(tx, bench):
        tx.insert(rows.Environment, accountId=PROJECT, name="shop")
        service = bench.service(tx, "web", state="active", launchConfig={})
        containers = []
        for number in range(bench.others):
            host = tx.insert(rows.Host, accountId=PROJECT, name=f"h{number}", kind="sim", state="active")
            address = f"10.42.{number}.10"
            fields = {"serviceId": service.id, "hostId": host.id, "primaryIpAddress": address}
            containers.append(bench.container(tx, f"c{number}", **fields))
        metadata = MetadataItems(None, ConfigItems(lambda host, item: None, None))
        assert len(metadata.look(tx, News(tx, None))) == 2 * bench.others
        return metadata, service, containers[0]

    def look(tx, found):
        metadata, service, container = found
        address = f"10.42.0.{next(LAST)}"
        container = tx.update(tx.own(container), primaryIpAddress=address)
        service = tx.update(tx.own(service), healthState=address, createIndex=next(LAST))
        changes = [
            Change(1, "container", "instance", container.id, PROJECT),
            Change(2, "service", "service", service.id, PROJECT),
        ]
        wanted = metadata.look(tx, News(tx, changes))
        assert [key for key, each in wanted.items() if each] == [(container.hostId, METADATA.item(address))]
        assert {host for host, _ in wanted} == {container.hostId}
        assert Feed(None).look(tx, News(tx, changes)) is None, "nobody asks"

    await flat(tmp_path, prepare, look)
