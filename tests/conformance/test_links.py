# SPDX-License-Identifier: Apache-2.0
"""Section 5: what the links of a container and of its host lead to."""

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
    (link,) = container.instanceLinks_link()
    assert (link.linkName, link.instanceId) == ("db", container.id)
    (mount,) = container.mounts()
    assert (mount.path, mount.instanceId) == ("/var/data", container.id)
    assert mount.volume().id == mount.volumeId
    assert [(label.key, label.value) for label in container.instanceLabels()] == [("role", "web")]


def test_of_a_host(project, container, simulated_host):
    assert container.id in [row.id for row in simulated_host.instances()]
    assert [row.address for row in simulated_host.ipAddresses()]
    assert simulated_host.physicalHost().id == simulated_host.physicalHostId
    (pool,) = simulated_host.storagePools()
    assert pool.state == "active"


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
    for rows in (foreign.list_ip_address(instanceId=container.id), foreign.list_mount(), foreign.list_port()):
        assert rows.data == []
