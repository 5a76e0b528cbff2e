# SPDX-License-Identifier: Apache-2.0
"""docs/v1.md, sections 6.4, 7.17 and 11: what belongs to a container, and what it shares with others."""

from __future__ import annotations

import pytest
from cattle import ApiError

KINDS = {
    "managed": "hostOnlyNetwork",
    "host": "dockerHost",
    "none": "dockerNone",
    "bridge": "dockerBridge",
}


def refused(call, **fields):
    with pytest.raises(ApiError) as caught:
        call(**fields)
    error = caught.value.error
    return error.status, error.code, getattr(error, "fieldName", None)


def made(project, **fields):
    return project.wait_success(project.create_container(imageUuid="sim:web", **fields))


def hosts_of(container):
    return [host.id for host in container.hosts()]


def remove(project, *containers):
    for row in containers:
        project.wait_success(project.delete(row))


def test_a_project_has_a_network_of_each_kind(superadmin):
    project = superadmin.wait_success(superadmin.create_project(name="networks"))
    networks = superadmin.list_network(accountId=project.id).data
    assert {network.state for network in networks} == {"active"}
    assert sorted(network.kind for network in networks) == sorted([*KINDS.values(), "dockerContainer"])
    (managed,) = [network for network in networks if network.kind == "hostOnlyNetwork"]
    assert superadmin.reload(project).defaultNetworkId == managed.id
    superadmin.wait_success(superadmin.wait_success(project.deactivate()).remove())


def test_the_networks_of_containers(project, superadmin, simulated_host):
    assert {network.type for network in project.list_network().data} == {"network"}
    for mode, kind in KINDS.items():
        container = made(project, networkMode=mode)
        (nic,) = superadmin.reload(container).nics()
        assert (nic.network().kind, nic.state) == (kind, "active")
        container = project.wait_success(container.stop())
        assert [nic.state for nic in superadmin.reload(container).nics()] == ["inactive"]
        remove(project, container)


def test_a_network_can_be_named_by_its_id(project, simulated_host):
    ids = {network.kind: network.id for network in project.list_network().data}
    for mode, kind in KINDS.items():
        container = made(project, networkIds=[ids[kind]], startOnCreate=False)
        assert (container.networkMode, container.networkIds) == (mode, [ids[kind]])
        remove(project, container)
    owner = made(project, networkMode=None)
    assert owner.primaryIpAddress.startswith("10.")
    sharer = made(project, networkIds=[ids["dockerContainer"]], networkContainerId=owner.id)
    assert (sharer.networkMode, sharer.primaryIpAddress) == ("container", owner.primaryIpAddress)
    remove(project, sharer, owner)
    create, image = project.create_container, "sim:web"
    for fields, code in (
        ({"networkIds": [ids["dockerHost"], ids["dockerNone"]]}, "InvalidOption"),
        ({"networkIds": [ids["dockerHost"]], "networkMode": "bridge"}, "InvalidOption"),
        ({"networkIds": ["1n999999"]}, "InvalidReference"),
    ):
        assert refused(create, imageUuid=image, **fields) == (422, code, "networkIds")
    health = {"port": 80}
    assert refused(create, imageUuid=image, networkIds=[ids["dockerNone"]], healthCheck=health)[2] == "healthCheck"


def test_a_container_has_a_root_volume_as_long_as_it_lives(project, superadmin, simulated_host):
    container = made(project, startOnCreate=False)
    (root,) = superadmin.reload(container).volumes()
    assert (root.state, root.deviceNumber, root.instanceId) == ("inactive", 0, container.id)
    assert (root.allocationState, root.attachedState) == ("inactive", "active")
    assert list(root.volumeStoragePoolMaps()) == []
    container = project.wait_success(container.start())
    root = superadmin.reload(root)
    assert (root.state, root.allocationState) == ("active", "active")
    assert [tie.state for tie in root.volumeStoragePoolMaps()] == ["active"]
    assert root.image().name == "sim:web"
    assert refused(lambda: project.delete(project.by_id_volume(root.id)))[0] == 405
    mounts = {"/stolen": root.id}
    create = project.create_container
    assert refused(create, imageUuid="sim:web", dataVolumeMounts=mounts)[:2] == (422, "InvalidReference")
    container = project.wait_success(container.stop())
    root = superadmin.reload(root)
    assert (root.state, [tie.state for tie in root.volumeStoragePoolMaps()]) == ("inactive", ["inactive"])
    container = project.wait_success(container.start())
    assert [tie.state for tie in root.volumeStoragePoolMaps()] == ["active"]
    container = project.wait_success(container.stop())
    remove(project, container)
    assert superadmin.reload(root).state == "removed"


def test_a_volume_that_nobody_used_is_requested(project, simulated_host):
    volume = project.create_volume(name="unused", driver="local")
    assert (volume.state, volume.transitioning, volume.uri) == ("requested", "no", "local:///unused")
    container = made(project, dataVolumeMounts={"/data": volume.id})
    assert project.reload(volume).state == "active"
    remove(project, container)
    assert project.reload(volume).state == "inactive"
    assert project.wait_success(project.delete(project.reload(volume))).state == "removed"


def test_a_container_takes_volumes_on_their_host_whichever_starts_first(project, simulated_host):
    first = made(project, startOnCreate=False)
    second = project.create_container(imageUuid="sim:web", dataVolumesFrom=[first.id])
    first = project.wait_success(first.start())
    second = project.wait_success(second)
    assert (first.state, second.state) == ("running", "running")
    assert hosts_of(first) == hosts_of(second)
    remove(project, second, first)


def test_a_container_shares_the_network_of_another(project, superadmin, simulated_host):
    owner = made(project)
    sharer = made(project, networkMode="container", networkContainerId=owner.id, ports=["18090:80"])
    assert (sharer.state, sharer.primaryIpAddress) == ("running", owner.primaryIpAddress)
    assert hosts_of(sharer) == hosts_of(owner)
    (nic,) = superadmin.reload(sharer).nics()
    assert nic.network().kind == "dockerContainer"
    starts = sharer.startCount
    project.wait_success(owner.restart())
    sharer = project.wait_success(project.reload(sharer))
    while sharer.startCount == starts:
        sharer = project.wait_success(project.reload(sharer))
    assert sharer.state == "running"
    create = project.create_container
    assert refused(create, imageUuid="sim:web", networkMode="container") == (
        *(422, "MissingRequired"),
        "networkContainerId",
    )
    missing = "1i999999"
    assert refused(create, imageUuid="sim:web", networkMode="container", networkContainerId=missing)[:2] == (
        *(422, "InvalidReference"),
    )
    remove(project, owner)
    assert project.wait_success(project.reload(sharer)).state == "stopped"
    remove(project, project.reload(sharer))


def test_ports_name_the_addresses_that_they_join(project, simulated_host):
    container = made(project, ports=["80", "18091:81"], startOnCreate=False)
    assert {(port.state, port.publicPort) for port in container.ports_link()} == {
        ("inactive", None),
        ("inactive", 18091),
    }
    (published,) = [port for port in container.ports_link() if port.publicPort]
    assert project.wait_success(project.update(published, publicPort=18092)).publicPort == 18092
    container = project.wait_success(container.start())
    (outer,) = simulated_host.ipAddresses()
    for port in container.ports_link():
        assert port.state == "active"
        assert port.privateIpAddress().address == container.primaryIpAddress
        assert port.publicIpAddressId == outer.id
        assert port.id in [row.id for row in port.publicIpAddress().publicPorts()]
        assert port.id in [row.id for row in port.privateIpAddress().privatePorts()]
    container = project.wait_success(container.stop())
    assert all(port.publicIpAddressId and port.privateIpAddressId for port in container.ports_link())
    ports = list(container.ports_link())
    remove(project, container)
    assert [project.reload(port).state for port in ports] == ["removed", "removed"]
    assert len(project.reload(container).ports_link().data) == 2
