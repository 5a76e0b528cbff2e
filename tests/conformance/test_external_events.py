# SPDX-License-Identifier: Apache-2.0
"""docs/v1.md, section 14: what agents tell a project of services elsewhere, names in somebody's DNS, shared storage."""

from __future__ import annotations

import uuid

import pytest
from cattle import ApiError


@pytest.fixture(scope="module")
def agent(server, superadmin, simulated_host):
    """The agent of the simulated host, as its key sees the API."""
    key = superadmin.create_api_key(accountId=superadmin.by_id_host(simulated_host.id).agent().accountId)
    superadmin.wait_success(key)
    return server.client(key.publicValue, key.secretValue)


@pytest.fixture
def native(agent, project, simulated_host):
    """Reports a container of the host; gives its row, if it has one."""

    def report(external_id, status="start", inspect=None, **fields):
        agent.create_container_event(
            reportedHostUuid=simulated_host.uuid,
            externalId=external_id,
            externalFrom="sim:native",
            externalStatus=status,
            externalTimestamp=1,
            dockerInspect=inspect,
        )
        found = project.list_container(externalId=external_id).data
        return project.wait_success(found[0]) if found else None

    return report


def told(agent, kind, **fields):
    return agent.create_external_service_event(
        eventType=kind, externalId="svc-1", environment={"externalId": "far", "name": "faraway"}, **fields
    )


def refused(call, **fields):
    with pytest.raises(ApiError) as caught:
        call(**fields)
    return caught.value.error.status, caught.value.error.code


def test_a_service_elsewhere_comes_changes_and_goes(agent, project):
    service = {"name": "db", "externalIpAddresses": ["192.0.2.20"]}
    for _ in range(2):
        event = told(agent, "service.create", service=service)
    (made,) = project.list_external_service(externalId="svc-1", removed_null=True).data
    made = project.wait_success(made)
    assert (made.name, made.state, made.externalIpAddresses) == ("db", "active", ["192.0.2.20"])
    stack = made.environment()
    assert (stack.name, stack.externalId) == ("faraway", "far")
    shown = project.wait_success(project.by_id_external_event(event.id))
    assert (shown.type, shown.baseType, shown.state) == ("externalServiceEvent", "externalEvent", "created")
    assert shown.reportedAccountId != shown.accountId == made.accountId

    told(agent, "service.update", service={"externalIpAddresses": ["192.0.2.21"]})
    assert project.wait_success(project.reload(made)).externalIpAddresses == ["192.0.2.21"]
    agent.create_external_dns_event(stackName="faraway", serviceName="db", fqdn="db.example.com")
    assert project.reload(made).fqdn == "db.example.com"

    for _ in range(2):
        told(agent, "service.remove", service={})
    assert project.wait_success(project.reload(made)).state == "removed"
    told(agent, "stack.remove", service={})
    assert project.wait_success(project.reload(stack)).state == "removed"


def pool_event(agent, *host_uuids, **fields):
    pool = {"name": "convoy", "driverName": "convoy-nfs", "volumeAccessMode": "multiHostRW"}
    event = {"eventType": "storagepool.create", "externalId": "pool-1", "storagePool": pool, "hostUuids": host_uuids}
    return agent.create_external_storage_pool_event(**(event | fields))


def volume_event(agent, **fields):
    volume = {"name": "shared-1", "driver": "convoy-nfs", "uri": "/foo/bar", "format": "docker"}
    event = {"eventType": "volume.create", "externalId": "shared-1", "volume": volume}
    return agent.create_external_volume_event(**(event | fields))


def shared_pools(project):
    return project.list_storage_pool(externalId="pool-1", removed_null=True).data


def test_storage_that_hosts_share_comes_and_goes(agent, project, superadmin, simulated_host):
    event = pool_event(agent, simulated_host.uuid, "a-host-that-nobody-knows")
    shown = project.wait_success(project.by_id_external_event(event.id))
    assert (shown.type, shown.state, shown.storagePool.name) == ("externalStoragePoolEvent", "created", "convoy")
    (pool,) = shared_pools(project)
    pool = project.wait_success(pool)
    assert (pool.state, pool.driverName, pool.volumeAccessMode) == ("active", "convoy-nfs", "multiHostRW")
    assert [host.id for host in pool.hosts()] == [simulated_host.id]

    for _ in range(2):
        event = volume_event(agent)
    shown = project.by_id_external_event(event.id)
    assert (shown.type, shown.baseType, shown.externalId) == ("externalVolumeEvent", "externalEvent", "shared-1")
    (volume,) = project.list_volume(externalId="shared-1", removed_null=True).data
    volume = project.wait_success(volume)
    assert (volume.state, volume.driver, volume.uri, volume.isHostPath) == (
        *("inactive", "convoy-nfs", "/foo/bar", False),
    )
    assert [each.id for each in volume.storagePools()] == [pool.id]
    seen = superadmin.by_id_volume(volume.id)
    assert (seen.deviceNumber, seen.format) == (-1, "docker")

    container = project.create_container(imageUuid="sim:web", dataVolumes=["shared-1:/data"])
    container = project.wait_success(container)
    assert (container.state, project.reload(volume).state) == ("running", "active")
    assert superadmin.by_id_volume(volume.id).hostId is None
    container = project.wait_success(container.stop())
    assert [tie.state for tie in superadmin.by_id_volume(volume.id).volumeStoragePoolMaps()] == ["inactive"]
    assert refused(volume_event, agent=agent, eventType="volume.delete") == (422, "InvalidState")
    project.wait_success(project.delete(container))

    # No host shares it any more: nothing can mount what is there.
    pool_event(agent)
    for tie in superadmin.list_storage_pool_host_map(storagePoolId=pool.id).data:
        superadmin.wait_success(tie)
    assert shared_pools(project)[0].hosts().data == []
    container = project.create_container(imageUuid="sim:web", dataVolumes=["shared-1:/data"])
    container = project.wait_transitioning(container)
    assert (container.transitioning, "volume shared-1" in container.transitioningMessage) == ("error", True)
    for _ in range(2):
        volume_event(agent, eventType="volume.delete")
    assert project.wait_success(project.reload(volume)).state == "removed"
    superadmin.delete(superadmin.by_id_storage_pool(pool.id))


def test_what_is_refused_of_storage(agent, project, simulated_host):
    assert refused(pool_event, agent=agent, eventType="storagepool.paint") == (422, "InvalidOption")
    assert refused(pool_event, agent=agent, externalId=None) == (422, "MissingRequired")
    assert refused(pool_event, agent=agent, externalId="x" * 129) == (422, "MaxLengthExceeded")
    assert refused(pool_event, agent=agent, storagePool=None) == (422, "MissingRequired")
    assert refused(pool_event, agent=agent, storagePool=["a"]) == (422, "InvalidFormat")
    assert refused(pool_event, agent=agent, storagePool={"name": {"a": 1}}) == (422, "InvalidFormat")
    assert refused(pool_event, agent=agent, storagePool={"name": "x" * 256}) == (422, "InvalidFormat")
    assert refused(pool_event, agent=agent, hostUuids=["x"] * 1001) == (422, "MaxLimitExceeded")
    assert refused(volume_event, agent=agent, eventType="volume.paint") == (422, "InvalidOption")
    assert refused(volume_event, agent=agent, volume={"name": "a", "driver": "nobody's"}) == (422, "InvalidReference")
    assert refused(volume_event, agent=agent, volume={"name": "a"}) == (422, "InvalidReference")
    assert refused(volume_event, agent=agent, volume={"name": "../etc", "driver": "d"}) == (422, "InvalidCharacters")
    assert not hasattr(project, "create_external_volume_event")
    assert not hasattr(project, "create_external_storage_pool_event")


def test_what_is_refused(agent, project):
    create = agent.create_external_service_event
    event = {"eventType": "service.create", "externalId": "svc-2", "environment": {"externalId": "far"}}
    assert refused(create, **event) == (422, "MissingRequired")
    assert refused(create, **event, service={"kind": "service", "name": "x"}) == (422, "InvalidOption")
    assert refused(create, **event, service={"name": "-x-"}) == (422, "InvalidCharacters")
    assert refused(create, **event, service={"name": "x", "externalIpAddresses": ["far"]}) == (422, "InvalidOption")
    assert refused(create, **{**event, "environment": None}, service={"name": "x"}) == (422, "MissingRequired")
    assert refused(create, **{**event, "externalId": None}, service={"name": "x"}) == (422, "MissingRequired")
    assert refused(create, **{**event, "eventType": "service.paint"}, service={}) == (422, "InvalidOption")
    dns = agent.create_external_dns_event
    assert refused(dns, stackName="none", serviceName="none", fqdn="x") == (422, "InvalidReference")
    assert project.list_environment(externalId="far", removed_null=True).data == []


@pytest.mark.parametrize(
    ("inspect", "mode", "kind"),
    [
        ({"HostConfig": {"NetworkMode": ""}}, "bridge", "dockerBridge"),
        ({"HostConfig": {"NetworkMode": "bridge"}}, "bridge", "dockerBridge"),
        ({"HostConfig": {"NetworkMode": "host"}}, "host", "dockerHost"),
        ({"HostConfig": {"NetworkMode": "somebody-made-it"}}, "none", "dockerNone"),
        ({"HostConfig": {"NetworkMode": "container:not-there"}}, "none", "dockerNone"),
        ({"Config": {"NetworkDisabled": True}}, "none", "dockerNone"),
        ({"Name": "/x", "NetworkSettings": {"IPAddress": "10.42.0.240"}}, "managed", "hostOnlyNetwork"),
        ({"HostConfig": {"NetworkMode": {"a": 1}}, "Config": [], "NetworkSettings": 7}, "bridge", "dockerBridge"),
        ({"HostConfig": {"NetworkMode": "container:" + "x" * 5000}}, "none", "dockerNone"),
    ],
)
def test_a_native_container_shows_how_it_is_connected(native, project, superadmin, inspect, mode, kind):
    external_id = uuid.uuid4().hex
    row = native(external_id, inspect=inspect)
    assert (row.nativeContainer, row.state, row.networkMode, row.networkContainerId) == (True, "running", mode, None)
    (nic,) = superadmin.reload(row).nics()
    assert nic.network().kind == kind
    assert [volume.state for volume in project.reload(row).volumes()] == ["active"]
    native(external_id, "destroy")
    assert project.reload(row).state == "removed"
    native(external_id, "start", inspect)
    assert project.list_container(externalId=external_id, removed_null=True).data == []


def test_users_stop_and_remove_native_containers(native, project):
    owner = native("native-owner", inspect={"Name": "/owner"})
    sharer = native("native-sharer", inspect={"HostConfig": {"NetworkMode": "container:native-owner"}})
    assert (sharer.networkMode, sharer.networkContainerId) == ("container", owner.id)
    for row in (sharer, owner):
        assert project.wait_success(row.stop()).state == "stopped"
        assert project.wait_success(project.reload(row).remove()).state == "removed"
        assert native(row.externalId) is None or project.reload(row).state == "removed"


def test_a_container_made_for_a_row_is_that_row(native, project):
    row = project.wait_success(project.create_container(imageUuid="sim:later", startOnCreate=False))
    inspect = {"Config": {"Labels": {"io.rancher.container.uuid": row.uuid}}}
    assert native("made-for-it", "start", inspect).id == row.id
    row = project.reload(row)
    assert (row.state, row.externalId) == ("running", "made-for-it")
    native("made-for-it", "stop", inspect)
    assert project.reload(row).state == "stopped"
    native("made-for-it", "destroy")
    assert project.reload(row).state == "removed"


def test_containers_of_the_platform_of_2015_are_ignored(native):
    assert (
        native("agent-2015", inspect={"Config": {"Labels": {"io.rancher.container.system": "rancher-agent"}}}) is None
    )
