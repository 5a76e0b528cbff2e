# SPDX-License-Identifier: Apache-2.0
"""docs/v1.md, section 5: what the links of a container and of its host lead to."""

from __future__ import annotations

import pytest


def followed(client, row):
    """The status of every link of a resource, for the owner of a key."""
    return {
        name: client._session.get(url, auth=client._auth).status_code for name, url in vars(row.links).items() if url
    }


@pytest.fixture(scope="module")
def container(project, simulated_host):
    """A container with one of everything that has a link."""
    target = project.wait_success(project.create_container(imageUuid="sim:db", requestedHostId=simulated_host.id))
    made = project.create_container(
        imageUuid="sim:web",
        requestedHostId=simulated_host.id,
        ports=["18090:80"],
        dataVolumes=["/var/data"],
        instanceLinks={"db": target.id},
        labels={"role": "web"},
    )
    made = project.wait_success(made)
    yield made
    for row in (made, target):
        project.wait_success(project.delete(row))


def test_of_a_container(project, container, simulated_host):
    (host,) = container.hosts()
    assert host.id == simulated_host.id
    (address,) = container.ipAddresses()
    assert address.address == container.primaryIpAddress
    (port,) = container.ports_link()
    assert (port.publicPort, port.instanceId) == (18090, container.id)
    (link,) = container.instanceLinks()
    assert (link.linkName, link.instanceId) == ("db", container.id)
    (mount,) = container.mounts()
    assert (mount.path, mount.instanceId) == ("/var/data", container.id)
    assert mount.volume().id == mount.volumeId
    assert [(label.key, label.value) for label in container.instanceLabels()] == [("role", "web")]


def test_links_are_active_while_the_container_runs(project, superadmin, simulated_host):
    db, other = (
        project.wait_success(project.create_container(imageUuid="sim:db", requestedHostId=simulated_host.id))
        for _ in range(2)
    )
    made = project.create_container(
        imageUuid="sim:web",
        requestedHostId=simulated_host.id,
        startOnCreate=False,
        instanceLinks={"db": db.id, "nobody": None},
    )
    made = project.wait_success(made)
    link, nobody = sorted(made.instanceLinks(), key=lambda row: row.linkName)
    assert (link.state, nobody.state, nobody.targetInstanceId) == ("inactive", "inactive", None)
    assert link.targetInstance().id == db.id
    assert "targetInstance" not in vars(nobody.links)
    assert [row.id for row in db.targetInstanceLinks()] == [link.id]

    made = project.wait_success(made.start())
    assert (project.reload(link).state, project.reload(nobody).state) == ("active", "active")
    link = project.update(link, targetInstanceId=other.id)
    assert link.state == "updating-active"
    link = project.wait_success(link)
    assert (link.state, link.targetInstance().id) == ("active", other.id)

    made = project.wait_success(made.stop())
    assert project.reload(link).state == "inactive"
    project.wait_success(superadmin.wait_success(superadmin.by_id_instance_link(nobody.id)).remove())
    made = project.wait_success(made.start())
    assert (project.reload(link).state, project.reload(nobody).state) == ("active", "removed")
    made = project.wait_success(project.delete(made))
    for row in (db, other):
        project.wait_success(project.delete(row))
    assert project.reload(link).state == "removed"


def test_maps_of_what_was_removed_are_listed_as_long_as_it_is(project, superadmin, simulated_host):
    stack = project.wait_success(project.create_environment(name="mapped"))
    launch = {
        "imageUuid": "sim:web",
        "labels": {"role": "web"},
        "ports": ["18093:80"],
        "dataVolumes": ["/data"],
        "healthCheck": {"port": 80},
    }
    web = project.create_service(name="web", environmentId=stack.id, launchConfig=launch)
    web = project.wait_success(project.wait_success(web).activate())
    user = project.create_service(name="user", environmentId=stack.id, launchConfig={"imageUuid": "sim:web"})
    user = project.wait_success(user)
    user.addservicelink(serviceLink={"serviceId": web.id})
    user = project.wait_success(user.activate())
    (container,), (near,) = web.instances(), user.instances()
    (host_port,), (mount,) = container.ports_link(), container.mounts()
    for row in (user, web):
        project.wait_success(project.delete(project.reload(row)))

    for rows, state in (
        (project.list_service_expose_map(serviceId=web.id), "removed"),
        (project.list_service_consume_map(serviceId=user.id), "removed"),
        (project.list_healthcheck_instance_host_map(instanceId=container.id), "removed"),
        (project.list_instance_link(instanceId=near.id), "removed"),
        (project.list_port(instanceId=container.id), "removed"),
        (project.list_mount(instanceId=container.id), "removed"),
        (project.list_ip_address(address=container.primaryIpAddress), "removed"),
        (superadmin.list_healthcheck_instance(instanceId=container.id), "removed"),
        (superadmin.list_instance_label_map(instanceId=container.id), "removed"),
        (superadmin.list_nic(instanceId=container.id), "removed"),
        (superadmin.list_instance_host_map(instanceId=container.id), "removed"),
        (superadmin.list_volume_storage_pool_map(volumeId=mount.volumeId), "removed"),
    ):
        assert rows.data, state
        assert {row.state for row in rows} == {state}
    for list_rows, which in (
        (project.list_service_expose_map, {"serviceId": web.id}),
        (project.list_port, {"id": host_port.id}),
    ):
        for filters in ({"state": "removed"}, {"all": "true"}):
            assert len(list_rows(**which, **filters).data) == 1
        assert list_rows(**which, removed_null=True).data == []


def test_what_ties_a_container_to_its_address_and_host(superadmin, container, simulated_host):
    """Only superadmin sees these; they are there while the container is, by its number."""
    number = container.id.partition("i")[2]
    shown = superadmin.by_id_container(container.id)
    (nic,) = shown.nics()
    (address,) = container.ipAddresses()
    assert (nic.id, nic.state, nic.accountId) == (f"1n{number}", "active", container.accountId)
    assert (nic.deviceNumber, nic.instanceId, nic.networkId) == (0, container.id, address.networkId)
    assert nic.instance().id == container.id
    (tie,) = nic.ipAddressNicMaps()
    assert (tie.id, tie.ipAddressId, tie.nicId) == (f"1ianm{number}", address.id, nic.id)
    assert [row.id for row in nic.ipAddresses()] == [address.id]
    assert [row.id for row in superadmin.by_id_ip_address(address.id).nics()] == [nic.id]
    (place,) = shown.instanceHostMaps()
    assert (place.id, place.hostId, place.instanceId) == (f"1ihm{number}", simulated_host.id, container.id)
    assert place.id in [row.id for row in superadmin.by_id_host(simulated_host.id).instanceHostMaps()]
    assert superadmin.by_id_nic(nic.id).instanceId == container.id
    assert superadmin.by_id_nic("1n999999") is None
    for rows in (
        superadmin.list_nic(instanceId=container.id, accountId=container.accountId, state="active"),
        superadmin.list_ip_address_nic_map(ipAddressId=address.id),
        superadmin.list_instance_host_map(hostId=simulated_host.id, instanceId=container.id, sort="id", limit=1),
    ):
        assert len(rows.data) == 1
    for nothing in ({"instanceId": "1i999999"}, {"accountId": "1a999999"}, {"instanceId": container.id, "name": "x"}):
        assert superadmin.list_nic(**nothing).data == []
    (included,) = superadmin.list_container(id=container.id, include="nics").data
    assert [row.id for row in included.nics] == [nic.id]


def test_what_is_included_counts_for_the_page(superadmin, project, simulated_host):
    fields = {"imageUuid": "sim:web", "requestedHostId": simulated_host.id, "name": "counted"}
    made = [project.wait_success(project.create_container(**fields)) for _ in range(3)]
    wanted = {each.id for each in made}
    for link, ends in (("instanceHostMaps", "instanceId"), ("instances", "id"), ("instancehostmaps", "instanceId")):
        found, page = [], superadmin.list_host(include=link, limit=2)
        while True:
            hosts = {host.id: getattr(host, link[:8] + link[8:].replace("hostmaps", "HostMaps")) for host in page.data}
            assert sum(max(1, len(rows)) for rows in hosts.values()) <= 2
            found += [getattr(row, ends) for row in hosts.get(simulated_host.id, [])]
            if not page.pagination.partial:
                break
            page = page.next()
        assert sorted(id for id in found if id in wanted) == sorted(wanted)
        assert len(found) == len(set(found))
    # Nothing at the end of the link: the resource comes all the same.
    idle = superadmin.create_zone(name="idle")
    assert superadmin.list_zone(id=idle.id, include="volumes", limit=1).data[0].volumes == []
    (one,) = superadmin.list_container(id=made[0].id, include="host", limit=1).data
    assert one.host.id == simulated_host.id
    shown = superadmin.by_id("host", simulated_host.id, include="instances", limit=2)
    assert len(shown.instances) == 2
    for each in made:
        project.delete(each)
    superadmin.wait_success(superadmin.wait_success(idle).deactivate()).remove()


def test_a_page_has_at_most_a_thousand(project):
    for limit, most in ((None, 100), (105, 105), (1005, 1000), (0, 1000), (-1, 1000)):
        given = {} if limit is None else {"limit": limit}
        assert project.list_container(**given).pagination.limit == most


def test_they_are_made_by_nobody(superadmin, container):
    url = superadmin.schema.types["nic"].links.collection
    (nic,) = superadmin.by_id_container(container.id).nics()
    assert vars(nic.actions) == {}
    for answer in (
        superadmin._session.post(url, auth=superadmin._auth),
        superadmin._session.delete(nic.links.self, auth=superadmin._auth),
        superadmin._session.put(nic.links.self, auth=superadmin._auth),
    ):
        assert answer.status_code == 405
    removing = superadmin._session.post(f"{nic.links.self}/?action=deactivate", auth=superadmin._auth)
    assert (removing.status_code, removing.json()["code"]) == (422, "InvalidAction")


def test_they_go_with_the_container(superadmin, project, simulated_host):
    made = project.create_container(imageUuid="sim:web", requestedHostId=simulated_host.id)
    made = project.wait_success(made)
    assert len(superadmin.list_nic(instanceId=made.id, removed_null=True).data) == 1
    project.wait_success(project.delete(made))
    assert superadmin.list_nic(instanceId=made.id, removed_null=True).data == []
    assert {row.state for row in superadmin.list_nic(instanceId=made.id)} <= {"removed"}


def test_of_a_host(project, container, simulated_host):
    assert container.id in [row.id for row in simulated_host.instances()]
    assert [row.address for row in simulated_host.ipAddresses()]
    assert simulated_host.physicalHost().id == simulated_host.physicalHostId
    (pool,) = simulated_host.storagePools()
    assert pool.state == "active"


def test_of_a_registry(project):
    registry = project.wait_success(project.create_registry(serverAddress="links.example"))
    made = project.create_registry_credential(
        registryId=registry.id, email="a@example.com", publicValue="puller", secretValue="correct horse"
    )
    assert [row.id for row in registry.credentials()] == [made.id]
    assert project.wait_success(made).registry().id == registry.id
    project.wait_success(project.delete(project.wait_success(registry.deactivate())))


def test_every_link_leads_somewhere(project, superadmin, container, simulated_host):
    for client in (project, superadmin):
        for row in (client.by_id_container(container.id), client.by_id_host(simulated_host.id)):
            answers = followed(client, row)
            assert set(answers.values()) == {200}, answers


def test_nothing_of_it_is_there_for_another_project(account_client, container, simulated_host):
    foreign = account_client("project", name="elsewhere")
    for row in (container, simulated_host):
        answers = followed(foreign, row)
        assert set(answers.values()) == {404}, answers
    assert "nic" not in foreign.schema.types
    for rows in (foreign.list_ip_address(instanceId=container.id), foreign.list_mount(), foreign.list_port()):
        assert rows.data == []
