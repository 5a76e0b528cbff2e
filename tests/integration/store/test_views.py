# SPDX-License-Identifier: Apache-2.0
"""Types whose rows are made from other rows, read on every kind of database."""

import pytest

from orca.api.answers.select import rows_of
from orca.resources import rows
from orca.resources.catalog import schema
from orca.store import Database

RUNS = {"state": "running", "hostId": 7, "imageUuid": "docker:test"}
ADDRESS = {"state": "active", "accountId": 5, "address": "10.42.1.10", "networkId": 3}


@pytest.fixture
async def platform(url):
    database = await Database.open(url, schema())
    yield database
    await database.close()


async def test_interfaces_follow_from_containers(platform):
    def fill(tx):
        placed = tx.insert(
            rows.Container,
            name="placed",
            state="running",
            accountId=5,
            hostId=7,
            imageUuid="docker:test",
            primaryNetworkId=3,
        )
        tx.insert(rows.Container, name="waiting", accountId=6, **(RUNS | {"state": "creating", "hostId": None}))
        address = tx.insert(rows.IpAddress, **ADDRESS, instanceId=placed.id)
        return placed.id, address.id

    def shown(tx, type, *columns, **equals):
        return [
            tuple(row.get(name) for name in columns) for row in rows_of(tx, type, tx.query(type, **equals).limit(10))
        ]

    placed, address = await platform.write(fill)

    def check(tx):
        columns = ("accountId", "kind", "state", "deviceNumber", "networkId", "vnetId", "description")
        assert shown(tx, "nic", *columns) == [
            (5, "nic", "active", 0, 3, None, None),
            (6, "nic", "inactive", 0, None, None, None),
        ]
        assert shown(tx, "nic", "id", accountId=5) == [(placed,)]
        assert shown(tx, "ipAddressNicMap", "id", "ipAddressId", "nicId") == [(placed, address, placed)]
        assert shown(tx, "instanceHostMap", "id", "hostId", "instanceId") == [(placed, 7, placed)]
        assert shown(tx, "instanceHostMap", "id", hostId=8) == []

    await platform.read(check)


async def test_they_are_removed_with_the_container(platform):
    def live(tx):
        return [len(rows_of(tx, type, tx.query(type))) for type in ("nic", "ipAddressNicMap", "instanceHostMap")]

    def fill(tx):
        made = tx.insert(rows.Container, name="one", accountId=5, **RUNS)
        tx.insert(rows.IpAddress, **ADDRESS, instanceId=made.id)
        before = live(tx)  # what the unit itself wrote is seen
        tx.update(made, state="removed", removed=tx.now)
        return before

    assert await platform.write(fill) == [1, 1, 1]
    assert await platform.read(live) == [0, 0, 0]
