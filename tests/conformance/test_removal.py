# SPDX-License-Identifier: Apache-2.0
"""docs/v1.md, section 7: DELETE of what is active deactivates and removes it, and a deactivated host takes nothing."""

from __future__ import annotations

import pytest
from cattle import ApiError

KNOBS = "io.cattle.platform.agent.connection.simulator.AgentConnectionSimulator"


@pytest.fixture
def tenant(superadmin):
    """A project of its own, for what is removed with all that belongs to it."""
    made = superadmin.wait_success(superadmin.create_project(name="removal"))
    yield made
    if superadmin.reload(made).removed is None:
        superadmin.wait_success(superadmin.delete(made), timeout=120)


def hosts_of(superadmin, tenant, uri, number=1):
    """A simulated agent of the project, and its hosts once they are active."""
    data = {KNOBS: {"agentResourcesAccountId": int(tenant.id[2:]), "hosts": number}}
    agent = superadmin.wait_success(superadmin.create_agent(uri=uri, data=data))
    return agent, [superadmin.wait_success(host) for host in agent.hosts()]


def removed(client, row):
    """The row after its DELETE, which was accepted while it was active."""
    assert row.state == "active"
    leaving = client.delete(row)
    assert leaving.state in ("deactivating", "inactive", "removing", "removed")
    return client.wait_success(leaving, timeout=120)


def test_of_people_and_keys(superadmin, project):
    account = superadmin.wait_success(superadmin.create_account(name="leaves active", kind="user"))
    key = superadmin.wait_success(superadmin.create_api_key(accountId=account.id))
    own = project.wait_success(project.create_api_key())
    registry = project.wait_success(project.create_registry(serverAddress="leaves.example.com"))
    login = {"registryId": registry.id, "email": "a@example.com", "publicValue": "u", "secretValue": "s"}
    login = project.wait_success(project.create_registry_credential(**login))
    assert removed(project, own).state == "removed"
    assert removed(superadmin, account).state == "removed"
    assert superadmin.reload(key).state == "removed"
    assert removed(project, registry).state == "removed"
    assert project.reload(login).state == "removed"


def test_the_last_owner_of_a_project_stays(superadmin, tenant):
    (owner,) = superadmin.list_project_member(projectId=tenant.id).data
    with pytest.raises(ApiError) as caught:
        superadmin.delete(owner)
    assert (caught.value.error.status, superadmin.reload(owner).state) == (405, "active")


@pytest.mark.parametrize("type", ["zone", "ipPool", "networkServiceProvider", "agentGroup", "cluster", "storagePool"])
def test_of_whatever_is_deactivated_and_removed(superadmin, tenant, type):
    made = superadmin.wait_success(superadmin.create(type, name="leaves active", accountId=tenant.id))
    assert removed(superadmin, made).state == "removed"
    # It is asked for once more while it goes, and when it is gone.
    with pytest.raises(ApiError) as caught:
        superadmin.delete(made)
    assert caught.value.error.status == 405


def test_of_a_project_with_its_hosts(superadmin, tenant):
    _, (host,) = hosts_of(superadmin, tenant, "sim://removal-project")
    container = superadmin.create_container(imageUuid="sim:web", accountId=tenant.id)
    container = superadmin.wait_success(container)
    assert container.state == "running"
    assert removed(superadmin, tenant).state == "removed"
    assert superadmin.reload(container).state == superadmin.reload(host).state == "removed"
    with pytest.raises(ApiError) as caught:
        superadmin.create_container(imageUuid="sim:web", accountId=tenant.id)
    assert (caught.value.error.code, caught.value.error.fieldName) == ("InvalidReference", "accountId")


def test_of_a_host_by_its_members(server, superadmin, tenant):
    key = superadmin.wait_success(superadmin.create_api_key(accountId=tenant.id, secretValue="removal-of-a-host"))
    member = server.client(key.publicValue, "removal-of-a-host")
    agent, _ = hosts_of(superadmin, tenant, "sim://removal-host")
    (host,) = member.list_host().data
    container = member.wait_success(member.create_container(imageUuid="sim:web"))
    assert removed(member, host).state == "removed"
    # It is not drained: its containers go with it.
    assert member.reload(container).state == "removed"
    assert superadmin.reload(agent).state == "removed"


def test_of_a_physical_host_with_its_hosts_and_agents(superadmin, tenant):
    agent, hosts = hosts_of(superadmin, tenant, "sim://removal-physical", number=2)
    (below,) = {host.physicalHostId for host in hosts}
    assert removed(superadmin, superadmin.by_id_physical_host(below)).state == "removed"
    assert [superadmin.reload(host).state for host in hosts] == ["removed", "removed"]
    assert superadmin.wait_success(superadmin.reload(agent)).state == "removed"
    account = superadmin.by_id_account(agent.accountId)
    assert account.state == "removed"


def test_of_an_agent_with_its_hosts(superadmin, tenant):
    agent, (host,) = hosts_of(superadmin, tenant, "sim://removal-agent")
    agent = superadmin.reload(agent)
    assert removed(superadmin, agent).state == "removed"
    assert superadmin.reload(host).state == "removed"
    assert superadmin.by_id_account(agent.accountId).state == "removed"
    assert superadmin.by_id_physical_host(host.physicalHostId).state == "removed"


def test_a_deactivated_host_takes_nothing_whoever_names_it(superadmin, tenant):
    _, hosts = hosts_of(superadmin, tenant, "sim://removal-inactive", number=2)
    idle, busy = hosts
    old = superadmin.create_container(imageUuid="sim:web", accountId=tenant.id, requestedHostId=idle.id)
    old = superadmin.wait_success(old)
    balancer = superadmin.create_load_balancer_config(name="idle", accountId=tenant.id)
    balancer = superadmin.create_load_balancer(name="idle", accountId=tenant.id, loadBalancerConfigId=balancer.id)
    balancer = superadmin.wait_success(balancer)
    idle = superadmin.wait_success(idle.deactivate())
    for fields in ({"requestedHostId": idle.id}, {"requestedHostId": idle.id, "networkMode": "host"}):
        made = superadmin.create_container(imageUuid="sim:web", accountId=tenant.id, **fields)
        made = superadmin.wait_transitioning(made)
        assert (made.state, made.transitioning) == ("removed", "error")
        assert f"{idle.name}: is inactive" in made.transitioningMessage
    for act, given, field in (
        (balancer.addhost, {"hostId": idle.id}, "hostId"),
        (balancer.sethosts, {"hostIds": [busy.id, idle.id]}, "hostIds"),
    ):
        with pytest.raises(ApiError) as caught:
            act(**given)
        assert (caught.value.error.code, caught.value.error.fieldName) == ("InvalidState", field)
    tie = superadmin.wait_success(balancer.addhost(hostId=busy.id)).loadBalancerHostMaps().data[0]
    assert tie.accountId == tenant.id
    # What is there can stop and start.
    old = superadmin.wait_success(superadmin.wait_success(old.stop()).start())
    assert (old.state, old.hostId) == ("running", idle.id)
