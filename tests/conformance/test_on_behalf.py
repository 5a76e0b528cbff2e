# SPDX-License-Identifier: Apache-2.0
"""docs/v1.md, section 6.2: what is made in the account that `accountId` names, and by whom."""

from __future__ import annotations

import pytest
from cattle import ApiError
from cryptography.hazmat.primitives.asymmetric import ec
from test_certificates import issue, pem, text

PLACED = {
    "certificate": {},
    "cluster": {},
    "container": {"imageUuid": "sim:web"},
    "dnsService": {},
    "environment": {},
    "externalService": {"externalIpAddresses": ["192.0.2.1"]},
    "globalLoadBalancer": {},
    "host": {},
    "loadBalancer": {},
    "loadBalancerConfig": {},
    "loadBalancerListener": {"sourcePort": 80, "sourceProtocol": "http"},
    "loadBalancerService": {"launchConfig": {"imageUuid": "sim:lb", "ports": ["80"]}},
    "machine": {"packetConfig": {"apiKey": "k", "projectId": "p"}},
    "pullTask": {"image": "sim:web", "mode": "all"},
    "register": {"key": "on-behalf-of-a-project"},
    "registrationToken": {},
    "registry": {"serverAddress": "on-behalf.example.com"},
    "service": {"launchConfig": {"imageUuid": "sim:web"}},
    "volume": {"driver": "local"},
}
"""Types whose rows need a project, with what a POST of each needs besides its references."""
UNDER = {"dnsService", "externalService", "loadBalancerService", "service"}
"""Those that stand in a stack."""


def refused(call, **fields):
    with pytest.raises(ApiError) as caught:
        call(**fields)
    error = caught.value.error
    return error.status, error.code, getattr(error, "fieldName", None)


@pytest.fixture(scope="module")
def tenant(superadmin):
    """A project that nobody here works in."""
    made = superadmin.wait_success(superadmin.create_project(name="named by accountId"))
    yield made
    superadmin.delete(superadmin.wait_success(made.deactivate()))


@pytest.fixture(scope="module")
def leaver(superadmin):
    """An account that is removed."""
    account = superadmin.wait_success(superadmin.create_account(name="gone"))
    return superadmin.wait_success(superadmin.delete(superadmin.wait_success(account.deactivate())))


@pytest.fixture(scope="module")
def needed(superadmin, tenant):
    """What rows of the project refer to."""
    stack = superadmin.wait_success(superadmin.create_environment(name="under", accountId=tenant.id))
    config = superadmin.create_load_balancer_config(name="under", accountId=tenant.id)
    key = ec.generate_private_key(ec.SECP256R1())
    more = {
        "loadBalancer": {"loadBalancerConfigId": config.id},
        "certificate": {"cert": text(issue("on-behalf.example.com", key)), "key": pem(key)},
    }
    return more | {kind: {"environmentId": stack.id} for kind in UNDER}


@pytest.mark.parametrize("type", PLACED)
def test_superadmin_makes_it_in_the_project_it_names(superadmin, tenant, needed, leaver, type):
    fields = {"name": f"in-{type.lower()}", **PLACED[type], **needed.get(type, {})}
    made = superadmin.create(type, **fields, accountId=tenant.id)
    assert made.accountId == tenant.id
    create = superadmin.create
    for account in ("1a999999", "1a999999999999999999999", "nobody", leaver.id):
        assert refused(create, type=type, **fields, accountId=account) == (422, "InvalidReference", "accountId")
    assert refused(create, type=type, **fields) == (422, "MissingRequired", "accountId")
    own = superadmin.list_account(name="superadmin", all=True).data[0].id
    assert refused(create, type=type, **fields, accountId=own) == (422, "InvalidOption", "accountId")


def test_what_it_makes_there_works(superadmin, tenant):
    knobs = {"agentResourcesAccountId": int(tenant.id[2:])}
    data = {"io.cattle.platform.agent.connection.simulator.AgentConnectionSimulator": knobs}
    agent = superadmin.wait_success(superadmin.create_agent(uri="sim://on-behalf", data=data))
    superadmin.wait_success(agent.hosts().data[0])
    made = superadmin.create_container(imageUuid="sim:web", accountId=tenant.id)
    made = superadmin.wait_success(made)
    assert (made.state, made.accountId, made.primaryIpAddress[:3]) == ("running", tenant.id, "10.")
    assert superadmin.wait_success(superadmin.delete(made)).state == "removed"
    entry = superadmin.list_audit_log(accountId=tenant.id, eventType="api.container.create").data[-1]
    assert entry.resourceId == made.id


def test_it_refers_to_nothing_of_other_projects(superadmin, tenant, project, simulated_host):
    theirs = project.wait_success(project.create_volume(name="theirs", driver="local"))
    create = superadmin.create_container
    fields = {"imageUuid": "sim:web", "accountId": tenant.id}
    at_host = refused(create, **fields, requestedHostId=simulated_host.id)
    assert at_host == (422, "InvalidReference", "requestedHostId")
    mounted = refused(create, **fields, dataVolumeMounts={"/data": theirs.id})
    assert mounted == (422, "InvalidReference", "dataVolumeMounts")
    project.delete(theirs)


def test_nothing_moves_to_another_account(superadmin, tenant, project):
    made = project.wait_success(project.create_container(imageUuid="sim:web", startOnCreate=False))
    seen = superadmin.by_id_container(made.id)
    moved = refused(superadmin.update, obj=seen, accountId=tenant.id)
    assert moved == (422, "InvalidOption", "accountId")
    assert superadmin.update(seen, accountId=seen.accountId, description="stays").description == "stays"
    project.delete(made)


def test_a_service_makes_registration_tokens_for_projects(account_client, tenant, leaver):
    service = account_client("service")
    made = service.wait_success(service.create_registration_token(accountId=tenant.id))
    assert (made.state, made.accountId) == ("active", tenant.id)
    create = service.create_registration_token
    assert refused(create, accountId=leaver.id) == (422, "InvalidReference", "accountId")
    assert refused(create) == (422, "MissingRequired", "accountId")


def test_nobody_else_names_an_account(project, account_client, tenant):
    own = project.create_container(imageUuid="sim:web", startOnCreate=False, accountId=tenant.id)
    assert own.accountId != tenant.id
    project.delete(project.wait_success(own))
    service = account_client("service")
    assert refused(service.create_container, imageUuid="sim:web", accountId=tenant.id)[:2] == (422, "MissingRequired")
    for client in (project, account_client("user", name="namer")):
        key = client.create_api_key(accountId=tenant.id)
        assert key.accountId != tenant.id
        client.delete(client.wait_success(key))
