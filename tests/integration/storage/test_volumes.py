# SPDX-License-Identifier: Apache-2.0
"""Volumes from a container's wish to their end."""

import pytest
from pretended import PretendedHost

from orca.resources import rows
from orca.resources.errors import Refused
from orca.storage.bindings import Bindings, bindings
from orca.storage.volumes import CLEANUP_LABEL


async def volumes(platform):
    found = await platform.read(lambda tx: tx.find(rows.Volume, deviceNumber=None))
    return {row.name: row for row in found}


async def state(platform, row):
    return (await platform.read(lambda tx: tx.require(rows.Volume, row.id))).state


async def gone(platform, row):
    await platform.until(lambda tx: tx.require(rows.Volume, row.id).state == "removed")


async def host_id(platform, agent):
    return (await platform.read(lambda tx: tx.first(rows.Host, uuid=agent.host.uuid))).id


async def stopped(platform, row):
    await platform.act("instance", row.id, "stop", timeout=0)
    await platform.until(lambda tx: tx.require(rows.Instance, row.id).state == "stopped")


async def removed(platform, row):
    await platform.delete("instance", row.id)
    await platform.until(lambda tx: tx.require(rows.Instance, row.id).state == "removed")


async def test_a_container_gets_what_it_mounts(platform, agent):
    wishes = ["/cache", "/srv/www:/www:ro", "db:/var/lib/mysql"]
    row = await platform.create("container", imageUuid="docker:ok", dataVolumes=wishes)
    await platform.running(1)
    assert agent.host.orders[row.uuid]["volumes"] == wishes
    found = await volumes(platform)
    mounts = await platform.read(lambda tx: {m.path: m for m in tx.find(rows.Mount, instanceId=row.id)})
    assert {path: mount.permissions for path, mount in mounts.items()} == {
        "/cache": "rw",
        "/www": "ro",
        "/var/lib/mysql": "rw",
    }
    assert found["db"].uri == "local:///db"
    assert found["/srv/www"].uri == "file:///srv/www"
    assert [found["/srv/www"].isHostPath, found["db"].isHostPath] == [True, False]
    assert {volume.state for volume in found.values()} == {"active"}


async def test_a_volume_rests_while_its_container_is_stopped_and_outlives_it(platform, agent):
    row = await platform.create("container", imageUuid="docker:ok", dataVolumes=["db:/data", "/cache"])
    await platform.running(1)
    db, cache = (await volumes(platform))["db"], next(v for v in (await volumes(platform)).values() if v.name != "db")
    await stopped(platform, row)
    assert await state(platform, db) == "inactive"
    await platform.act("instance", row.id, "start")
    await platform.running(1)
    assert await state(platform, db) == "active"
    await removed(platform, row)
    await gone(platform, cache)
    assert await state(platform, db) == "inactive"
    await platform.delete("volume", db.id)
    await gone(platform, db)
    assert agent.host.removed_volumes == ["db"]


@pytest.mark.parametrize(("strategy", "left"), [("none", 2), ("unnamed", 1), ("all", 0)])
async def test_the_label_says_which_volumes_go_with_a_container(platform, agent, strategy, left):
    labels = {CLEANUP_LABEL: strategy}
    row = await platform.create("container", imageUuid="docker:ok", dataVolumes=["db:/data", "/cache"], labels=labels)
    await platform.running(1)
    await removed(platform, row)
    await platform.until(
        lambda tx: len([v for v in tx.find(rows.Volume, deviceNumber=None) if v.state != "removing"]) == left
    )


async def test_two_containers_share_a_volume_by_name_and_it_stays_until_the_last_is_gone(platform, agent):
    labels = {CLEANUP_LABEL: "all"}
    found = [
        await platform.create("container", imageUuid="docker:ok", dataVolumes=["db:/data"], labels=labels)
        for _ in range(2)
    ]
    await platform.running(2)
    (db,) = (await volumes(platform)).values()
    await removed(platform, found[0])
    assert await state(platform, db) == "active"
    await removed(platform, found[1])
    await gone(platform, db)


async def test_a_volume_made_beforehand_is_mounted_by_id_and_binds_to_the_host(platform, agent):
    volume = await platform.create("volume", name="shared", driver="local")
    assert await state(platform, volume) == "requested"
    row = await platform.create("container", imageUuid="docker:ok", dataVolumeMounts={"/data": volume.id})
    await platform.running(1)
    assert agent.host.orders[row.uuid]["volumes"] == ["shared:/data"]
    held = await platform.read(lambda tx: tx.require(rows.Volume, volume.id))
    assert (held.state, held.externalId) == ("active", "shared")
    with pytest.raises(Refused) as refused:
        await platform.delete("volume", volume.id)
    assert refused.value.status == 405


async def test_a_container_comes_to_a_host_that_has_the_pool_of_its_volume(platform, agent):
    other = await platform.join(PretendedHost("h2", "192.0.2.12"))

    def share(tx):
        own = {"accountId": platform.project_id, "state": "active"}
        pool = tx.insert(rows.StoragePool, **own, name="convoy", driverName="convoy", external=True)
        host = tx.first(rows.Host, uuid=other.host.uuid)
        tx.insert(rows.StoragePoolHostMap, **own, hostId=host.id, storagePoolId=pool.id)
        volume = tx.insert(rows.Volume, accountId=platform.project_id, state="inactive", name="shared", driver="convoy")
        tx.insert(rows.VolumeStoragePoolMap, **own, volumeId=volume.id, storagePoolId=pool.id)

    await platform.core.db.write(share)
    for _ in range(3):
        await platform.create("container", imageUuid="docker:ok", dataVolumes=["shared:/data"])
    await platform.running(3)
    assert (len(agent.host.running()), len(other.host.running())) == (0, 3)
    row = await platform.create(
        "container", imageUuid="docker:ok", dataVolumes=["shared:/data"], requestedHostId=await host_id(platform, agent)
    )
    await platform.until(lambda tx: tx.require(rows.Instance, row.id).state == "removed")
    message = (await platform.read(lambda tx: tx.require(rows.Instance, row.id))).transitioningMessage
    assert "does not have storage pool convoy of volume shared" in message


async def test_a_volume_on_another_host_cannot_be_mounted(platform, agent):
    volume = await platform.create("volume", name="shared", driver="local")
    first = await platform.create("container", imageUuid="docker:ok", dataVolumeMounts={"/data": volume.id})
    (running,) = await platform.running(1)
    await platform.join(PretendedHost("h2", "192.0.2.2"))
    other = await platform.read(lambda tx: next(h.id for h in tx.find(rows.Host) if h.id != running.hostId))
    second = await platform.create(
        "container", imageUuid="docker:ok", dataVolumeMounts={"/data": volume.id}, requestedHostId=other
    )
    failed = await platform.until(
        lambda tx: row if (row := tx.require(rows.Instance, second.id)).state == "removed" else None
    )
    assert "volume shared is on h1" in failed.transitioningMessage
    assert first.id == running.id


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"dataVolumes": ["nowhere"]}, "dataVolumes"),
        ({"dataVolumeMounts": {"/data": 99}}, "dataVolumeMounts"),
        ({"labels": {CLEANUP_LABEL: "some"}}, "labels"),
    ],
)
async def test_wrong_wishes_are_refused(platform, agent, fields, field):
    with pytest.raises(Refused) as refused:
        await platform.create("container", imageUuid="docker:ok", **fields)
    assert refused.value.field == field


async def test_volumes_go_with_their_host(platform, agent):
    await platform.create("container", imageUuid="docker:ok", dataVolumes=["db:/data"])
    await platform.running(1)
    host = await platform.read(lambda tx: tx.first(rows.Host))
    await platform.act("host", host.id, "deactivate")
    await platform.until(lambda tx: tx.require(rows.Host, host.id).state == "inactive")
    await platform.delete("host", host.id)
    await platform.until(lambda tx: tx.require(rows.Host, host.id).state == "removed")
    assert not await volumes(platform)


async def test_named_volumes_bind_their_containers_and_shared_ones_forbid_a_second(platform, agent):
    share = {"type": "nfs", "o": "addr=192.0.2.9,rw", "device": ":/export"}
    home = await platform.create("volume", name="home", driver="local", driverOpts=share)
    wishes = {"bound": ["db:/data"], "free": ["/cache", "/srv/www:/www"], "shared": []}
    mounts = {"shared": {"/home": home.id}}
    made = {
        name: await platform.create(
            "container", imageUuid="docker:ok", name=name, dataVolumes=given, dataVolumeMounts=mounts.get(name)
        )
        for name, given in wishes.items()
    }
    await platform.running(3)
    taker = await platform.create("container", imageUuid="docker:ok", dataVolumesFrom=[made["bound"].id])
    await platform.running(4)
    found = await platform.read(lambda tx: bindings(tx, tx.find(rows.Instance)))
    assert found == {
        made["bound"].id: Bindings(local=("db",)),
        taker.id: Bindings(local=("db",)),
        made["shared"].id: Bindings(shared=("home",)),
    }
